"""Tags, what to pay and why not the rest are changed where an invoice stands in the list, by plain forms as well."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from billing_sources.models import Invoice
from payments.cells.reading import read_to_pay
from payments.domain.refusals import Refused
from payments.models import InvoiceTag
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, words
from tests.payments.test_to_pay import wanted

ASKED_BY_SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def dana(desk: Desk) -> Reader:
    return Reader.of(desk.people.dana)


def cells(bill: Invoice) -> str:
    return f"/invoices/{bill.code}/cells/"


def save(dana: Reader, bill: Invoice, **fields: Any) -> Any:
    """The row's own page, filled in and sent as a browser does: what is not typed goes along as it stands."""
    page = dana.see(cells(bill))
    shown = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', page))
    chosen = re.search(r'<option value="(\w*)" selected>', page)
    return dana.client.post(cells(bill), {**shown, "reason": chosen[1] if chosen else "", **fields})


def put(dana: Reader, bill: Invoice, **fields: Any) -> Any:
    """One cell, as the script sends it."""
    return dana.client.post(cells(bill), {"key": uuid4(), **fields}, headers=ASKED_BY_SCRIPT)


def tags(bill: Invoice) -> list[str]:
    with carrier(read_only=True):
        return sorted(InvoiceTag.objects.filter(invoice=bill).values_list("tag__name", flat=True))


def test_a_rows_own_page_changes_all_of_it_without_script(desk: Desk, dana: Reader) -> None:
    bill = make_invoice(desk.people.harlow_west, "1234.56", number="A1-1")
    done = save(dana, bill, to_pay="50%", reason="other", note="the lift", tags="CC 4410,  Mobile , CC 4410")
    assert done.url.startswith("/invoices/?")
    assert wanted(bill) == ("617.28", "other", "the lift")
    assert tags(bill) == ["CC 4410", "Mobile"]
    assert "617.28 Other: the lift" in words(dana.see("/invoices/"))

    save(dana, bill, tags="Mobile")
    assert (tags(bill), wanted(bill)) == (["Mobile"], ("617.28", "other", "the lift"))
    save(dana, bill, to_pay="")
    assert wanted(bill) is None


def test_the_way_back_is_the_list_as_it_was_left(desk: Desk, dana: Reader) -> None:
    bill = make_invoice(desk.people.harlow_west)
    came_from = "http://testserver/invoices/?state=all&sort=-open"
    page = dana.client.get(cells(bill), headers={"Referer": came_from}).content.decode()
    assert 'name="back" value="state=all&amp;sort=-open"' in page
    answer = dana.client.post(cells(bill), {"key": uuid4(), "back": "state=all&sort=-open", "to_pay": "1"})
    assert answer["Location"] == "/invoices/?state=all&sort=-open"


def test_a_cell_saved_in_the_list_answers_with_the_row_as_it_stands(desk: Desk, dana: Reader) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00", number="A1-1")
    answer = put(dana, bill, to_pay="=", seen="")
    assert answer.json()["said"] == "A1-1: 100.00 USD is to be paid."
    assert 'data-edit="to_pay" data-value="100.00" data-seen="100||">100.00</a>' in answer.json()["row"]
    assert put(dana, bill, to_pay="60", seen="100||").status_code == 200
    assert put(dana, bill, reason="tax_exempt", note="", seen="60||").status_code == 200
    assert put(dana, bill, tags="Mobile", seen_tags="").status_code == 200
    assert (wanted(bill), tags(bill)) == (("60.00", "tax_exempt", ""), ["Mobile"])


def test_what_cannot_be_is_refused_in_words_and_typed_text_stays_on_the_page(desk: Desk, dana: Reader) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00", number="A1-1")
    for typed, said in (
        ("lots", "“lots” is no amount: type 60, 50% or =."),
        ("100.01", "A1-1 has 100.00 USD open, not 100.01."),
        ("0.001", "A1-1: 0.001 is finer than USD can pay."),
        ("-1", "what is to be paid is zero or more"),
        ("120%", "“120%” is no amount"),
        ("1\x00", "is no amount"),
    ):
        answer = put(dana, bill, to_pay=typed, seen="")
        assert (answer.status_code, said in answer.json()["said"]) == (422, True), typed
    assert put(dana, bill, reason="tax_exempt", seen="").json()["said"].endswith("a reason alone says nothing.")
    assert put(dana, bill, tags="x" * 41, seen_tags="").status_code == 422
    assert put(dana, bill, tags="a\x00b", seen_tags="").status_code == 422
    refused = save(dana, bill, to_pay="lots", note="kept")
    assert refused.status_code == 422
    assert 'value="lots"' in refused.content.decode()
    assert wanted(bill) is None


def test_of_two_people_in_one_cell_the_second_is_told_what_stands_and_loses_nothing(desk: Desk, dana: Reader) -> None:
    bill = make_invoice(desk.people.harlow_west, "100.00", number="A1-1")
    other_tab = Reader.of(desk.people.dana)
    put(other_tab, bill, to_pay="60", seen="")
    put(other_tab, bill, tags="Mobile", seen_tags="")

    answer = put(dana, bill, to_pay="70", seen="")
    assert answer.status_code == 422
    assert answer.json()["said"] == "A1-1 was changed meanwhile: 60.00 USD is to be paid."
    assert 'data-seen="60||"' in answer.json()["row"]  # with this mark the next Enter is meant
    assert put(dana, bill, tags="CC 1", seen_tags="").json()["said"] == "A1-1 was changed meanwhile: it has Mobile."
    assert (wanted(bill), tags(bill)) == (("60.00", "", ""), ["Mobile"])

    stale = dana.client.post(cells(bill), {"key": uuid4(), "seen": "", "to_pay": "70", "reason": "", "note": ""})
    assert 'name="seen" value="60||"' in stale.content.decode()
    assert 'value="70"' in stale.content.decode()
    assert save(dana, bill, to_pay="70").status_code == 302
    # A form that was sent unchanged changes nothing, whatever happened meanwhile.
    assert put(dana, bill, to_pay="60", reason="", note="", seen="60||").status_code == 200
    assert wanted(bill) == ("70.00", "", "")


def test_nobody_changes_cells_of_others_or_without_the_right(desk: Desk, dana: Reader) -> None:
    foreign, own = make_invoice(desk.people.lumen_root), make_invoice(desk.people.harlow_nord)
    assert put(dana, foreign, to_pay="1", seen="").status_code == 404
    for person in (desk.people.nils, desk.people.victor):
        reader = Reader.of(person)
        assert put(reader, own, to_pay="1", seen="").status_code == 404
        assert put(reader, own, tags="x", seen_tags="").status_code == 404
        assert "Save" not in reader.see(cells(own))
        assert "data-edit" not in reader.see("/invoices/")
    assert (wanted(own), tags(own)) == (None, [])


def test_amounts_are_read_as_people_type_them() -> None:
    open_ = Decimal("1234.56")
    texts = {"": None, " ": None, "=": "1234.56", "all": "1234.56", "1,000.5": "1000.5", "0": "0", "33.3%": "411.11"}
    for text, amount in texts.items():
        assert read_to_pay(text, open_, "USD") == (None if amount is None else Decimal(amount)), text
    assert read_to_pay("50%", Decimal(5), "JPY") == Decimal(3)
    with pytest.raises(Refused):
        read_to_pay("%", open_, "USD")
