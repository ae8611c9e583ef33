"""Advice → workbook: the figures of the slip, as values. The same advice gives the same bytes.

Text that a spreadsheet would take for a formula (`=1+1`, `#N/A`) stays text: invoice numbers come from outside.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal
from typing import cast

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from portal.money import exponent
from remittance.advice import METHOD_LABELS, AdviceLine, RemittanceAdvice
from remittance.references import format_reference

Value = str | int | Decimal | date | None

COLUMNS = (
    ("Invoice", 22),
    ("System", 12),
    ("Account", 16),
    ("Account name", 38),
    ("Billed on", 12),
    ("Billed", 16),
    ("Short-paid", 16),
    ("Paid here", 16),
    ("Reason (X12 426)", 16),
    ("Reason", 32),
    ("Note", 38),
    ("Dispute", 16),
)
_FIRST_DATE_IN_ZIP = (1980, 1, 1, 0, 0, 0)
_BOLD = Font(bold=True)
_MONEY = Alignment(horizontal="right")


def render_workbook(advice: RemittanceAdvice) -> bytes:
    """One sheet: heading, lines, totals. Short-paid amounts are negative, as on the slip."""
    workbook = Workbook()
    sheet = cast(Worksheet, workbook.active)
    sheet.title = advice.payment.code
    money = _money_format(advice.payment.currency)
    for label, value in _heading(advice):
        _append(sheet, (label, value), money)
        sheet.cell(sheet.max_row, 1).font = _BOLD
    sheet.append([])
    _append_table(sheet, advice, money)
    return _saved(workbook, advice)


def _heading(advice: RemittanceAdvice) -> Iterator[tuple[str, Value]]:
    payment, issue = advice.payment, advice.issue
    yield "Remittance slip", payment.code + (" (void)" if issue.voided else "")
    yield "From", ", ".join((advice.payer.name, *advice.payer.lines))
    yield "Customer", advice.payer.number
    yield "To", ", ".join((advice.payee.name, *advice.payee.lines))
    yield "Pay run", f"{payment.run}, {payment.place} of {payment.places}"
    yield "Method", METHOD_LABELS[payment.method]
    yield "To arrive by", payment.value_on
    yield "Reference", format_reference(advice.reference)
    yield "Scan line", advice.scan_line
    yield "Currency", payment.currency
    yield "Amount", payment.amount
    yield "Items", advice.totals.count
    yield "Version", issue.version


def _append_table(sheet: Worksheet, advice: RemittanceAdvice, money: str) -> None:
    _append(sheet, tuple(title for title, _ in COLUMNS), money, bold=True)
    heads = sheet.max_row
    for line in advice.lines:
        _append(sheet, _cells(line), money)
    totals = advice.totals
    summed = (f"{totals.count} items", *[None] * 4, totals.gross, -totals.short_paid, totals.paid)
    _append(sheet, summed, money, bold=True)
    sheet.freeze_panes = f"A{heads + 1}"
    for column, (_, width) in zip("ABCDEFGHIJKL", COLUMNS, strict=True):
        sheet.column_dimensions[column].width = width


def _cells(line: AdviceLine) -> tuple[Value, ...]:
    return (
        line.invoice,
        line.system,
        line.account,
        line.account_label,
        line.billed_on,
        line.gross,
        -line.short_paid if line.short_paid else None,
        line.paid,
        line.x12_reason if line.short_paid else None,
        line.reason if line.short_paid else None,
        line.note,
        line.disputes,
    )


def _append(sheet: Worksheet, values: tuple[Value, ...], money: str, *, bold: bool = False) -> None:
    row = sheet.max_row + 1 if sheet.max_row > 1 or sheet["A1"].value is not None else 1
    for column, value in enumerate(values, start=1):
        if value is not None and value != "":
            cell = cast(Cell, sheet.cell(row, column))
            _fill(cell, value, money)
            if bold:
                cell.font = _BOLD


def _fill(cell: Cell, value: Value, money: str) -> None:
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type = "s"
        return
    cell.value = value
    if isinstance(value, Decimal):
        cell.number_format = money
        cell.alignment = _MONEY
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"


def _money_format(currency: str) -> str:
    places = exponent(currency)
    return "#,##0" + ("." + "0" * places if places else "")


def _saved(workbook: Workbook, advice: RemittanceAdvice) -> bytes:
    """With the advice's own date inside, and none in the archive around it."""
    issued_at = advice.issue.issued_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    workbook.properties.creator = advice.payer.name
    workbook.properties.created = workbook.properties.modified = issued_at
    written = io.BytesIO()
    ExcelWriter(workbook, zipfile.ZipFile(written, "w")).save()
    return _without_dates(written)


def _without_dates(written: io.BytesIO) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, _FIRST_DATE_IN_ZIP)
            target.writestr(member, source.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
