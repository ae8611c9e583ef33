"""Reads a file of a layout: header, bills one by one, trailer. One bill is in memory at a time. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain

from billing_sources.adapter import Adapter, Cell, Excerpt, Parsed
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.readers.delimited.bill import Draft
from billing_sources.readers.delimited.layout import Layout, Role
from billing_sources.readers.delimited.shapes import Shape, cell_of, shapes
from billing_sources.readers.delimited.values import Value
from billing_sources.readers.delimited.words import Words
from billing_sources.readers.text import Text
from billing_sources.readers.values import Unreadable

_LINE = re.compile(r"line ([0-9]{1,12})")


def read_records(layout: Layout, blocks: Iterable[bytes], adapter: Adapter) -> Iterator[Parsed]:
    """The bills of a file in its order, then what it declares of itself.

    A bill in which anything is wrong carries its flaws; a file that does not begin and end as it must is rejected.
    """
    text = Text(blocks, layout.encoding)
    yield from _File(layout, adapter).read(_lines(text))
    yield from text.contradiction()


def locate_record(layout: Layout, blocks: Iterable[bytes], origin: str) -> Excerpt:
    """The record behind an origin. Raises LookupError."""
    match = _LINE.search(origin)
    wanted = int(match[1]) if match else 0
    for number, line in enumerate(_lines(Text(blocks, layout.encoding)), 1):
        if number == wanted:
            fields = line.split(layout.separator)
            cells = (Cell(f"{fields[0]}.{at}", field.strip()) for at, field in enumerate(fields, 1))
            return Excerpt(line, tuple(cells))
    raise LookupError(f"no record at {origin}")


def _lines(text: Text) -> Iterator[str]:
    """A last line without a line end is one all the same."""
    return chain.from_iterable(block.replace("\r\n", "\n").removesuffix("\n").split("\n") for block in text)


class _File:
    def __init__(self, layout: Layout, adapter: Adapter) -> None:
        self._layout, self._adapter = layout, adapter
        self._shapes = shapes(layout)
        self._words = Words(adapter.vocabulary)
        self._draft: Draft | None = None
        self._header: tuple[Shape, list[str], int] | None = None
        self._records = 0
        self._ends_at = 0

    def read(self, lines: Iterable[str]) -> Iterator[Parsed]:
        known, separator, line = self._shapes, self._layout.separator, 0
        for line, record in enumerate(lines, 1):
            if not record:
                continue
            fields = record.split(separator)
            self._records += 1
            shape = known.get(fields[0])
            draft = self._draft
            if shape is None or len(fields) != shape.width or self._ends_at:
                self._misplaced(fields, line)
                continue
            fields.append("")
            take = draft and draft.take.get(shape.role)
            if draft and take and fields[shape.bill.at].strip() in (draft.number, ""):
                take(shape, fields, line)
            else:
                yield from self._between(shape, fields, line)
        if not self._ends_at:
            raise self._rejected("DLM-END", line, "a trailer", "the end of the file")

    def _between(self, shape: Shape, fields: list[str], line: int) -> Iterator[Parsed]:
        """Whatever does not simply belong to the bill under way."""
        role = shape.record.role
        if role is Role.HEADER:
            self._begin(shape, fields, line)
        elif self._header is None:
            raise self._rejected("DLM-HEADER", line, "a header first", fields[0])
        elif role is Role.CODES:
            code, text = (fields[cell_of(shape.cells, name).at].strip() for name in ("code", "text"))
            self._words.learn(shape.record.code, code, text)
        elif role is Role.BILL:
            yield from self._finish()
            self._open(shape, fields, line)
        elif role is Role.TRAILER:
            yield from self._finish()
            yield self._control(shape, fields, line)
        elif role is not Role.UNREAD:
            self._foreign(shape, fields, line)

    def _begin(self, shape: Shape, fields: list[str], line: int) -> None:
        if self._header is not None:
            raise self._rejected("DLM-HEADER", line, "one header", "a second one")
        probe = Draft(self._layout, self._words, "", line)
        probe.state(shape, fields, line)
        if flaw := probe.first_flaw():
            raise FileRejected(flaw)
        self._header = shape, fields, line

    def _open(self, shape: Shape, fields: list[str], line: int) -> None:
        number = fields[cell_of(shape.cells, "number").at].strip()
        self._draft = Draft(self._layout, self._words, number, line)
        self._draft.bill(shape, fields, line)
        if self._header:
            self._draft.state(*self._header)

    def _finish(self) -> Iterator[Parsed]:
        if self._draft:
            yield self._draft.finished(self._adapter.key)
        self._draft = None

    def _control(self, shape: Shape, fields: list[str], line: int) -> ControlTotals:
        """What the trailer declares. Its count of records is checked here, where they are counted."""
        self._ends_at = line
        found: dict[str, Value] = {}
        for cell in shape.cells:
            try:
                found[cell.canonical] = cell.read(fields[cell.at])
            except Unreadable as unreadable:
                raise self._rejected("DLM-VALUE", line, str(unreadable), fields[cell.at], cell.source) from None
        records, bills, amount = (found.get(f"control.{name}") for name in ("records", "bills", "amount"))
        if records not in (None, self._records):
            raise self._rejected("DLM-RECORDS", line, f"{records} records", f"{self._records}")
        return ControlTotals(
            bills=bills if isinstance(bills, int) else None,
            amount=amount if isinstance(amount, Decimal) else None,
            records=self._records,
        )

    def _misplaced(self, fields: list[str], line: int) -> None:
        """A record that cannot be told apart. It may hold money, so the bill that it stands in is held."""
        shape = self._shapes.get(fields[0])
        expected = f"{shape.record.width} columns in {fields[0]}" if shape else "a record type of the layout"
        found = f"{len(fields)}" if shape else fields[0]
        if self._ends_at:
            raise self._rejected("DLM-END", line, "nothing behind the trailer", fields[0])
        if self._draft is None or (shape and shape.record.role in (Role.BILL, Role.TRAILER)):
            raise self._rejected("DLM-RECORD", line, expected, found)
        self._draft.flaw("DLM-RECORD", line, fields[0], expected, found)

    def _foreign(self, shape: Shape, fields: list[str], line: int) -> None:
        """A record of another bill than the one under way."""
        found = fields[shape.bill.at]
        if self._draft is None:
            raise self._rejected("DLM-ORDER", line, "a bill before what belongs to it", f"{fields[0]} of {found}")
        self._draft.flaw("DLM-ORDER", line, shape.bill.source, self._draft.number, found)

    def _rejected(self, rule: str, line: int, expected: str, found: str, field: str = "record") -> FileRejected:
        return FileRejected(Issue(rule, f"line {line}", field, expected, found[:80]))
