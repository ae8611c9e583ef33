"""Taking the list along, and finding one invoice in it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.payments.invoice_pages import choice, numbers
from tests.personas import Personas


def test_the_csv_holds_the_whole_filter_in_its_order_and_amounts_as_numbers(people: Personas) -> None:
    make_invoices([people.harlow_west], 120)
    make_invoice(people.harlow_west, number="other", currency="EUR")
    body = (
        client_of(people.dana)
        .get("/invoices/export.csv?currency=USD&state=all&sort=-billed&columns=number,billed")
        .getvalue()
        .decode("utf-8-sig")
    )
    rows = list(csv.DictReader(io.StringIO(body)))
    amounts = [Decimal(row["Billed"]) for row in rows]
    assert len(rows) == 120
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[-1] < 0


def test_no_text_of_an_export_is_a_formula(people: Personas) -> None:
    for number in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx"):
        make_invoice(people.harlow_west, number=number)
    make_invoice(people.harlow_west, "-9.00", number="credit")
    body = client_of(people.dana).get("/invoices/export.csv?state=all").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert {row["Invoice"] for row in rows} == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "credit"}
    assert "-9.00" in {row["Open"] for row in rows}
    book = client_of(people.dana).get("/invoices/export.xlsx?state=all").getvalue()
    sheet = load_workbook(io.BytesIO(book)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert -9 in {cell.value for cell in cells}
    assert "=1+1" in {cell.value for cell in cells}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_holds_only_what_the_person_may_see(people: Personas, kind: str) -> None:
    make_invoice(people.harlow_west, number="west")
    make_invoice(people.harlow_nord, number="nord")
    make_invoice(people.lumen_root, number="foreign")
    response = client_of(people.nils).get(f"/invoices/export.{kind}")
    body = response.getvalue()
    assert response.headers["Content-Disposition"].startswith("attachment")
    if kind == "xlsx":
        found = {cell.value for row in load_workbook(io.BytesIO(body)).worksheets[0].iter_rows() for cell in row}
    else:
        found = set(body.decode("utf-8-sig").replace("\r\n", ",").split(","))
    assert "nord" in found
    assert not {"west", "foreign"} & found


def test_an_exact_number_leads_straight_to_the_invoice_and_anything_else_to_the_list(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, "1234.56", number="A1-77")
    dana = client_of(people.dana)
    assert dana.get("/search/?q=A1-77").headers["Location"] == f"/invoices/{invoice.code}/"
    assert numbers(dana.get("/search/?q=a1-7", follow=True).content) == ["A1-77"]
    assert numbers(dana.get("/search/?q=1,234.56", follow=True).content) == ["A1-77"]
    assert client_of(people.carol).get("/search/?q=A1-77").headers["Location"] == "/invoices/?q=A1-77&state=all"


def test_a_pay_run_is_found_by_its_number(people: Personas) -> None:
    _, hidden = choice(people.dana, "pay", invoice=(own := make_invoice(people.harlow_west)).code)
    made = client_of(people.dana).post(
        "/invoices/selection/pay-runs/", {"invoice": own.code, "title": "November", "run": "", **hidden}
    )
    assert client_of(people.dana).get("/search/?q=run 1").headers["Location"] == made.headers["Location"]
    assert client_of(people.carol).get("/search/?q=run 1").headers["Location"].startswith("/invoices/")
