"""Void, replace, rebill, late charges: what a source takes back, in whatever order its word arrives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from billing_sources.canonical import BillType, CanonicalInvoice
from tests.billing_sources.bills import Desk, bill, invoices, rules


def void(number: str = "1001", on: date = date(2026, 11, 10)) -> CanonicalInvoice:
    nothing = dict.fromkeys(("line_total", "tax_excluded", "tax", "tax_included", "amount_due"), Decimal(0))
    return bill(number=number, bill_type=BillType.VOID, billed_on=on, charges=[], **nothing)


def rebill(*amounts: str, replaces: str = "1001", number: str = "1002", **fields: Any) -> CanonicalInvoice:
    return bill(*amounts, number=number, replaces=replaces, billed_on=date(2026, 11, 10), **fields)


def current() -> dict[str, tuple[str, str]]:
    """Number → what it is and what can be paid on it, of the bills that stand."""
    return {row.number: (row.bill_type, f"{row.payable:.2f}") for row in invoices(is_current=True)}


def test_a_void_bill_is_a_revision_on_which_nothing_is_due(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    file = desk.hand_in(void())
    assert (file.state, file.revised, file.loaded_bills) == ("published", 1, 1)
    assert current() == {"1001": ("void", "0.00")}


def test_a_bill_that_comes_after_its_void_does_not_rise_again(desk: Desk) -> None:
    desk.hand_in(void())
    file = desk.hand_in(bill("100.00"))
    assert current() == {"1001": ("void", "0.00")}
    assert rules(file) == ["OLD-02"]
    assert file.state == "published"


def test_the_same_bill_sent_once_more_does_not_undo_its_void(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(void())
    file = desk.hand_in(bill("100.00"), bill("7.00", number="2000"))
    assert current()["1001"] == ("void", "0.00")
    assert rules(file) == ["OLD-02"]


def test_a_corrected_bill_takes_the_place_of_a_void_one(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(void())
    desk.hand_in(bill("80.00"))
    assert current() == {"1001": ("invoice", "80.00")}
    assert [row.revision for row in invoices()] == [1, 2, 3]


def test_a_rebill_voids_the_bill_whose_place_it_takes(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    file = desk.hand_in(rebill("90.00"))
    assert current() == {"1001": ("void", "0.00"), "1002": ("invoice", "90.00")}
    assert invoices(number="1001", is_current=True)[0].preceding == "1002"
    assert (file.state, file.loaded_bills, file.read_bills) == ("published", 1, 1)


def test_a_rebill_and_its_bill_in_one_file_leave_one_to_pay(desk: Desk) -> None:
    desk.hand_in(bill("100.00"), rebill("90.00"))
    assert current() == {"1001": ("void", "0.00"), "1002": ("invoice", "90.00")}


def test_a_bill_that_was_replaced_before_it_came_is_not_shown(desk: Desk) -> None:
    first = desk.hand_in(rebill("90.00"))
    assert rules(first) == ["REBILL-01"]
    late = desk.hand_in(bill("100.00"))
    assert rules(late) == ["OLD-02"]
    assert current() == {"1002": ("invoice", "90.00")}


def test_a_rebill_of_a_rebill_leaves_the_last_one_to_pay(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(rebill("90.00"))
    desk.hand_in(rebill("85.00", number="1003", replaces="1002"))
    assert {number: payable for number, (_, payable) in current().items()} == {
        "1001": "0.00",
        "1002": "0.00",
        "1003": "85.00",
    }


def test_the_same_number_in_another_entity_is_another_bill(desk: Desk) -> None:
    desk.hand_in(bill("100.00", entity="north"), bill("50.00", entity="south"))
    desk.hand_in(rebill("90.00", entity="north"))
    standing = {(row.entity, row.number): row.bill_type for row in invoices(is_current=True)}
    assert standing == {("north", "1001"): "void", ("south", "1001"): "invoice", ("north", "1002"): "invoice"}


def test_late_charges_are_a_revision_or_a_bill_of_their_own(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(bill("100.00", "12.00"))
    desk.hand_in(bill("3.00", number="1001-L", preceding="1001"))
    assert current() == {"1001": ("invoice", "112.00"), "1001-L": ("invoice", "3.00")}


WORDS = {
    "bill": lambda: bill("100.00"),
    "void": void,
    "rebill": lambda: rebill("90.00"),
}


@pytest.mark.parametrize("order", permutations(WORDS), ids=" ".join)
def test_in_every_order_one_bill_is_left_to_pay(desk: Desk, order: tuple[str, ...]) -> None:
    """A bill, its void and its rebill, each in a file of its own: the rebill is due, and nothing else."""
    for word in order:
        desk.hand_in(WORDS[word]())
    payable = {number: amount for number, (_, amount) in current().items() if Decimal(amount)}
    assert payable == {"1002": "90.00"}
