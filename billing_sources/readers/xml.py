"""Streams XML documents line by line, without ever holding the tree of one. Pure; knows no invoice syntax.

A file is one document, or an `InvoiceBatch` of documents closed by `ControlTotals`. What was
yielded is freed one part later, so memory grows with neither the lines of a document nor the documents of a batch.

Lines whose markup is known are read by their pattern and never parsed (`xml_patterns`): four fifths of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import chain
from typing import BinaryIO

from billing_sources.readers.xml_attachments import without_attachments
from billing_sources.readers.xml_parser import Element, PullParser, rejected
from billing_sources.readers.xml_patterns import Known, Pattern, Patterns
from billing_sources.readers.xml_prologue import CHUNK_BYTES, read_head
from billing_sources.readers.xml_tables import Table
from billing_sources.readers.xml_text import plain_texts

BATCH_NAMESPACE = "urn:tributary:invoice-batch:1"
BATCH = f"{{{BATCH_NAMESPACE}}}InvoiceBatch"
TOTALS = f"{{{BATCH_NAMESPACE}}}ControlTotals"


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
    lines: Mapping[str, Table]
    nested: frozenset[str]  # what a line may hold that its table does not read
    holders: frozenset[str]
    ballast: frozenset[str]  # embedded attachments: passed over


def stream_parts(
    file: BinaryIO, shape: Shape, *, most_patterns: int | None = None
) -> Iterator[tuple[Part, Element] | Known]:
    """The parts of the file in order. Raises `FileRejected` on anything that is not such a file (formats.md §1.5)."""
    head = read_head(file)
    if head.root != BATCH and head.root not in shape.documents:
        raise rejected("XML-ROOT", "an invoice, a credit note or an invoice batch", head.root)
    chunks: Iterable[bytes] = chain((head.content,), iter(partial(file.read, CHUNK_BYTES), b""))
    chunks = without_attachments(chunks, shape.ballast)
    return _Skimming(shape, most_patterns).parts(plain_texts(chunks) if head.is_utf_8 else chunks)


def local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


class _Skimming:
    """Feeds the parser, and passes over what need not be parsed.

    That is only what follows upon the end of a line that the parser has just told of: there, a line can begin. It told
    of no other line than the one whose end tag it was given last, since nothing like an end tag is fed together with
    another, and a line without one has no children.
    """

    def __init__(self, shape: Shape, most_patterns: int | None) -> None:
        self._parser = PullParser([*shape.documents, *shape.lines, *shape.ballast, BATCH, TOTALS])
        self._sweep = _Sweep(shape)
        self._learnt = Patterns(shape.lines, shape.nested, most_patterns)
        names = "|".join(sorted({re.escape(tag.rpartition("}")[2]) for tag in shape.lines}))
        self._line_tag = re.compile(rf"(?:{names})\s*>")
        self._patterns: list[Pattern] = []  # of the lines that may follow here
        self._held = ""
        self._position = 0  # in what is held

    def parts(self, pieces: Iterable[str | bytes]) -> Iterator[tuple[Part, Element] | Known]:
        """Of plain text. Bytes are for the parser alone."""
        for piece in pieces:
            if isinstance(piece, str):
                self._held += piece
                yield from self._skim()
            else:
                yield from self._parse_held()
                yield from self._parse(piece)
        yield from self._parse_held()
        self._parser.close()
        yield from self._sweep.parts(self._parser.ended())

    def _skim(self) -> Iterator[tuple[Part, Element] | Known]:
        """All of what is held but its end, where a line may be cut in two."""
        held, self._position = self._held, 0
        while True:
            begun = self._position
            yield from self._known(held)
            if begun < self._position:
                self._parser.skip(held[begun : self._position])
            end = self._end_of_line(held)
            if end < 0:
                break
            begun, self._position = self._position, end
            yield from self._parse(held[begun : self._position].encode())
            line = self._sweep.line
            self._patterns = [] if line is None else self._learnt.behind(line, held, self._position)
        self._held = held[self._position :]
        if len(self._held) > 2 * CHUNK_BYTES:
            yield from self._parse_held()

    def _end_of_line(self, text: str) -> int:
        """Behind the next end tag of something that is called as lines are; -1 where there is none."""
        for match in self._line_tag.finditer(text, self._position):
            if text.startswith("</", text.rfind("<", 0, match.start())):
                return match.end()
        return -1

    def _known(self, text: str) -> Iterator[Known]:
        """The lines that follow here, as long as they are known. Like follows upon like: what fitted last is first."""
        patterns, found = self._patterns, True
        while found:
            found = False
            for index, pattern in enumerate(patterns):
                line = pattern.read(text, self._position)
                if line is not None:
                    known, self._position = line
                    yield known
                    found = True
                    if index:
                        patterns.insert(0, patterns.pop(index))
                    break

    def _parse_held(self) -> Iterator[tuple[Part, Element]]:
        text, self._held, self._patterns = self._held, "", []
        yield from self._parse(text.encode())

    def _parse(self, chunk: bytes) -> Iterator[tuple[Part, Element]]:
        self._parser.feed(chunk)
        yield from self._sweep.parts(self._parser.ended())


class _Sweep:
    """Turns ended elements into parts and empties what was consumed.

    lxml forbids to remove the element that has just ended (the parser may still write its tail), so a consumed element
    is unlinked when its successor has been consumed.
    """

    def __init__(self, shape: Shape) -> None:
        self.line: Element | None = None  # what ended last, if it was a line, and not an empty one
        self._shape = shape
        self._holder: Element | None = None
        self._spent_line: Element | None = None
        self._spent_document: Element | None = None

    def parts(self, ended: Iterable[Element]) -> Iterator[tuple[Part, Element]]:
        lines = self._shape.lines
        self.line = None
        for element in ended:
            self.line = None
            if element.tag not in lines:
                yield from self._other(element)
            elif self._holds(element.getparent()):
                yield Part.LINE, element
                self.line = element if len(element) else None
                self._spent_line = _succeed(element, self._spent_line)

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
