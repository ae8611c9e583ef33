"""Columns and order that a reader chose: the address says them, the page and its export show them."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import Client

from payments.invoices.columns import COLUMNS, SORTS, USUAL
from payments.invoices.filters import query, read_filter
from tests.clients import client_of
from tests.factories import make_invoice
from tests.payments.invoice_pages import listed, numbers
from tests.personas import Personas


def heads(client: Client, asked: str) -> list[str]:
    page = client.get(f"/invoices/?{asked}").content.decode()
    return re.findall(r'<th scope="col"[^>]* data-column="(\w+)"', page)


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("columns=open,number", "columns=open,number"),
        ("columns=open,open,secret,number", "columns=open,number"),
        ("columns=", "state=open"),
        (f"columns={','.join(USUAL)}", "state=open"),
        ("sort=due", "state=open"),
        ("sort=-open,number,due,billed", "sort=-open,number,due"),
        ("sort=open,-open,tags,number", "sort=open,number"),
        ("sort=;DROP", "state=open"),
        ("sort=-open&columns=open&q=a b", "q=a+b&columns=open&sort=-open"),
    ],
)
def test_the_address_of_a_view_is_canonical(asked: str, canonical: str) -> None:
    assert query(read_filter(QueryDict(asked))) == canonical


def test_columns_stand_as_they_were_chosen_and_the_number_always_leads_its_row(people: Personas) -> None:
    make_invoice(people.harlow_west, number="H-1")
    dana = client_of(people.dana)
    assert heads(dana, "columns=open,number,held,cost_center") == ["open", "number", "held", "cost_center"]
    assert heads(dana, "columns=held,issued") == ["number", "held", "issued"]
    page = dana.get("/invoices/?columns=open,number").content.decode()
    assert re.findall(r'<t[dh] data-column="(\w+)"', page.split("<tbody>")[1]) == ["open", "number"]


def test_amounts_never_stand_without_their_currency_where_there_are_several(people: Personas) -> None:
    make_invoice(people.harlow_west)
    dana = client_of(people.dana)
    assert heads(dana, "columns=number,open") == ["number", "open"]
    make_invoice(people.harlow_west, currency="EUR")
    assert heads(dana, "columns=number,open") == ["number", "currency", "open"]


def test_every_column_shows_something_and_every_text_of_it_is_escaped(people: Personas) -> None:
    make_invoice(people.harlow_west, number="<b>", cycle="<i>", revision=2, due_on=None)
    page = client_of(people.dana).get(f"/invoices/?columns={','.join(COLUMNS)}").content.decode()
    row = page.split("<tbody>")[1].split("</tbody>")[0]
    assert re.findall(r'<t[dh] data-column="(\w+)"', row) == list(COLUMNS)
    assert "<b>" not in row and "<i>" not in row
    assert "&lt;b&gt;" in row and "&lt;i&gt;" in row


def test_an_export_has_the_columns_that_are_seen_in_their_order(people: Personas) -> None:
    make_invoice(people.harlow_west, "20.00", number="H-1", billed_on=date(2026, 11, 3))
    body = client_of(people.dana).get("/invoices/export.csv?columns=issued,open,number").getvalue().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(body))) == [
        ["Issued", "Currency", "Open", "Invoice"],
        ["2026-11-03", "USD", "20.00", "H-1"],
    ]


# --- Order ----------------------------------------------------------------------------------------------------------


def test_a_list_is_sorted_by_one_column_then_by_another(people: Personas) -> None:
    for number, currency, amount in (("A", "USD", 5), ("B", "EUR", 7), ("C", "USD", 9), ("D", "EUR", 7)):
        make_invoice(people.harlow_west, Decimal(amount), number=number, currency=currency)
    assert listed(people.dana, "sort=currency,-open,-number") == ["D", "B", "C", "A"]
    assert listed(people.dana, "sort=-currency,open,number") == ["A", "C", "B", "D"]


@pytest.mark.parametrize("sort", ["currency,-open,number", "-system,account,-due", "cost_center,-revision"])
def test_paging_by_several_columns_meets_every_row_once(people: Personas, sort: str) -> None:
    for n in range(120):
        account = people.harlow_west if n % 3 else people.harlow_nord
        make_invoice(account, Decimal(n % 4 + 1), number=f"N-{n:03}", currency=("USD", "EUR")[n % 2])
    dana, address, pages = client_of(people.dana), f"/invoices/?sort={sort}&size=50", []
    while address:
        response = dana.get(address)
        pages.append(numbers(response.content))
        older = re.search(r'href="(\?[^"]*)" rel="next"', response.content.decode())
        address = f"/invoices/{older[1].replace('&amp;', '&')}" if older else ""
    seen = [number for page in pages for number in page]
    assert len(seen) == len(set(seen)) == 120
    newer = re.search(r'href="(\?[^"]*)" rel="prev"', response.content.decode())
    assert newer
    assert numbers(dana.get(f"/invoices/{newer[1].replace('&amp;', '&')}").content) == pages[-2]


def test_every_column_that_sorts_does(people: Personas) -> None:
    make_invoice(people.harlow_west, number="H-1")
    for key in SORTS:
        assert listed(people.dana, f"sort=-{key}") == ["H-1"]
