"""The invoice inside a PDF: Factur-X, ZUGFeRD and XRechnung embed their XML in a PDF/A-3 (formats.md §1.6). Pure."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from billing_sources.canonical import FileRejected, Issue
from billing_sources.readers.pdf_child import NAMES, NO_XML

MARK = b"%PDF-"
LARGEST = 64 << 20
_CHILD = Path(__file__).with_name("pdf_child.py")
_PATIENCE_SECONDS = 4


def unwrapped(file: BinaryIO) -> BinaryIO:
    """The XML in a PDF; any other file as it is. Raises `FileRejected`."""
    head = file.read(len(MARK))
    if head != MARK:
        return cast(BinaryIO, _Resumed(head, file))
    content = head + file.read(LARGEST)
    if len(content) > LARGEST:
        raise _rejected("PDF-SIZE", f"at most {LARGEST} bytes", "more")
    return BytesIO(_embedded_xml(content))


def _embedded_xml(content: bytes) -> bytes:
    """Taken out by a process of its own, which may use no more than its share of time and memory."""
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise _rejected("PDF-READ", "a PDF that can be read", f"no end within {_PATIENCE_SECONDS} seconds") from error
    if done.returncode == NO_XML:
        raise _rejected("PDF-XML", f"an invoice embedded as {', '.join(NAMES)}", "none")
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip() or f"ended with {done.returncode}"
        raise _rejected("PDF-READ", "a PDF that can be read", reason)
    return done.stdout


class _Resumed(RawIOBase):
    """A stream whose first bytes have been looked at."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        return head + self._rest.read(size - len(head) if size > 0 else size)


def _rejected(rule: str, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue(rule, expected=expected, found=found[:200]))
