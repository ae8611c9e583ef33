"""A raw record's fields beside what the mapping made of them, and where they stand in its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from billing_sources.adapter import Cell, FieldMap

BILL, CHARGE, TAX = "bill", "charge", "tax"
"""What a record was read for."""

NO_TEXT = "·"  # stands for a character that cannot be shown: mainframe records hold packed figures
_KINDS = {
    "charge": CHARGE,
    "document charge": CHARGE,
    "node": CHARGE,
    "tax": TAX,
    "usage": "usage",
    "entry": "entry",
    "control": "control",
}


@dataclass(frozen=True)
class Meaning:
    """One rule of the mapping: the canonical field, what is done to the raw text, and what stands there now."""

    field: str
    transform: str
    value: str


@dataclass(frozen=True)
class FieldRow:
    """A field as it came. `is_lit`: something of what was asked for was read from it."""

    source: str
    text: str
    is_lit: bool
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True)
class Piece:
    """A stretch of a record's text."""

    text: str
    is_lit: bool


def field_rows(
    cells: Sequence[Cell], mapping: Iterable[FieldMap], kind: str, values: Mapping[str, str]
) -> tuple[FieldRow, ...]:
    """A row for each cell. `values` are the canonical ones by field, without the kind before it."""
    rules: dict[str, list[FieldMap]] = {}
    for rule in mapping:
        rules.setdefault(rule.source, []).append(rule)
    wanted = _kind_that_speaks(cells, rules, kind)
    return tuple(_row(cell, [r for r in rules.get(cell.source, ()) if _kind(r) == wanted], values) for cell in cells)


def pieces(text: str, rows: Iterable[FieldRow]) -> tuple[Piece, ...]:
    """The text, lit where a lit field is found in it; fields stand in it in their order."""
    found: list[Piece] = []
    shown = 0
    for start, end in _lit_spans(text, rows):
        found += [Piece(text[shown:start], is_lit=False), Piece(text[start:end], is_lit=True)]
        shown = end
    found.append(Piece(text[shown:], is_lit=False))
    return tuple(piece for piece in found if piece.text)


def readable(text: str) -> str:
    """What cannot be shown stands as a point."""
    return "".join(mark if mark.isprintable() or mark in "\n\t" else NO_TEXT for mark in text.replace("\r\n", "\n"))


def _kind_that_speaks(cells: Iterable[Cell], rules: Mapping[str, Sequence[FieldMap]], kind: str) -> str:
    """A tax that was billed as a line was read by the rules of charges."""
    kinds = {_kind(rule) for cell in cells for rule in rules.get(cell.source, ())}
    return CHARGE if kind == TAX and TAX not in kinds else kind


def _row(cell: Cell, rules: Sequence[FieldMap], values: Mapping[str, str]) -> FieldRow:
    meanings = tuple(Meaning(_plain(rule), rule.transform, values.get(_name(rule), "")) for rule in rules)
    return FieldRow(cell.source, readable(cell.text), bool(meanings and cell.text), meanings)


def _kind(rule: FieldMap) -> str:
    head, dot, _ = rule.canonical.partition(".")
    return _KINDS.get(head, BILL) if dot else BILL


def _name(rule: FieldMap) -> str:
    return rule.canonical if _kind(rule) == BILL else rule.canonical.partition(".")[2]


def _plain(rule: FieldMap) -> str:
    return _name(rule).replace("_", " ").replace(".", " ")


def _lit_spans(text: str, rows: Iterable[FieldRow]) -> Iterator[tuple[int, int]]:
    at = 0
    for row in rows:
        if not row.text:
            continue
        found = re.compile(rf"(?<![\w.]){re.escape(row.text)}(?![\w.])").search(text, at)
        if found:
            at = found.end()
            if row.is_lit:
                yield found.span()
