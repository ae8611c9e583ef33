"""Three states of a table, cell by cell: as it was downloaded (base), as it came back (sheet), as it stands (current).

Values are canonical texts (payments.domain.round_trip.cells), so that equal means equal. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Values = Mapping[str, str]  # column → canonical text, "" or absent for a blank
Rows = Mapping[str, Values]  # key of the row → its values


class Kind(StrEnum):
    """Who moved a cell since the download."""

    OFFERED = "offered"  # the sheet alone: it can be taken
    CONFLICT = "conflict"  # both, to different values: somebody must say which
    CURRENT = "current"  # others alone: it is shown, and stays
    AGREED = "agreed"  # both, to the same value: nothing is left to do
    GONE = "gone"  # the sheet, in a row that is not there any more


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that somebody moved."""

    row: str
    column: str
    base: str
    sheet: str
    current: str
    kind: Kind

    @property
    def is_to_take(self) -> bool:
        return self.kind in (Kind.OFFERED, Kind.CONFLICT)


def three_way(base: Rows, sheet: Rows, current: Rows, columns: Sequence[str]) -> Iterator[Difference]:
    """Every cell of these columns that differs, in the order of the sheet's rows. Rows that the base does not know are
    left out, and a cell that the sheet does not have (its column is missing, or could not be read) is as it was."""
    for key, values in sheet.items():
        before, now = base.get(key), current.get(key)
        if before is None:
            continue
        for column in columns:
            was = before.get(column, "")
            wants = values.get(column, was)
            stands = was if now is None else now.get(column, "")
            if kind := _kind(was, wants, stands, is_there=now is not None):
                yield Difference(key, column, was, wants, stands, kind)


def _kind(base: str, sheet: str, current: str, *, is_there: bool) -> Kind | None:
    if sheet == base:
        return Kind.CURRENT if current != base else None
    if not is_there:
        return Kind.GONE
    if sheet == current:
        return Kind.AGREED
    return Kind.OFFERED if current == base else Kind.CONFLICT
