"""The list gathered by what invoices have in common: each group opens to its invoices, and all add up to the whole."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from payments.invoices.filters import GROUPINGS
from payments.operations import tag_invoices
from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import carrier
from tests.clients import client_of
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.invoice_pages import figures, listed
from tests.personas import Personas

Group = tuple[str, str, str]  # name, count, open


def page_of(actor: Actor, query: str) -> str:
    answer = client_of(actor).get(f"/invoices/?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def lines(page: str) -> list[list[str]]:
    """The texts of each row: name, count, currency, billed, credits, in pay runs, open."""
    rows = re.findall(r"<tr data-row.*?</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>|▸ below", "", cell).strip() for cell in row] for row in cells]


def links(page: str) -> list[str]:
    return [url.replace("&amp;", "&") for url in re.findall(r'<tr data-row data-href="\?([^"]*)"', page)]


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u2212", "-"))


@pytest.fixture
def shelf(desk: Desk) -> Personas:
    people = desk.people
    with carrier():
        oslo = Account.objects.create(customer=people.harlow, parent=people.harlow_nord, name="Oslo")
    one = make_invoice(people.harlow_west, "10.00", number="W-1", due_on=date(2026, 12, 2), cycle="7")
    two = make_invoice(people.harlow_west, "20.00", number="W-2", due_on=date(2026, 12, 6), cycle="12", system="boreal")
    make_invoice(people.harlow_nord, "-4.00", number="N-1", due_on=None, cycle="")
    make_invoice(oslo, "8.00", number="O-1", due_on=date(2026, 12, 7), currency="EUR", cycle="7")
    make_invoice(people.harlow_root, "1.00", number="R-1", due_on=date(2026, 12, 7), cycle="7")
    for tag in ("CC 4410", "Mobile"):
        tag_invoices(people.dana, invoices=[one.code], tag=tag, key=uuid4(), now=timezone.now())
    run = desk.open(one, two)
    desk.place(run, desk.pay(run, "wire"), one, amount="6.00")
    return people


@pytest.mark.parametrize("by", GROUPINGS)
def test_groups_add_up_to_the_whole_and_each_opens_to_just_its_invoices(shelf: Personas, by: str) -> None:
    page = page_of(shelf.dana, f"state=all&by={by}")
    rows = lines(page)
    for currency in ("USD", "EUR"):
        mine = [row for row in rows if row[2] == currency]
        count, billed, open_, credits_, held = figures(page.encode(), currency)[:5]
        assert sum(amount(row[1]) for row in mine) == amount(count)
        for place, total in ((3, billed), (4, credits_), (5, held), (6, open_)):
            assert sum(amount(row[place]) for row in mine) == amount(total)
    opened = {link: {row[0] for row in rows if row[0]} for link in links(page)}
    assert opened
    for link in opened:
        wanted = sum(int(row[1]) for row, url in zip(rows, links(page), strict=False) if url == link)
        assert len(listed(shelf.dana, link)) == wanted, link


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("node", ["Harlow Nord", "Harlow Nord", "Harlow West", "On the account itself"]),
        (
            "week",
            ["2026-11-30 – 2026-12-06", "2026-12-07 – 2026-12-13", "2026-12-07 – 2026-12-13", "Without a due date"],
        ),
        ("cycle", ["Cycle 7", "Cycle 7", "Cycle 12", "Without a cycle"]),
        ("tag", ["CC 4410", "Mobile", "Without a tag", "Without a tag", "Counted more than once"]),
        ("method", ["Wire", "On no payment yet", "On no payment yet"]),
    ],
)
def test_groups_stand_in_the_order_a_person_looks_for_them(shelf: Personas, by: str, expected: list[str]) -> None:
    assert [row[0] for row in lines(page_of(shelf.dana, f"state=all&by={by}"))] == expected


def test_what_stands_on_no_such_thing_comes_last(shelf: Personas) -> None:
    assert [row[0] for row in lines(page_of(shelf.dana, "state=all&by=system"))][0] == "Atlas"


def test_the_tree_opens_a_level_at_a_time(shelf: Personas) -> None:
    page = page_of(shelf.dana, "state=all&by=node")
    below = re.search(r'href="\?([^"]*by=node[^"]*)" aria-label="What is below Harlow Nord"', page)
    assert below
    deeper = lines(page_of(shelf.dana, below[1].replace("&amp;", "&")))
    assert [(row[0], row[1]) for row in deeper] == [("Oslo", "1"), ("On the account itself", "1")]


def test_a_person_with_one_node_gathers_only_what_lies_there(shelf: Personas) -> None:
    assert [row[0] for row in lines(page_of(shelf.nils, "state=all&by=node"))] == ["Oslo", "On the account itself"]
    assert "Harlow West" not in page_of(shelf.nils, "state=all&by=node")


def test_a_week_is_cut_where_the_filter_is(shelf: Personas) -> None:
    (link,) = links(page_of(shelf.dana, "state=all&by=week&due_from=2026-12-03&due_to=2026-12-06"))
    assert listed(shelf.dana, link) == ["W-2"]


def test_a_page_of_groups_asks_the_database_as_often_whatever_it_holds(shelf: Personas) -> None:
    dana, asked = client_of(shelf.dana), []
    for query in ("currency=EUR&by=tag", "state=all&by=tag"):
        with CaptureQueriesContext(connection) as captured:
            assert dana.get(f"/invoices/?{query}").status_code == 200
        asked.append(len(captured))
    assert asked[0] == asked[1] <= 14
