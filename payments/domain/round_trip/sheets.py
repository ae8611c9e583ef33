"""A sheet that came back: its columns by their heads, its rows by their tokens, its cells as canonical values. Pure.

Rows and columns may stand in another order. Nothing in a sheet is believed but what is typed into cells that may be
changed: rows are known by a token that only the server can make, and what identifies them must stand as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from payments.domain.round_trip.cells import Unreadable, text_of

TOKEN: Final = "Row"  # noqa: S105 - the head of a column, not a secret
ERROR: Final = "Error"
_SEARCHED: Final = 40  # rows in which the head must stand
Cells = Sequence[object]


@dataclass(frozen=True)
class Column:
    """`read` gives the canonical value of a cell (raises `Unreadable`), with the base values of its row.

    `look`: text, money, date or choice; of a choice `words` says what is shown for each value.
    """

    key: str
    head: str
    read: Callable[[object, Mapping[str, str]], str]
    look: str = "text"
    width: int = 14
    is_editable: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SheetSpec:
    """What a sheet of a workbook must look like."""

    name: str
    columns: tuple[Column, ...]

    @property
    def editable(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_editable)


@dataclass(frozen=True, slots=True)
class BaseRow:
    """A row as it was downloaded. `token` is what stands in its hidden cell."""

    key: str
    token: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell of which nothing is taken: where it stands, what it says, why. `column` "" is about the whole row, and
    `row` is then "" where it is none of ours."""

    line: int
    row: str
    column: str
    said: str
    why: str


@dataclass(frozen=True)
class SheetRead:
    """What came back. `rows` are those that are known, with what could be read of them."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    missing: tuple[str, ...] = ()  # keys of rows that the base has and the sheet has not


class NotOurs(ValueError):
    """The sheet is not what was downloaded; the words say what is missing."""


def read_sheet(spec: SheetSpec, base: Sequence[BaseRow], rows: Sequence[Cells]) -> SheetRead:
    """Raises `NotOurs` where the head cannot be found."""
    head, places = _head(spec, rows)
    by_token = {row.token: row for row in base}
    keys = {row.key for row in base}
    found = SheetRead()
    tokens = [_token(cells, places) for cells in rows[head + 1 :]]
    counted = Counter(tokens)
    told: set[str] = set()
    for line, (cells, token) in enumerate(zip(rows[head + 1 :], tokens, strict=True), head + 2):
        known = by_token.get(token)
        if known is None:
            if why := _why_not_row(token, keys, cells):
                found.refused.append(Refused(line, "", "", _said(cells), why))
        elif counted[token] > 1:
            _twice(found, known, line, told, counted[token])
        else:
            found.lines[known.key] = line
            _read_row(known, cells, places, found)
    present = found.rows.keys() | told
    missing = tuple(row.key for row in base if row.key not in present)
    return SheetRead(found.rows, found.lines, found.refused, missing)


@dataclass(frozen=True)
class _Places:
    """In which places the token and the columns stand."""

    token: int
    fixed: tuple[tuple[Column, int], ...]
    editable: tuple[tuple[Column, int], ...]


def _head(spec: SheetSpec, rows: Sequence[Cells]) -> tuple[int, _Places]:
    """Where the head stands, and in which places its columns; another column of the same head is not ours."""
    for at, cells in enumerate(rows[:_SEARCHED]):
        heads = [cell.strip().casefold() if isinstance(cell, str) else "" for cell in cells]
        if TOKEN.casefold() in heads:
            return at, _places(spec, heads)
    raise NotOurs(f"The sheet “{spec.name}” has lost its head, or the hidden column “{TOKEN}”: download it again.")


def _places(spec: SheetSpec, heads: list[str]) -> _Places:
    names = [(column, column.head.casefold()) for column in spec.columns]
    for column, name in names:
        if heads.count(name) > 1:
            raise NotOurs(f"The sheet “{spec.name}” has the column {column.head} twice.")
        if not column.is_editable and name not in heads:
            raise NotOurs(f"The sheet “{spec.name}” lacks the column {column.head}: download it again.")
    found = [(column, heads.index(name)) for column, name in names if name in heads]
    return _Places(
        heads.index(TOKEN.casefold()),
        tuple(each for each in found if not each[0].is_editable),
        tuple(each for each in found if each[0].is_editable),
    )


def _token(cells: Cells, places: _Places) -> str:
    cell = cells[places.token] if places.token < len(cells) else None
    return cell.strip() if isinstance(cell, str) else ""


def _why_not_row(token: str, keys: set[str], cells: Cells) -> str:
    if token.partition(".")[0] in keys:
        return "The hidden cell of this row was changed: nothing of it is taken."
    if token:
        return "This row is of another workbook, and was not taken."
    if any(cell not in (None, "") for cell in cells):
        return "This row was added: it is in no row of what was downloaded, and was not taken."
    return ""


def _twice(found: SheetRead, known: BaseRow, line: int, told: set[str], count: int) -> None:
    told.add(known.key)
    found.lines.setdefault(known.key, line)
    why = f"This row stands {count} times in the sheet: nothing of it is taken."
    found.refused.append(Refused(line, known.key, "", "", why))


def _read_row(known: BaseRow, cells: Cells, places: _Places, found: SheetRead) -> None:
    line = found.lines[known.key]
    values = found.rows.setdefault(known.key, {})
    if altered := _altered(known, cells, places):
        column, said = altered
        was = known.values.get(column.key, "") or "blank"
        why = f"{column.head} was {was}, and cannot be changed here: nothing of this row is taken."
        found.refused.append(Refused(line, known.key, "", said, why))
        return
    for column, place in places.editable:
        cell = cells[place] if place < len(cells) else None
        if _is_as_it_was(cell, known.values.get(column.key, "")):
            continue
        try:
            values[column.key] = column.read(cell, known.values)
        except Unreadable as error:
            found.refused.append(Refused(line, known.key, column.key, _shown(cell), str(error)))


def _altered(known: BaseRow, cells: Cells, places: _Places) -> tuple[Column, str] | None:
    """The first cell that identifies the row and does not say what it said, and what it says."""
    for column, place in places.fixed:
        cell = cells[place] if place < len(cells) else None
        was = known.values.get(column.key, "")
        if _is_as_it_was(cell, was):
            continue
        try:
            is_same = column.read(cell, known.values) == was
        except Unreadable:
            is_same = False
        if not is_same:
            return column, _shown(cell)
    return None


def _is_as_it_was(cell: object, was: str) -> bool:
    """At a glance, which is all that most cells need: 12.0 is 12, and nothing is nothing."""
    return cell == was or (str(cell).removesuffix(".0") == was if cell is not None else not was)


def _said(cells: Cells) -> str:
    return " · ".join(_shown(cell) for cell in cells if cell not in (None, ""))[:120]


def _shown(cell: object) -> str:
    try:
        return text_of(cell)[:80]
    except Unreadable:
        return "a formula"
