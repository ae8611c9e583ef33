"""Whose bill is absent: learnt from the months before, alarmed on the board, and shown to the customer it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from billing_sources.calendar import Cycle
from billing_sources.completeness.learnt import Billed, expected, first_looked_at
from billing_sources.completeness.queries import absent_accounts
from billing_sources.models import AccountLink, QuarantinedInvoice
from portal.tenancy import carrier
from tests.billing_sources.staff import ORDER, Night, signed_in, text_of
from tests.factories import make_invoice
from tests.personas import Personas

pytest_plugins = ["tests.billing_sources.staff"]

NOVEMBER = date(2026, 11, 1)
CYCLES: dict[int, Sequence[Cycle]] = {1: [Cycle("2", 5)]}


def words(*months: int, today: date = date(2026, 11, 10), has_come: bool = False) -> list[str]:
    """Of an account that was billed on the fifth of these months of 2026, seen in November."""
    history = [Billed(1, "2", 7, date(2026, month, 1), date(2026, month, 5)) for month in months]
    return [each.word(today, has_come) for each in expected(history, NOVEMBER, CYCLES)]


def test_an_account_that_was_billed_every_month_is_late_after_its_day() -> None:
    assert words(8, 9, 10) == ["late"]
    assert words(8, 9, 10, has_come=True) == ["absent"]
    assert words(8, 9, 10, today=date(2026, 11, 6)) == ["expected"]
    assert words(8, 9, 10, 11) == ["received"]


def test_a_new_account_is_expected_from_its_second_month_on() -> None:
    assert words(10) == ["late"]


def test_an_account_that_has_ended_is_asked_for_twice_and_then_no_more() -> None:
    assert words(8, 9) == ["late"]
    assert words(8) == []


def test_an_account_that_moved_to_another_cycle_was_received() -> None:
    history = [Billed(1, "2", 7, date(2026, month, 1), date(2026, month, 5)) for month in (9, 10)]
    moved = [*history, Billed(1, "3", 7, NOVEMBER, date(2026, 11, 20))]
    assert {each.word(date(2026, 11, 25)) for each in expected(moved, NOVEMBER, CYCLES)} == {"received"}


def test_three_months_are_looked_back() -> None:
    assert first_looked_at(NOVEMBER) == date(2026, 8, 1)
    assert first_looked_at(date(2026, 2, 1)) == date(2025, 11, 1)


@pytest.fixture
def a_month_before(bills_came_in: Night) -> Night:
    """December's file brings two accounts less than November's. November's bills stand, two of them held."""
    bills_came_in.import_order(replace(ORDER, invoices=20, faults=(), billed_on=date(2026, 12, 5)))
    return bills_came_in


def test_the_board_counts_the_accounts_that_a_cycle_did_not_bill_again(a_month_before: Night) -> None:
    with carrier():
        ((system, cycle), links) = next(iter(absent_accounts(date(2026, 12, 1)).items()))
    assert cycle == "2"
    page = text_of(a_month_before.erik.get(reverse("bill_cycles") + "?month=2026-12"))
    assert f"20, {len(links)} absent" in page
    assert f"{len(links)} accounts billed before and absent now" in page

    address = reverse("accounts_absent", args=["atlas"]) + "?month=2026-12&cycle=2"
    absent = text_of(a_month_before.erik.get(address))
    assert absent.count("2026-11-05") == len(links) >= 2


def test_an_account_whose_bill_is_held_unreadable_is_not_absent(bills_came_in: Night) -> None:
    bills_came_in.import_order(replace(ORDER, faults=(), billed_on=date(2026, 12, 5)))
    run = bills_came_in.import_order(replace(ORDER, faults=("bad_date",), billed_on=date(2027, 1, 5)))
    with carrier():
        held = QuarantinedInvoice.objects.get(file__run=run, canonical=None)
        billed_before = AccountLink.objects.get(external_id=held.account)
        absent = {link for links in absent_accounts(date(2027, 1, 1)).values() for link in links}
        assert billed_before.pk not in absent
        QuarantinedInvoice.objects.filter(pk=held.pk).update(state="discarded", reason="a test bill of theirs")
        absent = {link for links in absent_accounts(date(2027, 1, 1)).values() for link in links}
    assert billed_before.pk in absent, "once it is discarded there is none"


def test_a_cycle_that_has_not_come_alarms_for_nobody(bills_came_in: Night) -> None:
    page = text_of(bills_came_in.erik.get(reverse("bill_cycles") + "?month=2026-12"))
    assert "absent" not in page


def test_a_customer_sees_which_of_its_own_bills_have_not_come(people: Personas) -> None:
    today = timezone.localdate()
    last_month = date.fromordinal(today.replace(day=1).toordinal() - 1).replace(day=1)
    make_invoice(people.harlow_west, billed_on=last_month, cycle="5")
    make_invoice(people.harlow_nord, billed_on=today, cycle="5")
    make_invoice(people.lumen_root, billed_on=last_month, cycle="5")

    page = text_of(signed_in(people.dana.user_id).get(reverse("bills_expected")))
    assert "Harlow West" in page and "Harlow Nord" in page
    assert "Lumen" not in page
    assert "1 received" in page
    assert "Live: Atlas" in page and "To come: Boreal" in page

    nord_only = text_of(signed_in(people.nils.user_id).get(reverse("bills_expected")))
    assert "Harlow Nord" in nord_only and "Harlow West" not in nord_only
