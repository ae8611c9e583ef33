"""Pages of REST collections in one file: a line of ours, then the body as it came, byte for byte. Pure.

    REST-PAGES 1
    customerBill 0 48213               ← resource, offset, bytes
    [{"id": "CB-1", …                  ← 48213 bytes, untouched, and a line end
    appliedCustomerBillingRate 0 193842
    …
    END 12 250                         ← pages, and what X-Total-Count says of the first resource, or -

A file that begins with `[` or `{` is one JSON document, saved by hand: it reads as a single page without a resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from billing_sources.canonical import FileRejected, Issue

FIRST_LINE = b"REST-PAGES 1\n"
LARGEST_PAGE = 64 << 20  # bytes
_LONGEST_LINE = 200
_PAGE_LINE = re.compile(rb"([A-Za-z]{1,60}) (\d{1,12}) (\d{1,12})\n")
_LAST_LINE = re.compile(rb"END (\d{1,12}) (\d{1,12}|-)\n")
_BLANK = b" \t\r\n\xef\xbb\xbf"


class Page(NamedTuple):
    """`number` counts from 1. `resource` is "" for a document saved by hand."""

    number: int
    resource: str
    offset: int
    body: bytes


class End(NamedTuple):
    """`total` is None where the server stated none."""

    pages: int
    total: int | None


def page_bytes(resource: str, offset: int, body: bytes) -> bytes:
    return f"{resource} {offset} {len(body)}\n".encode() + body + b"\n"


def end_bytes(end: End) -> bytes:
    return f"END {end.pages} {'-' if end.total is None else end.total}\n".encode()


def read_pages(file: BinaryIO) -> Iterator[Page | End]:
    """Every page, then the end. Raises `FileRejected`: TMF-PAGES for anything that is not such a file, whole."""
    first = file.readline(_LONGEST_LINE)
    if first != FIRST_LINE:
        yield _document(first, file)
        return
    number = 0
    while (line := file.readline(_LONGEST_LINE)) and not line.startswith(b"END "):
        number += 1
        yield _page(number, line, file)
    match = _LAST_LINE.fullmatch(line)
    if match is None or int(match[1]) != number or file.read(1):
        raise _rejected(number, f"END {number} at the end of the file", _shown(line))
    yield End(number, None if match[2] == b"-" else int(match[2]))


def _page(number: int, line: bytes, file: BinaryIO) -> Page:
    match = _PAGE_LINE.fullmatch(line)
    if match is None:
        raise _rejected(number, "resource, offset and bytes of a page", _shown(line))
    size = int(match[3])
    if size > LARGEST_PAGE:
        raise _rejected(number, f"at most {LARGEST_PAGE} bytes", str(size))
    body = file.read(size)
    if len(body) < size or file.read(1) != b"\n":
        raise _rejected(number, f"{size} bytes and a line end", f"{len(body)} bytes")
    return Page(number, match[1].decode(), int(match[2]), body)


def _document(start: bytes, file: BinaryIO) -> Page:
    if start.lstrip(_BLANK)[:1] not in (b"[", b"{"):
        raise _rejected(1, "REST-PAGES 1, or a JSON document", _shown(start))
    body = start + file.read(LARGEST_PAGE - len(start) + 1)
    if len(body) > LARGEST_PAGE:
        raise _rejected(1, f"at most {LARGEST_PAGE} bytes", "more")
    return Page(1, "", 0, body.lstrip(_BLANK))


def _shown(line: bytes) -> str:
    return repr(line[:40])[1:] if line else "the end of the file"


def _rejected(number: int, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue("TMF-PAGES", f"page {number}", expected=expected, found=found))
