"""Streams XML documents line by line, without ever holding the tree of one. Pure; knows no invoice syntax.

A file is one document, or an `InvoiceBatch` of documents closed by `ControlTotals`. What was
yielded is freed one part later, so memory grows with neither the lines of a document nor the documents of a batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import chain
from typing import BinaryIO, cast

from lxml import etree

from billing_sources.canonical import FileRejected, Issue

Element = etree._Element

BATCH_NAMESPACE = "urn:tributary:invoice-batch:1"
BATCH = f"{{{BATCH_NAMESPACE}}}InvoiceBatch"
TOTALS = f"{{{BATCH_NAMESPACE}}}ControlTotals"

CHUNK_BYTES = 1 << 16
HEAD_BYTES = 1 << 20  # the root element must begin within the first MiB
LIMITS = "10,000,000 bytes in one text, 256 levels"  # libxml2's own; they bound an embedded attachment too
RESOURCE_LIMIT = 114  # libxml2's XML_ERR_RESOURCE_LIMIT; the type stubs do not know `XMLSyntaxError.code`


class Part(Enum):
    LINE = "line"
    DOCUMENT = "document"  # complete but for its lines
    TOTALS = "totals"
    STRAY = "stray"  # a child of the batch that is not a document
    BATCH = "batch"  # its end


@dataclass(frozen=True)
class Shape:
    """Which elements matter, as Clark names. `holders` are the parents that a line may have."""

    documents: frozenset[str]
    lines: frozenset[str]
    holders: frozenset[str]
    ballast: frozenset[str]  # embedded attachments: emptied as soon as they end


def stream_parts(file: BinaryIO, shape: Shape) -> Iterator[tuple[Part, Element]]:
    """The parts of the file in order. Raises `FileRejected` on anything that is not such a file (formats.md §1.5)."""
    head, root = _read_head(file)
    if root != BATCH and root not in shape.documents:
        raise _rejected("XML-ROOT", "an invoice, a credit note or an invoice batch", root)
    parser = _pull_parser([*shape.documents, *shape.lines, *shape.ballast, BATCH, TOTALS])
    sweep = _Sweep(shape)
    for chunk in chain((head,), iter(partial(file.read, CHUNK_BYTES), b"")):
        _feed(parser, chunk)
        yield from sweep.parts(_ended(parser))
    _close(parser)
    yield from sweep.parts(_ended(parser))


def local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _pull_parser(tags: list[str]) -> etree.XMLPullParser:
    return etree.XMLPullParser(
        ("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )


def _ended(parser: etree.XMLPullParser) -> Iterator[tuple[str, Element]]:
    """The elements that ended. Only end events were asked for, which the type stubs cannot know."""
    return cast("Iterator[tuple[str, Element]]", parser.read_events())


class _Sweep:
    """Turns end events into parts and empties what was consumed.

    lxml forbids to remove the element that has just ended (the parser may still write its tail), so a consumed element
    is unlinked when its successor has been consumed.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._holder: Element | None = None
        self._spent_line: Element | None = None
        self._spent_document: Element | None = None

    def parts(self, events: Iterable[tuple[str, Element]]) -> Iterator[tuple[Part, Element]]:
        lines = self._shape.lines
        for _, element in events:
            if element.tag in lines:
                if self._holds(element.getparent()):
                    yield Part.LINE, element
                    self._spent_line = _succeed(element, self._spent_line)
            else:
                yield from self._other(element)

    def _holds(self, parent: Element | None) -> bool:
        """Whether a line below this parent is one of the current document, not part of something nested deeper."""
        if parent is self._holder:
            return True
        if parent is None or parent.tag not in self._shape.holders:
            return False
        document = parent if parent.tag in self._shape.documents else parent.getparent()
        if document is None or not _is_outermost(document):
            return False
        self._holder = parent
        return True

    def _other(self, element: Element) -> Iterator[tuple[Part, Element]]:
        if element.tag in self._shape.ballast:
            element.text = None
        elif element.tag == BATCH:
            yield from self._leftovers(element)
            yield Part.BATCH, element
        elif element.tag == TOTALS:
            yield Part.TOTALS, element
        elif _is_outermost(element):
            yield Part.DOCUMENT, element
            self._holder = self._spent_line = None
            self._spent_document = _succeed(element, self._spent_document)

    def _leftovers(self, batch: Element) -> Iterator[tuple[Part, Element]]:
        for child in batch:
            if child is not self._spent_document and child.tag != TOTALS:
                yield Part.STRAY, child


def _is_outermost(element: Element) -> bool:
    parent = element.getparent()
    return parent is None or (parent.tag == BATCH and parent.getparent() is None)


def _succeed(element: Element, predecessor: Element | None) -> Element:
    """Unlinks the predecessor, which frees it, and returns what is now the last one consumed."""
    if predecessor is not None:
        parent = predecessor.getparent()
        if parent is not None:
            parent.remove(predecessor)
    return element


class _Prologue:
    """A parser target that sees what stands before the root, and the root's name. Builds nothing."""

    def __init__(self) -> None:
        self.root = ""

    def doctype(self, name: str, public_id: str | None, system_id: str | None) -> None:
        raise _rejected("XML-DOCTYPE", "no document type declaration", f"<!DOCTYPE {name}")

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


def _read_head(file: BinaryIO) -> tuple[bytes, str]:
    """The bytes up to the chunk in which the root begins, and the root's name."""
    prologue = _Prologue()
    parser = etree.XMLParser(target=prologue, resolve_entities=False, no_network=True)
    head = file.read(CHUNK_BYTES)
    _check_encoding(head)
    _feed(parser, head)
    while not prologue.root and len(head) < HEAD_BYTES:
        chunk = file.read(CHUNK_BYTES)
        if not chunk:
            _close(parser)
            break
        head += chunk
        _feed(parser, chunk)
    if not prologue.root:
        raise _rejected("XML-ROOT", f"a root element within {HEAD_BYTES} bytes", "none")
    return head, prologue.root


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


def _check_encoding(head: bytes) -> None:
    """Refuses bytes that contradict the declared encoding: libxml2 would follow the byte order mark in silence."""
    mark, actual = next(((mark, name) for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), (b"", ""))
    text = head[:400].removeprefix(mark if mark.isascii() is False else b"").replace(b"\x00", b"")
    match = _DECLARED.match(text)
    declared = match.group(1).decode("ascii").upper() if match else ""
    family = declared[:6] if declared.startswith(("UTF-16", "UTF-32")) else declared
    is_wide = family in ("UTF-16", "UTF-32")
    if actual == "UTF-32" or (declared and actual and family != actual) or (is_wide and not actual):
        raise _rejected("XML-ENCODING", f"bytes in the declared {declared or 'UTF-8'}", actual or "single bytes")


def _feed(parser: etree.XMLParser, chunk: bytes) -> None:
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from error


def _close(parser: etree.XMLParser) -> None:
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from error


def _not_well_formed(error: etree.XMLSyntaxError) -> FileRejected:
    line, column = error.position
    position = f"line {line}, column {column}"
    if getattr(error, "code", 0) == RESOURCE_LIMIT:
        return _rejected("XML-SIZE", f"at most {LIMITS}", error.msg or "more", position)
    return _rejected("XML-SYNTAX", "well-formed XML to the end", error.msg or "nothing", position)


def _rejected(rule: str, expected: str, found: str, position: str = "") -> FileRejected:
    return FileRejected(Issue(rule=rule, position=position, expected=expected, found=found[:200]))
