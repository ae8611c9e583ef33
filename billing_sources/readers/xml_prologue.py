"""What stands before the root of an XML file: its encoding, no document type, the root's name. Pure."""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

from lxml import etree

from billing_sources.readers.xml_parser import close, feed, rejected

HEAD_BYTES = 1 << 20  # the root element must begin within the first MiB
CHUNK_BYTES = 1 << 16


class Head(NamedTuple):
    """The bytes up to the chunk in which the root begins, the root's name, and whether all are UTF-8."""

    content: bytes
    root: str
    is_utf_8: bool


def read_head(file: BinaryIO) -> Head:
    """Raises `FileRejected` on a document type, on an encoding that is not the declared one, on a missing root."""
    prologue = _Prologue()
    parser = etree.XMLParser(target=prologue, resolve_entities=False, no_network=True)
    head = file.read(CHUNK_BYTES)
    encoding = _encoding(head)
    feed(parser, head)
    while not prologue.root and len(head) < HEAD_BYTES:
        chunk = file.read(CHUNK_BYTES)
        if not chunk:
            close(parser)
            break
        head += chunk
        feed(parser, chunk)
    if not prologue.root:
        raise rejected("XML-ROOT", f"a root element within {HEAD_BYTES} bytes", "none")
    return Head(head, prologue.root, encoding in ("", "UTF-8"))


class _Prologue:
    """A parser target that sees what stands before the root, and the root's name. Builds nothing."""

    def __init__(self) -> None:
        self.root = ""

    def doctype(self, name: str, public_id: str | None, system_id: str | None) -> None:
        raise rejected("XML-DOCTYPE", "no document type declaration", f"<!DOCTYPE {name}")

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        self.root = self.root or str(tag)

    def end(self, tag: str | bytes) -> None:
        """The rest of the document is for the parser proper; so are its text and comments."""

    def data(self, data: str | bytes) -> None:
        """As `end`."""

    def comment(self, text: str | bytes) -> None:
        """As `end`."""

    def close(self) -> None:
        """Required of a target; there is nothing to hand over."""


_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"<\x00", "UTF-16"),
    (b"\x00<", "UTF-16"),
    (b"\xef\xbb\xbf", "UTF-8"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


def _encoding(head: bytes) -> str:
    """The declared one. Bytes that contradict it are refused: libxml2 would follow the byte order mark in silence."""
    mark, actual = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), (b"", ""))
    text = head[:400].removeprefix(mark if mark.isascii() is False else b"").replace(b"\x00", b"")
    match = _DECLARED.match(text)
    declared = match.group(1).decode("ascii").upper() if match else ""
    family = declared[:6] if declared.startswith(("UTF-16", "UTF-32")) else declared
    is_wide = family in ("UTF-16", "UTF-32")
    if actual == "UTF-32" or (declared and actual and family != actual) or (is_wide and not actual):
        raise rejected("XML-ENCODING", f"bytes in the declared {declared or 'UTF-8'}", actual or "single bytes")
    return declared or actual
