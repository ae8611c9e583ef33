"""A filter on every column of the list, also by a list of values that somebody pastes."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from billing_sources.models import Invoice
from payments.models import ValueList
from payments.operations import tag_invoices
from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk
from tests.payments.invoice_pages import listed, numbers
from tests.payments.pages import words
from tests.personas import Personas

ALL = {"00042", "42", "00077-X", "C-1", "N-1"}


@pytest.fixture
def shelf(desk: Desk) -> Personas:
    people = desk.people
    with carrier():
        reno = Account.objects.create(
            customer=people.harlow, parent=people.harlow_west, name="Reno", external_id="AC-7", cost_center="4410"
        )
    due = date(2026, 12, 2)
    first = make_invoice(reno, "10.00", number="00042", cycle="7", due_on=due)
    make_invoice(people.harlow_west, "20.00", number="42", cycle="", due_on=due + timedelta(days=9))
    make_invoice(people.harlow_west, "1234.50", number="00077-X", currency="EUR", revision=3, due_on=None)
    make_invoice(people.harlow_west, "-5.00", number="C-1", billed_on=date(2026, 10, 1), due_on=due)
    placed = make_invoice(people.harlow_nord, "8.00", number="N-1", due_on=due)
    tag_invoices(people.dana, invoices=[first.code], tag="Mobile", key=uuid4(), now=timezone.now())
    run = desk.open(placed)
    desk.place(run, desk.pay(run, "wire"), placed, amount="3.00")
    return people


def pasted(actor: Actor, column: str, values: str, back: str = "state=all") -> Any:
    return client_of(actor).post("/invoices/lists/", {"column": column, "values": values, "back": back})


def shown(actor: Actor, column: str, values: str) -> set[str]:
    answer = pasted(actor, column, values)
    assert answer.status_code == 302, words(answer)
    return set(numbers(client_of(actor).get(answer.headers["Location"]).content))


FILTERED: list[tuple[str, set[str]]] = [
    ("number=042", {"00042"}),
    ("issued_to=2026-10-31", {"C-1"}),
    ("account_number=ac-7", {"00042"}),
    ("parent=west", {"00042"}),
    ("cost_center=441", {"00042"}),
    ("method=wire", {"N-1"}),
    ("method=none", ALL - {"N-1"}),
    ("held_from=1", {"N-1"}),
    ("open_from=5&open_to=10", {"00042", "N-1"}),
    ("revision_from=2", {"00077-X"}),
    ("without=cycle", {"42"}),
    ("without=due", {"00077-X"}),
    ("without=tags&without=due", {"00077-X"}),
    ("without=nonsense", ALL),
    ("to_pay_from=1", set()),
    ("disputed_from=1", set()),
    ("lists=number:ffffffffffffffffffff", set()),
    ("lists=nonsense", set()),
]


def test_every_column_has_a_filter(shelf: Personas) -> None:
    assert [(query, set(listed(shelf.dana, f"state=all&{query}"))) for query, _ in FILTERED] == FILTERED


def test_the_node_alone_leaves_out_what_is_below(shelf: Personas) -> None:
    west = f"state=all&account={shelf.harlow_west.code}"
    assert set(listed(shelf.dana, west)) == ALL - {"N-1"}
    assert set(listed(shelf.dana, f"{west}&directly=yes")) == ALL - {"N-1", "00042"}


LISTED: list[tuple[str, str, set[str]]] = [
    ("number", "00042\n42\r\nC-1", {"00042", "42", "C-1"}),
    ("number", "042", set()),  # could be either
    ("number", " 77-x ;000 N-1,\t", {"00077-X", "N-1"}),
    ("number", "42", {"42"}),  # its very number goes before what looks like it
    ("account", "reno", {"00042"}),
    ("account_number", "ac-7,ac-8", {"00042"}),
    ("cost_center", "4410", {"00042"}),
    ("tags", "mobile", {"00042"}),
    ("currency", "eur", {"00077-X"}),
    ("billed", "1,234.50\n(5.00)\n10", {"00077-X", "C-1", "00042"}),
    ("due", "2026-12-02", {"00042", "C-1", "N-1"}),
    ("system", "Atlas", ALL),
]


def test_a_list_of_values_shows_just_what_is_in_it(shelf: Personas) -> None:
    assert [(column, values, shown(shelf.dana, column, values)) for column, values, _ in LISTED] == LISTED


def test_lists_narrow_each_other_and_a_chip_takes_each_away(shelf: Personas) -> None:
    first = pasted(shelf.dana, "number", "00042\n42").headers["Location"].partition("?")[2]
    both = pasted(shelf.dana, "cycle", "7", back=first).headers["Location"]
    page = client_of(shelf.dana).get(both)
    assert numbers(page.content) == ["00042"]
    assert "Invoice one of 2 values" in words(page)
    assert (
        f'href="?{first}" aria-label="Take away: Cycle one of 1 values"'.replace("&", "&amp;") in page.content.decode()
    )


UNREADABLE = [
    ("billed", "10.00\nten", "Value 2 is no amount: “ten”"),
    ("due", "tomorrow", "Value 1 is no day"),
    ("number", "x" * 81, "Value 1 is longer than 80 characters"),
    ("number", " \x00\n ,;", "at least one value"),
    ("state", "open", "has no lists"),
    ("number", "\n".join(map(str, range(10_001))), "at most 10,000"),
]


def test_what_cannot_be_read_stays_in_its_field_with_the_reason(shelf: Personas) -> None:
    for column, values, why in UNREADABLE:
        answer = pasted(shelf.dana, column, values)
        assert answer.status_code == 422
        assert why in words(answer)
        assert values.strip()[:20].split("\n")[0].strip("\x00 ,;") in answer.content.decode()
    with acting(shelf.dana):
        assert not ValueList.objects.exists()


def test_the_same_values_are_the_same_list_and_another_customers_is_not_known(shelf: Personas) -> None:
    make_invoice(shelf.lumen_root, number="042", cycle="9")
    addresses = {pasted(shelf.dana, "number", text).headers["Location"] for text in ("42\nC-1", "C-1; 42, 42")}
    assert len(addresses) == 1
    with acting(shelf.dana):
        assert ValueList.objects.count() == 1
    assert numbers(client_of(shelf.carol).get(addresses.pop()).content) == []


def test_a_person_with_one_node_finds_only_what_lies_there(shelf: Personas) -> None:
    assert shown(shelf.nils, "number", "00042\nN-1") == {"N-1"}


def test_two_thousand_numbers_make_a_short_address_and_a_quick_page(people: Personas) -> None:
    make_invoices([people.harlow_west, people.harlow_nord], 2000)
    with acting(people.dana):
        made = list(Invoice.objects.values_list("number", flat=True))
    answer = pasted(people.dana, "number", "\n".join(f"  {number} " for number in made))
    address = answer.headers["Location"]
    assert len(address) < 100
    began = time.perf_counter()
    page = client_of(people.dana).get(address).content.decode()
    assert time.perf_counter() - began < 5
    assert re.search(r"1–50 of 2,000", page)
