"""The sheet that goes back: what came, with the reason beside every cell and row of which nothing is taken."""

from __future__ import annotations

from payments.domain.round_trip.three_way import Difference, Kind
from payments.workbooks.judging import Judged, JudgedSheet
from payments.workbooks.page import shown
from payments.workbooks.writing import Returned, render


def returned_sheet(judged: Judged) -> bytes:
    """It can be mended and sent back once more: it is the same workbook."""
    values, said, errors, others = {}, {}, {}, []
    for sheet in judged.sheets:
        name = sheet.spec.name
        values[name] = {key: dict(cells) for key, cells in sheet.read.rows.items()}
        for one in sheet.refused:
            if not one.row:
                others.append(f"{name}, row {one.line}: {one.why} {one.said}".strip())
                continue
            errors[name, one.row, one.column] = one.why
            if one.column:
                said[name, one.row, one.column] = one.said
        errors |= {(name, each.row, each.column): _meanwhile(sheet, each) for each in _moved(sheet)}
        errors |= {(name, key, ""): "This row was not in your sheet." for key in sheet.read.missing}
    return render(str(judged.workbook.code), judged.snapshot, Returned(values, said, errors, others))


def _moved(sheet: JudgedSheet) -> list[Difference]:
    return [each for each in sheet.differences if each.kind in (Kind.CONFLICT, Kind.GONE)]


def _meanwhile(sheet: JudgedSheet, each: Difference) -> str:
    if each.kind is Kind.GONE:
        return "It is not in the pay run any more."
    column = next(column for column in sheet.spec.columns if column.key == each.column)
    return f"Changed here meanwhile to {shown(column, each.current, sheet.base[each.row].values['currency'])}."
