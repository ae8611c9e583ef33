"""The workbook says what the slip says, and runs nothing."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from remittance.advice import RemittanceAdvice
from remittance.xlsx import COLUMNS, render_workbook
from tests.remittance.advices import advice, line


def opened(issued: RemittanceAdvice) -> Worksheet:
    sheet = openpyxl.load_workbook(io.BytesIO(render_workbook(issued))).active
    assert isinstance(sheet, Worksheet)
    return sheet


def money(value: object) -> Decimal:
    return Decimal(str(value or 0))


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://127.0.0.1")', "+1", "-1+1", "@SUM(A1)", "#N/A", "\t=1"])
def test_text_that_looks_like_a_formula_stays_text(text: str) -> None:
    sheet = opened(advice([line(text, "1.00", "1.00", account_label=text, note=text)]))
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None and str(cell.value) == text]
    assert len(cells) == 3
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_control_character_from_outside_does_not_stop_the_workbook() -> None:
    assert opened(advice([line("A\x01B", "1.00", "1.00")]))


def test_lines_and_totals_are_those_of_the_advice() -> None:
    issued = advice()
    rows = list(opened(issued).iter_rows(values_only=True))
    head = rows.index(tuple(title for title, _ in COLUMNS))
    lines, totals = rows[head + 1 : -1], rows[-1]
    assert [(row[0], money(row[5]), -money(row[6]), money(row[7])) for row in lines] == [
        (one.invoice, one.gross, one.short_paid, one.paid) for one in issued.lines
    ]
    assert totals[0] == "4 items"
    assert (money(totals[5]), -money(totals[6]), money(totals[7])) == (
        issued.totals.gross,
        issued.totals.short_paid,
        issued.totals.paid,
    )


@pytest.mark.parametrize(("currency", "amount", "pattern"), [("JPY", "5", "#,##0"), ("OMR", "5.001", "#,##0.000")])
def test_amounts_show_the_decimals_of_their_currency(currency: str, amount: str, pattern: str) -> None:
    sheet = opened(advice([line("A-1", amount, amount, "0")], currency=currency))
    formats = {cell.number_format for row in sheet.iter_rows() for cell in row if money_like(cell.value, amount)}
    assert formats == {pattern}


def money_like(value: object, amount: str) -> bool:
    return isinstance(value, int | float) and Decimal(str(value)) == Decimal(amount)


def test_the_same_advice_gives_the_same_bytes() -> None:
    assert render_workbook(advice()) == render_workbook(advice())
