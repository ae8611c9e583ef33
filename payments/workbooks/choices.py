"""Which cells the reader takes: a cell counts if it, its row and its column are checked, and of a conflict the side
that was chosen. Pure but for the shape of a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from payments.domain.refusals import Rule, refuse
from payments.domain.round_trip.three_way import Difference, Kind
from payments.workbooks.judging import Judged

MOST_SHOWN: Final = 300  # rows of a page; what lies beyond is taken together or not at all
_ORDER: Final = {Kind.CONFLICT: 0, Kind.OFFERED: 1, Kind.GONE: 2, Kind.CURRENT: 3}
Row = tuple[str, str]  # sheet, key
Cell = tuple[str, Difference]


@dataclass(frozen=True)
class RowOfCells:
    """The differences of a row; `refused` are (column, what it says, why)."""

    row: Row
    cells: tuple[Difference, ...]
    refused: tuple[tuple[str, str, str], ...]

    @property
    def rank(self) -> int:
        """What asks for a decision comes first, what only tells last."""
        ranks = [_ORDER[each.kind] for each in self.cells]
        return min([*ranks, *([1] if self.refused else [])])


def rows_of(judged: Judged) -> list[RowOfCells]:
    """Rows with something to see: those that ask first, else in the order of the sheets."""
    cells: dict[Row, list[Difference]] = {}
    refused: dict[Row, list[tuple[str, str, str]]] = {}
    for sheet in judged.sheets:
        for each in sheet.differences:
            if each.kind is not Kind.AGREED:
                cells.setdefault((sheet.spec.name, each.row), []).append(each)
        for one in sheet.refused:
            if one.row and one.column:
                refused.setdefault((sheet.spec.name, one.row), []).append((one.column, one.said, one.why))
    found = [
        RowOfCells(row, tuple(cells.get(row, ())), tuple(refused.get(row, ())))
        for row in dict.fromkeys([*cells, *refused])
    ]
    return sorted(found, key=lambda row: row.rank)


def taken(judged: Judged, posted: QueryDict) -> list[Cell]:
    """Raises `Refused` as long as a conflict on the page is not decided."""
    rows = rows_of(judged)
    columns = set(posted.getlist("column"))
    shown = _of_page(rows[:MOST_SHOWN], posted)
    rest = _of_rest(rows[MOST_SHOWN:], posted)
    return [(sheet, each) for sheet, each in [*shown, *rest] if column_id(sheet, each.column) in columns]


def row_id(row: Row) -> str:
    return f"{row[0]}:{row[1]}"


def column_id(sheet: str, column: str) -> str:
    return f"{sheet}:{column}"


def cell_id(row: Row, column: str) -> str:
    return f"{row[0]}:{row[1]}:{column}"


def _of_page(rows: Sequence[RowOfCells], posted: QueryDict) -> list[Cell]:
    checked_rows, checked = set(posted.getlist("row")), set(posted.getlist("cell"))
    columns = set(posted.getlist("column"))
    found: list[Cell] = []
    undecided = 0
    for row in rows:
        if row_id(row.row) not in checked_rows:
            continue
        for each in row.cells:
            name = cell_id(row.row, each.column)
            side = posted.get(f"take-{name}", "")
            if each.kind is Kind.CONFLICT and not side and column_id(row.row[0], each.column) in columns:
                undecided += 1
            elif name in checked if each.kind is Kind.OFFERED else each.kind is Kind.CONFLICT and side == "sheet":
                found.append((row.row[0], each))
    if undecided:
        cells = "1 cell was" if undecided == 1 else f"{undecided:,} cells were"
        raise refuse(Rule.CHANGED_SINCE, f"{cells} changed on both sides: say which value to take.")
    return found


def _of_rest(rows: Sequence[RowOfCells], posted: QueryDict) -> list[Cell]:
    """Rows beyond the page: what the sheet alone changed, if the reader says so."""
    if posted.get("rest") != "yes":
        return []
    return [(row.row[0], each) for row in rows for each in row.cells if each.kind is Kind.OFFERED]
