"""The list of invoices as somebody without script meets it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from billing_sources.models import Invoice
from payments.models import InvoiceGroupMember, InvoiceTag, PayRun, PayRunItem, Tag
from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import acting, carrier, ingest
from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.personas import Personas

TODAY = timezone.localdate()


def numbers(page: bytes) -> list[str]:
    return re.findall(r'scope="row" class="sheet__lead"><a [^>]*>([^<]+)</a>', page.decode())


def listed(actor: Actor, query: str = "") -> list[str]:
    response = client_of(actor).get(f"/invoices/?{query}")
    assert response.status_code == 200
    return numbers(response.content)


def figures(page: bytes, currency: str = "USD") -> list[str]:
    """Count, billed, open, credits and selected of a currency, as the sum bar says them."""
    row = re.search(rf'<tr data-currency="{currency}" data-exponent.*?</tr>', page.decode(), re.DOTALL)
    assert row
    return re.findall(r"<td[^>]*>([^<]*)</td>", row[0])


def choice(actor: Actor, do: str, **fields: Any) -> tuple[Any, dict[str, str]]:
    """The form that the list's selection leads to, and its hidden fields."""
    response = client_of(actor).post("/invoices/selection/", {"do": do, **fields})
    hidden = re.findall(
        r'<input type="hidden" name="(key|filter|seen|whole_filter|back)" value="([^"]*)"', page_of(response)
    )
    return response, {name: value.replace("&amp;", "&") for name, value in hidden}


def page_of(response: Any) -> str:
    return str(response.content.decode())


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
    assert len(asked[1]) == len(asked[200]) < 20
    assert len([sql for sql in asked[200] if 'FROM "billing_sources_invoice"' in sql]) == 2  # its rows, its totals


# --- Selecting without script ---------------------------------------------------------------------------------------


def test_what_is_checked_is_kept_while_paging_without_script(people: Personas) -> None:
    make_invoices([people.harlow_west], 60)
    chosen = make_invoice(people.harlow_west, "7.00", number="kept", due_on=date(2020, 1, 1))
    page = client_of(people.dana).post(f"/invoices/?after={chosen.code}", {"invoice": chosen.code})
    assert "kept" not in numbers(page.content)
    assert f'<input type="hidden" name="invoice" value="{chosen.code}">' in page_of(page)
    assert figures(page.content)[4] == "7.00"


def test_tagging_goes_through_a_form_that_says_what_it_comes_to(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west, "10.00"), make_invoice(people.harlow_nord, "2.50")
    make_invoice(people.harlow_nord, number="not chosen")
    form, hidden = choice(people.dana, "tag", invoice=[one.code, two.code], back="sort=-open")
    assert "Tag 2 invoices" in page_of(form)
    assert "12.50" in page_of(form)
    fields = {"invoice": [one.code, two.code], "tag": "CC 4410", "act": "put_on", **hidden}
    done = client_of(people.dana).post("/invoices/selection/tags/", fields)
    assert done.headers["Location"] == "/invoices/?sort=-open"
    assert len(listed(people.dana, "tag=CC 4410")) == 2
    client_of(people.dana).post("/invoices/selection/tags/", {**fields, "act": "take_off", "key": uuid4()})
    assert listed(people.dana, "tag=CC 4410") == []


def test_all_in_the_filter_means_the_whole_filter_not_the_page(people: Personas) -> None:
    make_invoices([people.harlow_west], 80)
    make_invoice(people.harlow_west, number="other", currency="EUR")
    form, hidden = choice(people.dana, "tag", whole_filter="yes", filter="currency=USD&state=all")
    assert "Tag 80 invoices" in page_of(form)
    client_of(people.dana).post("/invoices/selection/tags/", {"tag": "usd", "act": "put_on", **hidden})
    with acting(people.dana):
        assert InvoiceTag.objects.count() == 80


def test_a_bill_that_came_in_since_does_not_slip_into_the_whole_filter(people: Personas) -> None:
    make_invoices([people.harlow_west], 3)
    _, hidden = choice(people.dana, "tag", whole_filter="yes", filter="state=all")
    make_invoice(people.harlow_west)
    client_of(people.dana).post("/invoices/selection/tags/", {"tag": "x", "act": "put_on", **hidden})
    with acting(people.dana):
        assert not Tag.objects.exists()


def test_the_same_form_sent_twice_is_done_once(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    _, hidden = choice(people.dana, "pay", invoice=invoice.code)
    for _ in range(2):
        done = client_of(people.dana).post(
            "/invoices/selection/pay-runs/", {"invoice": invoice.code, "title": "November", "run": "", **hidden}
        )
        assert done.status_code == 302
    with acting(people.dana):
        assert PayRun.objects.count() == 1


def test_selected_invoices_go_into_a_new_run_or_a_draft_and_what_cannot_be_paid_is_left_out(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west), make_invoice(people.harlow_west)
    paid, credit = make_invoice(people.harlow_west, settled=Decimal(100)), make_invoice(people.harlow_west, "-5.00")
    every = [one.code, paid.code, credit.code]
    form, hidden = choice(people.dana, "pay", invoice=every)
    assert "Add 1 invoice to a pay run" in page_of(form)
    assert "2 of those selected are left out" in page_of(form)
    dana = client_of(people.dana)
    dana.post("/invoices/selection/pay-runs/", {"invoice": every, "title": "November", "run": "", **hidden})
    with acting(people.dana):
        run = PayRun.objects.get()
    _, hidden = choice(people.dana, "pay", invoice=two.code)
    dana.post("/invoices/selection/pay-runs/", {"invoice": two.code, "run": run.code, **hidden})
    with acting(people.dana):
        assert PayRunItem.objects.filter(run=run).count() == 2


@pytest.mark.parametrize("do", ["tag", "group", "pay"])
def test_another_customers_invoices_in_a_posted_selection_change_nothing(people: Personas, do: str) -> None:
    foreign = make_invoice(people.lumen_root)
    addresses = {"tag": "tags", "group": "groups", "pay": "pay-runs"}
    fields = {"invoice": foreign.code, "tag": "x", "group": "x", "title": "x", "act": "put_on", "key": uuid4()}
    assert client_of(people.dana).post("/invoices/selection/", {"do": do, "invoice": foreign.code}).status_code == 302
    client_of(people.dana).post(f"/invoices/selection/{addresses[do]}/", fields)
    with carrier():
        assert not InvoiceTag.objects.exists()
        assert not InvoiceGroupMember.objects.exists()
        assert not PayRunItem.objects.exists()


def test_another_customers_pay_run_cannot_take_invoices(people: Personas) -> None:
    from payments.operations import open_run

    run = open_run(people.carol, title="Theirs", invoices=[], key=uuid4(), now=timezone.now()).code
    own = make_invoice(people.harlow_west)
    fields = {"invoice": own.code, "run": run, "key": uuid4()}
    assert client_of(people.dana).post("/invoices/selection/pay-runs/", fields).status_code == 404
    with carrier():
        assert not PayRunItem.objects.exists()


@pytest.mark.parametrize("address", ["tags/", "groups/", "pay-runs/"])
def test_whoever_may_only_see_is_offered_no_buttons_and_can_post_nothing(people: Personas, address: str) -> None:
    invoice = make_invoice(people.harlow_nord)
    assert (
        'type="checkbox"'
        not in client_of(people.nils).get("/invoices/").content.decode().split("<tbody>")[1].split("</table>")[0]
    )
    fields = {"invoice": invoice.code, "tag": "x", "group": "x", "title": "x", "key": uuid4()}
    assert client_of(people.nils).post(f"/invoices/selection/{address}", fields).status_code == 404


def test_nothing_selected_is_said_in_words(people: Personas) -> None:
    make_invoice(people.harlow_west)
    response = client_of(people.dana).post("/invoices/selection/", {"do": "pay"}, follow=True)
    assert "Select invoices first" in page_of(response)


# --- Taking it along, and finding -----------------------------------------------------------------------------------


def test_the_csv_holds_the_whole_filter_in_its_order_and_amounts_as_numbers(people: Personas) -> None:
    make_invoices([people.harlow_west], 120)
    make_invoice(people.harlow_west, number="other", currency="EUR")
    body = (
        client_of(people.dana)
        .get("/invoices/export.csv?currency=USD&state=all&sort=-billed")
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
    assert "-9.00" in {row["Billed"] for row in rows}
    book = client_of(people.dana).get("/invoices/export.xlsx?state=all").getvalue()
    sheet = load_workbook(io.BytesIO(book)).active
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
        found = {cell.value for row in load_workbook(io.BytesIO(body)).active.iter_rows() for cell in row}
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


def test_a_reissued_invoice_leaves_the_list_to_its_newest_revision(people: Personas) -> None:
    old = make_invoice(people.harlow_west, number="H-1")
    with ingest():
        Invoice.objects.filter(pk=old.pk).update(is_current=False, state=Invoice.State.SUPERSEDED)
    make_invoice(people.harlow_west, "80.00", number="H-1", revision=2)
    page = client_of(people.dana).get("/invoices/").content
    assert numbers(page) == ["H-1"]
    assert figures(page)[:3] == ["1", "80.00", "80.00"]
