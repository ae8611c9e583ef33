"""The page of an upload: each cell that differs, as it was downloaded, as it came back, as it stands now. Every value
is text before the template sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict

from payments.domain.round_trip.sheets import Column
from payments.domain.round_trip.three_way import Difference, Kind
from payments.workbooks.choices import MOST_SHOWN, RowOfCells, cell_id, column_id, row_id, rows_of
from payments.workbooks.judging import Judged, JudgedSheet
from payments.workbooks.specs import PAYMENTS
from portal.money import format_amount

BLANK: Final = "blank"
MOST_TOLD: Final = 50
KINDS: Final = {
    Kind.OFFERED: ("Changed in the sheet", "info"),
    Kind.CONFLICT: ("Changed on both sides", "warn"),
    Kind.CURRENT: ("Changed here meanwhile", "off"),
    Kind.GONE: ("Not there any more", "bad"),
}
_OPEN: Final = Column("open", "Open", lambda cell, values: "", "money")  # told, never taken


@dataclass(frozen=True)
class CellShown:
    """A cell of the table; `why` is for one of which nothing is taken. `side` is what was chosen in a conflict."""

    id: str
    head: str
    base: str
    sheet: str
    current: str
    word: str
    tone: str
    is_offered: bool = False
    is_conflict: bool = False
    is_checked: bool = False
    side: str = ""
    why: str = ""


@dataclass(frozen=True)
class RowShown:
    id: str
    name: str
    about: str
    cells: tuple[CellShown, ...]
    is_takeable: bool
    is_checked: bool


@dataclass(frozen=True)
class ColumnShown:
    id: str
    head: str
    count: str
    is_checked: bool


def context_of(judged: Judged, posted: QueryDict | None) -> dict[str, Any]:
    """`posted` is a form that was refused: what was checked in it stays checked."""
    rows = rows_of(judged)
    sheets = {sheet.spec.name: sheet for sheet in judged.sheets}
    counts = Counter(each.kind for sheet in judged.sheets for each in sheet.differences)
    refused = sum(len(sheet.refused) for sheet in judged.sheets)
    hidden = rows[MOST_SHOWN:]
    return {
        "judged": judged,
        "mark": judged.mark,
        "rows": [_row(row, sheets[row.row[0]], posted) for row in rows[:MOST_SHOWN]],
        "columns": list(_columns(judged, posted)),
        "counts": [(word, tone, f"{counts[kind]:,}") for kind, (word, tone) in KINDS.items() if counts[kind]],
        "agreed": f"{counts[Kind.AGREED]:,}" if counts[Kind.AGREED] else "",
        "refused": f"{refused:,}" if refused else "",
        "takeable": counts[Kind.OFFERED] + counts[Kind.CONFLICT],
        "rest": f"{len(hidden):,}" if hidden else "",
        "told": list(_told(judged))[:MOST_TOLD],
        "is_same": not rows and not refused and not any(sheet.read.missing for sheet in judged.sheets),
    }


def shown(column: Column, value: str, currency: str) -> str:
    if not value:
        return BLANK
    if column.look == "money":
        return format_amount(Decimal(value), currency)
    return column.words.get(value, value)


def _row(row: RowOfCells, sheet: JudgedSheet, posted: QueryDict | None) -> RowShown:
    values = sheet.base[row.row[1]].values
    columns = {column.key: column for column in (*sheet.spec.columns, _OPEN)}
    cells = [_cell(row, each, columns[each.column], values, posted) for each in row.cells]
    cells += [_refused(row, one, columns[one[0]], sheet) for one in row.refused]
    name = f"Payment {values['position']}" if sheet.spec.name == PAYMENTS else values["number"]
    return RowShown(
        id=row_id(row.row),
        name=name,
        about=values.get("account", "") or values["currency"],
        cells=tuple(cells),
        is_takeable=any(each.is_to_take for each in row.cells),
        is_checked=posted is None or row_id(row.row) in posted.getlist("row"),
    )


def _cell(
    row: RowOfCells, each: Difference, column: Column, values: Mapping[str, str], posted: QueryDict | None
) -> CellShown:
    word, tone = KINDS[each.kind]
    name = cell_id(row.row, each.column)
    base, sheet, current = (shown(column, value, values["currency"]) for value in (each.base, each.sheet, each.current))
    return CellShown(
        id=name,
        head=column.head,
        base=base,
        sheet=sheet,
        current=current if each.kind is not Kind.GONE else "",
        word=word,
        tone=tone,
        is_offered=each.kind is Kind.OFFERED,
        is_conflict=each.kind is Kind.CONFLICT,
        is_checked=posted is None or name in posted.getlist("cell"),
        side=posted.get(f"take-{name}", "") if posted else "",
    )


def _refused(row: RowOfCells, one: tuple[str, str, str], column: Column, sheet: JudgedSheet) -> CellShown:
    key, said, why = one
    values, now = sheet.base[row.row[1]].values, sheet.current.get(row.row[1], {})
    currency = values["currency"]
    return CellShown(
        id=cell_id(row.row, key),
        head=column.head,
        base=shown(column, values.get(key, ""), currency),
        sheet=said or BLANK,
        current=shown(column, now.get(key, ""), currency),
        word="Not taken",
        tone="bad",
        why=why,
    )


def _columns(judged: Judged, posted: QueryDict | None) -> Iterator[ColumnShown]:
    """Those with something to take."""
    for sheet in judged.sheets:
        counted = Counter(each.column for each in sheet.differences if each.is_to_take)
        for column in sheet.spec.editable:
            if counted[column.key]:
                name = column_id(sheet.spec.name, column.key)
                head = column.head if sheet.spec.name != PAYMENTS else f"{column.head} (payments)"
                is_checked = posted is None or name in posted.getlist("column")
                yield ColumnShown(name, head, f"{counted[column.key]:,}", is_checked)


def _told(judged: Judged) -> Iterator[str]:
    """What is to be said of rows, rather than of cells."""
    for sheet in judged.sheets:
        name = sheet.spec.name
        for one in sheet.refused:
            if not one.column:
                base = sheet.base.get(one.row)
                number = f" ({base.values.get('number') or base.values.get('position')})" if base else ""
                said = f" It says: {one.said}" if one.said else ""
                yield f"{name}, row {one.line}{number}: {one.why}{said}"
        if sheet.read.missing:
            yield f"{name}: {_counted(sheet, sheet.read.missing)} not in your sheet; they stay as they are."
        if sheet.joined:
            yield f"{name}: {len(sheet.joined):,} came in since the download, and {_are(len(sheet.joined))} not in it."


def _counted(sheet: JudgedSheet, keys: tuple[str, ...]) -> str:
    label = "number" if sheet.spec.name != PAYMENTS else "position"
    named = ", ".join(sheet.base[key].values[label] for key in keys[:3])
    more = f" and {len(keys) - 3:,} more" if len(keys) > 3 else ""
    return f"{named}{more} {_are(len(keys))}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
