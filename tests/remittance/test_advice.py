"""An advice is what money and paper agree on: it ties, or it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from payments.domain.references import ReferenceInvalid
from remittance.advice import AdviceDoesNotTie, Totals, build, from_plain, to_plain
from remittance.sheets import cut
from tests.remittance.advices import ISSUED, MOCK_UP_LINES, PAYER, advice, line, many_lines


def test_a_payment_that_is_not_the_sum_of_its_lines_is_refused() -> None:
    good = advice()
    off_by_a_cent = replace(good.payment, amount=good.payment.amount + Decimal("0.01"))
    with pytest.raises(AdviceDoesNotTie, match="the payment to 16435.18"):
        build(off_by_a_cent, good.payee, good.payer, good.lines, ISSUED)


def test_a_stored_advice_that_was_edited_is_refused() -> None:
    stored = to_plain(advice())
    stored["totals"]["short_paid"] = "0.00"
    with pytest.raises(AdviceDoesNotTie, match="are not the sums of the lines"):
        from_plain(stored)


def test_a_stored_advice_whose_scan_line_names_another_amount_is_refused() -> None:
    stored = to_plain(advice())
    stored["scan_line"] = advice(MOCK_UP_LINES[:1]).scan_line
    with pytest.raises(AdviceDoesNotTie, match="another payment"):
        from_plain(stored)


def test_a_line_may_not_be_paid_beyond_what_was_billed() -> None:
    with pytest.raises(AdviceDoesNotTie, match="do not fit"):
        advice([line("A-1", "100.00", "90.00", "10.01")])


def test_a_short_payment_needs_a_reason() -> None:
    with pytest.raises(AdviceDoesNotTie, match="without a reason"):
        advice([line("A-1", "100.00", "90.00", "10.00", reason="")])


def test_a_credit_note_cannot_be_short_paid_or_used_beyond_itself() -> None:
    invoice = line("A-1", "100.00", "100.00")
    for credit in (line("C-1", "-10.00", "-10.01"), line("C-1", "-10.00", "-8.00", "2.00")):
        with pytest.raises(AdviceDoesNotTie, match="do not fit"):
            advice([invoice, credit])


def test_credits_may_not_turn_a_payment_into_a_claim() -> None:
    with pytest.raises((AdviceDoesNotTie, ReferenceInvalid)):
        advice([line("C-1", "-10.00", "-10.00")])


def test_the_same_invoice_twice_is_refused_but_two_systems_may_use_one_number() -> None:
    twice = [line("A-1", "10.00", "10.00"), line("A-1", "10.00", "10.00")]
    with pytest.raises(AdviceDoesNotTie, match="twice"):
        advice(twice)
    assert advice([twice[0], replace(twice[1], system="boreal")]).totals.count == 2


def test_a_fraction_of_a_cent_is_refused_and_a_baisa_is_not() -> None:
    with pytest.raises(AdviceDoesNotTie, match="minor units"):
        advice([line("A-1", "10.001", "10.001"), line("A-2", "9.999", "9.999")], currency="USD")
    assert advice([line("A-1", "10.001", "10.001")], currency="OMR").totals.paid == Decimal("10.001")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(AdviceDoesNotTie, match="zone"):
        advice(issue=replace(ISSUED, issued_at=datetime(2026, 11, 21, 9, 30)))


def test_the_totals_are_those_of_the_mock_up_kind() -> None:
    assert advice().totals == Totals(4, Decimal("16555.17"), Decimal("120.00"), Decimal("16435.17"))


def test_what_was_stored_reads_back_as_the_same_advice() -> None:
    issued = advice()
    assert from_plain(to_plain(issued)) == issued
    assert to_plain(issued)["payment"]["amount"] == "16435.17"


def test_a_customer_number_too_long_for_a_reference_is_refused_by_name() -> None:
    with pytest.raises(ReferenceInvalid, match="12345678901234"):
        advice(payer=replace(PAYER, number="12345678901234"))


@pytest.mark.parametrize("count", [1, 2, 12, 13, 14, 15, 16, 40, 1000])
def test_every_line_stands_on_one_sheet_and_what_is_carried_is_brought(count: int) -> None:
    issued = advice(many_lines(count, ["Turku", "Harlow Freight Logistics International · Gothenburg terminal 4"]))
    sheets = cut(issued)
    assert [one for sheet in sheets for one in sheet.lines] == list(issued.lines)
    assert all(after.brought == before.carried for before, after in zip(sheets, sheets[1:], strict=False))
    assert sheets[0].brought == Totals()
    assert sheets[-1].carried == issued.totals
    assert all(sheet.lines for sheet in sheets)
    assert [sheet.is_last for sheet in sheets] == [False] * (len(sheets) - 1) + [True]
