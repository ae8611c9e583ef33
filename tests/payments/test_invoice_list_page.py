"""The list of invoices as somebody without script meets it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_sources.models import Invoice
from portal.customers.models import Account
from portal.tenancy import carrier, ingest
from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.payments.invoice_pages import TODAY, choice, figures, listed, numbers
from tests.personas import Personas

# --- Who sees what --------------------------------------------------------------------------------------------------


def test_another_customers_invoices_are_not_listed(people: Personas) -> None:
    make_invoice(people.harlow_west, number="H-1")
    make_invoice(people.lumen_root, number="L-1")
    assert listed(people.dana) == ["H-1"]
    assert listed(people.carol) == ["L-1"]


def test_a_person_with_one_node_sees_that_node_and_what_lies_below_and_its_totals_only(people: Personas) -> None:
    with carrier():
        oslo = Account.objects.create(customer=people.harlow, parent=people.harlow_nord, name="Oslo")
    make_invoice(people.harlow_west, "70.00", number="W-1")
    make_invoice(people.harlow_nord, "20.00", number="N-1")
    make_invoice(oslo, "10.00", number="O-1")
    page = client_of(people.nils).get("/invoices/?state=all").content
    assert sorted(numbers(page)) == ["N-1", "O-1"]
    assert figures(page)[:3] == ["2", "30.00", "30.00"]


def test_held_and_superseded_invoices_are_not_listed(people: Personas) -> None:
    make_invoice(people.harlow_west, number="H-1", state="held")
    make_invoice(people.harlow_west, number="H-2", is_current=False, state="superseded")
    make_invoice(people.harlow_west, number="H-2", revision=2)
    assert listed(people.dana, "state=all") == ["H-2"]


def test_nobody_who_is_not_signed_in_sees_anything(people: Personas) -> None:
    from django.test import Client

    assert Client().get("/invoices/").status_code == 302
    assert Client().get("/invoices/export.csv").status_code == 302


def test_markup_in_names_is_shown_as_text(people: Personas) -> None:
    evil = '<script>alert("1")</script>'
    with carrier():
        account = Account.objects.create(customer=people.harlow, parent=people.harlow_root, name=evil)
    invoice = make_invoice(account, number=f"{evil}-1")
    dana = client_of(people.dana)
    _, hidden = choice(people.dana, "tag", invoice=invoice.code)
    dana.post("/invoices/selection/tags/", {"invoice": invoice.code, "tag": evil[:40], "act": "put_on", **hidden})
    for address in (
        "/invoices/",
        f"/invoices/?q={evil}",
        f"/invoices/?tag={evil}&state=all",
        "/groups/",
        "/invoices/filter/",
    ):
        page = dana.get(address).content.decode()
        assert "<script>alert" not in page, address
    assert "&lt;script&gt;" in dana.get("/invoices/").content.decode()


# --- What a row says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({}, "Open"),
        ({"due_on": TODAY - timedelta(days=1)}, "Overdue"),
        ({"due_on": TODAY}, "Open"),
        ({"held": Decimal(100)}, "In a pay run"),
        ({"settled": Decimal(40)}, "Partly paid"),
        ({"settled": Decimal(100)}, "Paid"),
        ({"payable": "-100.00"}, "Credit"),
        ({"payable": "0"}, "Nothing due"),
        ({"payable": "0", "is_payable": False, "bill_type": "memo"}, "Memo"),
        ({"revision": 2}, "Reissued"),
    ],
)
def test_a_row_says_in_a_word_where_the_invoice_stands(people: Personas, columns: dict[str, Any], word: str) -> None:
    make_invoice(people.harlow_west, **{"payable": "100.00", "due_on": TODAY + timedelta(days=9), **columns})
    page = client_of(people.dana).get("/invoices/?state=all").content.decode()
    assert f">{word}</span>" in page.split("<tbody>")[1].split("</tbody>")[0]


def test_amounts_have_the_decimals_of_their_currency_and_a_true_minus_sign(people: Personas) -> None:
    make_invoice(people.harlow_west, "-1234.50", number="U-1")
    make_invoice(people.harlow_west, "120000", number="J-1", currency="JPY")
    page = client_of(people.dana).get("/invoices/?state=all").content.decode()
    assert "\u22121,234.50" in page
    assert ">120,000<" in page


# --- Filters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(people: Personas) -> Personas:
    """Six invoices that differ in everything a filter can ask."""
    with carrier():
        reno = Account.objects.create(
            customer=people.harlow, parent=people.harlow_west, name="Reno", external_id="AC-77"
        )
    make_invoice(people.harlow_west, "100.00", number="A-open", due_on=TODAY + timedelta(days=5))
    make_invoice(reno, "200.00", number="A-late", due_on=TODAY - timedelta(days=5), cycle="7")
    make_invoice(people.harlow_nord, "300.00", number="B-paid", settled=Decimal(300), system="boreal")
    make_invoice(people.harlow_nord, "-40.00", number="B-credit", system="boreal", due_on=None)
    make_invoice(people.harlow_nord, "500.00", number="E-run", held=Decimal(500), currency="EUR")
    make_invoice(people.harlow_nord, "600.00", number="E-again", revision=2, currency="EUR", due_on=TODAY)
    return people


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"A-open", "A-late", "B-credit", "E-again"}),
        ("state=all", {"A-open", "A-late", "B-paid", "B-credit", "E-run", "E-again"}),
        ("state=overdue", {"A-late"}),
        ("state=paid", {"B-paid"}),
        ("state=in_pay_run", {"E-run"}),
        ("state=credits", {"B-credit"}),
        ("state=nonsense", {"A-open", "A-late", "B-credit", "E-again"}),
        ("q=a-L", {"A-late"}),
        ("q=reno", {"A-late"}),
        ("q=ac-77", {"A-late"}),
        ("q=100%25", set()),
        (f"due_from={TODAY}", {"A-open", "E-again"}),
        (f"due_to={TODAY}", {"A-late", "E-again"}),
        ("due_from=yesterday", {"A-open", "A-late", "B-credit", "E-again"}),
        ("system=boreal&state=all", {"B-paid", "B-credit"}),
        ("cycle=7", {"A-late"}),
        ("currency=eur&state=all", {"E-run", "E-again"}),
        ("amount_from=150&amount_to=1,000.00", {"A-late", "E-again"}),
        ("amount_to=(40.00)", {"B-credit"}),
        ("reissued=yes", {"E-again"}),
    ],
)
def test_a_filter_shows_what_it_asks_for(shelf: Personas, query: str, expected: set[str]) -> None:
    assert set(listed(shelf.dana, query)) == expected


def test_the_filter_of_a_node_holds_all_below_it(shelf: Personas) -> None:
    assert set(listed(shelf.dana, f"account={shelf.harlow_west.code}")) == {"A-open", "A-late"}


def test_the_filter_of_another_customers_node_holds_nothing(shelf: Personas) -> None:
    make_invoice(shelf.lumen_root)
    assert listed(shelf.dana, f"account={shelf.lumen_root.code}") == []


def test_a_chip_says_what_is_asked_for_and_takes_it_away(shelf: Personas) -> None:
    page = client_of(shelf.dana).get("/invoices/?cycle=7&currency=USD").content.decode()
    assert "<b>Cycle</b> 7" in page
    assert 'href="?currency=USD" aria-label="Take away: Cycle 7"' in page


def test_the_filters_form_offers_only_nodes_that_the_person_may_see(shelf: Personas) -> None:
    page = client_of(shelf.nils).get("/invoices/filter/").content.decode()
    assert "Harlow Nord" in page
    assert "Harlow West" not in page
    assert "Reno" not in page


# --- Order, pages, totals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sort", ["number", "-number", "due", "-due", "billed", "-billed", "open", "-open", "account", "-account"]
)
def test_paging_meets_every_row_once_in_order_and_the_totals_are_its_sum(people: Personas, sort: str) -> None:
    make_invoices([people.harlow_west, people.harlow_nord], 130)
    make_invoice(people.harlow_west, "5.55", number="no-date", due_on=None)
    dana, address, pages = client_of(people.dana), f"/invoices/?sort={sort}&state=all", []
    while address:
        response = dana.get(address)
        pages.append(response.content)
        older = re.search(r'href="(\?[^"]*)" rel="next"', response.content.decode())
        address = f"/invoices/{older[1].replace('&amp;', '&')}" if older else ""
    seen = [number for page in pages for number in numbers(page)]
    assert len(seen) == len(set(seen)) == 131
    minor = [int(text) for page in pages for text in re.findall(r'data-minor="(-?\d+)" data-currency', page.decode())]
    for page in pages:
        assert figures(page)[0] == "131"
        assert figures(page)[2].replace(",", "").replace("\u2212", "-") == f"{Decimal(sum(minor)) / 100:.2f}"
    if sort == "number":
        assert seen == sorted(seen)


def test_newer_leads_back_to_where_one_came_from(people: Personas) -> None:
    make_invoices([people.harlow_west], 120)
    dana = client_of(people.dana)
    first = dana.get("/invoices/?state=all").content.decode()
    older = re.search(r'href="(\?[^"]*)" rel="next"', first)
    assert older
    second = dana.get(f"/invoices/{older[1].replace('&amp;', '&')}").content.decode()
    assert "51–100 of 120" in second
    newer = re.search(r'href="(\?[^"]*)" rel="prev"', second)
    assert newer
    back = dana.get(f"/invoices/{newer[1].replace('&amp;', '&')}").content
    assert numbers(back) == numbers(first.encode())
    assert "1–50 of 120" in back.decode()


def test_a_page_begins_anew_after_an_invoice_that_is_not_ones_own(people: Personas) -> None:
    foreign = make_invoice(people.lumen_root)
    make_invoice(people.harlow_west, number="H-1")
    assert listed(people.dana, f"after={foreign.code}") == ["H-1"]


def test_currencies_are_never_added_up_with_each_other(shelf: Personas) -> None:
    page = client_of(shelf.dana).get("/invoices/?state=all").content
    assert figures(page, "USD")[:4] == ["4", "560.00", "260.00", "\u221240.00"]
    assert figures(page, "EUR")[:4] == ["2", "1,100.00", "600.00", "0.00"]


def test_a_page_of_two_hundred_rows_asks_the_database_no_more_than_one_of_one(people: Personas) -> None:
    make_invoice(people.harlow_west, number="alone", currency="EUR")
    make_invoices([people.harlow_west, people.harlow_nord], 300)
    dana = client_of(people.dana)
    dana.get("/invoices/?size=200")
    asked = {}
    for query, rows in (("currency=EUR", 1), ("currency=USD&state=all&size=200", 200)):
        with CaptureQueriesContext(connection) as captured:
            assert len(numbers(dana.get(f"/invoices/?{query}").content)) == rows
        asked[rows] = [each["sql"] for each in captured]
    assert len(asked[1]) == len(asked[200]) <= 14
    assert len([sql for sql in asked[200] if re.search(r"FROM\s+billing_sources_invoice", sql)]) == 2  # rows, totals


def test_a_reissued_invoice_leaves_the_list_to_its_newest_revision(people: Personas) -> None:
    old = make_invoice(people.harlow_west, number="H-1")
    with ingest():
        Invoice.objects.filter(pk=old.pk).update(is_current=False, state=Invoice.State.SUPERSEDED)
    make_invoice(people.harlow_west, "80.00", number="H-1", revision=2)
    page = client_of(people.dana).get("/invoices/").content
    assert numbers(page) == ["H-1"]
    assert figures(page)[:3] == ["1", "80.00", "80.00"]
