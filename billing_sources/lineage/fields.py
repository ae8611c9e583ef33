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
    of_kind = {source: [rule for rule in each if _kind(rule) == wanted] for source, each in rules.items()}
    stated = {_name(r) for cell in cells for r in of_kind.get(cell.source, ()) if _is_stated(cell, r, values)}
    return tuple(
        _row(
            cell,
            [r for r in of_kind.get(cell.source, ()) if _name(r) not in stated or _is_stated(cell, r, values)],
            values,
        )
        for cell in cells
    )


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


def _is_stated(cell: Cell, rule: FieldMap, values: Mapping[str, str]) -> bool:
    """Whether the cell says word for word what is kept. Where one does, it was read from no other."""
    return bool(cell.text) and cell.text.split() == values.get(_name(rule), "").split()


def _row(cell: Cell, rules: Sequence[FieldMap], values: Mapping[str, str]) -> FieldRow:
    """A rule that came to nothing is left out where another one did not."""
    meanings = [Meaning(_plain(rule), rule.transform, values.get(_name(rule), "")) for rule in rules]
    meanings = [meaning for meaning in meanings if meaning.value] or meanings
    return FieldRow(cell.source, readable(cell.text), bool(meanings and cell.text), tuple(meanings))


def _kind(rule: FieldMap) -> str:
    head, dot, _ = rule.canonical.partition(".")
    return _KINDS.get(head, BILL) if dot else BILL


def _name(rule: FieldMap) -> str:
    return rule.canonical if _kind(rule) == BILL else rule.canonical.partition(".")[2]


def _plain(rule: FieldMap) -> str:
    return _name(rule).replace("_", " ").replace(".", " ")


def _lit_spans(text: str, rows: Iterable[FieldRow]) -> Iterator[tuple[int, int]]:
    """In order of the text. A field that the text calls by its name is looked for behind that name."""
    at, spans = 0, []
    for row in rows:
        if row.text and (found := _search(text, row, at)):
            at = found.end(1)
            if row.is_lit:
                spans.append(found.span(1))
    shown = 0
    for start, end in sorted(spans):
        if start >= shown:
            yield start, end
            shown = end


def _search(text: str, row: FieldRow, at: int) -> re.Match[str] | None:
    value = rf"(?<![\w.])({re.escape(row.text)})(?![\w.])"
    name = re.findall(r"[\w-]+", row.source)[-1:]
    if name and not name[0].isdigit():
        named = re.compile(rf"(?<!\w){re.escape(name[0])}(?!\w)[^<>\n]{{0,200}}?>?[\s\":=]*{value}")
        if found := named.search(text, at) or named.search(text):
            return found
    return re.compile(value).search(text, at)
