"""A later bill lowers or raises an invoice that has money on it: no cent is counted twice, none is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from billing_sources.models import Invoice
from payments.models import AllocationEvent, Break, InvoiceTag, PayRunItem, ShortPay
from payments.operations.meet_revisions import meet_revisions
from portal.tenancy import carrier, ingest
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.partner import Partner


def revise(desk: Desk, old: Invoice, payable: str, **overrides: Any) -> Invoice:
    """What the nightly import does with a changed bill: it waits where money stands on the one before."""
    stands = desk.invoice(old)
    has_money = bool(stands.held or stands.settled)
    if not has_money:
        with ingest():
            Invoice.objects.filter(pk=old.pk).update(state="superseded", is_current=False)
    return make_invoice(
        desk.people.harlow_west,
        payable,
        **{
            "number": old.number,
            "revision": old.revision + 1,
            "currency": old.currency,
            "is_current": not has_money,
            "state": "waiting" if has_money else "published",
            **overrides,
        },
    )


def stands(desk: Desk, invoice: Invoice) -> tuple[str, str, str, str]:
    found = desk.invoice(invoice)
    return found.state, str(found.held), str(found.settled), str(found.open)


def run_in(desk: Desk, state: str, *invoices: Invoice) -> UUID:
    run = {"submitted": desk.submitted, "approved": desk.approved}.get(state)
    if run:
        return run(*invoices)
    draft = desk.open(*invoices)
    desk.place(draft, desk.pay(draft), *invoices)
    return draft


@pytest.mark.parametrize("state", ["draft", "submitted", "approved"])
@pytest.mark.parametrize(("payable", "held", "open_"), [("60.00", "60.00", "0.00"), ("140.00", "100.00", "40.00")])
def test_holds_move_to_the_new_bill_and_the_run_is_a_draft_that_says_why(
    desk: Desk, state: str, payable: str, held: str, open_: str
) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = run_in(desk, state, old)
    new = revise(desk, old, payable)

    assert meet_revisions(desk.now) == 1

    assert stands(desk, old)[0] == "superseded"
    assert stands(desk, new) == ("published", held, "0", open_)
    returned = desk.run(run)
    assert returned.state == "draft"
    assert returned.version == (1 if state == "draft" else 2)
    assert returned.returned_reason == f"{old.number} was billed anew: 100.00 USD became {payable} USD."
    assert str(desk.payments(run)[0].placed) == held
    with carrier(read_only=True):
        assert PayRunItem.objects.get(run=returned).invoice_id == new.pk


def test_a_lowered_bill_keeps_the_holds_of_the_first_payments(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(old)
    for amount in ("50.00", "30.00", "20.00"):
        desk.place(run, desk.pay(run), old, amount=amount)
    new = revise(desk, old, "60.00")

    meet_revisions(desk.now)

    assert [str(payment.placed) for payment in desk.payments(run)] == ["50.00", "10.00", "0.00"]
    assert stands(desk, new) == ("published", "60.00", "0", "0.00")


def test_a_short_pay_follows_and_is_never_more_than_is_open(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(old)
    desk.place(run, desk.pay(run), old, amount="70.00")
    desk.do("short_pay", run=run, invoice=old.code, amount=Decimal("30.00"), reason="tax_exempt")
    new = revise(desk, old, "80.00")

    meet_revisions(desk.now)

    with carrier(read_only=True):
        assert list(ShortPay.objects.values_list("invoice_id", "amount")) == [(new.pk, Decimal("10.00"))]


def test_a_bill_whose_money_is_on_its_way_to_ar_waits_until_ar_has_answered(desk: Desk, partner: Partner) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.released(old)
    new = revise(desk, old, "60.00")

    assert meet_revisions(desk.now) == 0
    partner.push()
    assert meet_revisions(desk.now) == 0
    partner.accept_syntax()
    assert meet_revisions(desk.now) == 0
    assert stands(desk, new)[0] == "waiting"

    partner.post()
    assert meet_revisions(desk.now) == 1

    assert stands(desk, new) == ("published", "0", "60.00", "0.00")
    assert stands(desk, old) == ("superseded", "0.00", "0.00", "100.00")
    (payment,) = desk.payments(run)
    assert (payment.amount, payment.placed) == (Decimal("100.00"), Decimal("60.00"))
    with carrier(read_only=True):
        (credit,) = Break.objects.all()
        assert (credit.kind, credit.amount, credit.currency) == ("on_account_credit", Decimal("40.00"), "USD")


def test_booked_money_goes_to_a_raised_bill_and_the_rest_of_it_is_open(desk: Desk, partner: Partner) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    desk.released(old)
    partner.push()
    partner.post()
    new = revise(desk, old, "130.00")

    meet_revisions(desk.now)

    assert stands(desk, new) == ("published", "0", "100.00", "30.00")
    with carrier(read_only=True):
        events = AllocationEvent.objects.order_by("pk").values_list("kind", "invoice_id")
        assert list(events) == [("held", old.pk), ("settled", old.pk), ("reversed", old.pk), ("carried", new.pk)]
        assert not Break.objects.exists()


def test_booked_money_comes_before_holds_where_the_new_bill_is_too_small_for_both(desk: Desk, partner: Partner) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    first = desk.open(old)
    desk.place(first, desk.pay(first), old, amount="60.00")
    desk.do("leave_open", run=first, invoices=[old.code])
    desk.do("submit_run", run=first)
    desk.do("approve_run", desk.people.victor, run=first, sha256=desk.run(first).submitted_sha256)
    desk.do("release_run", desk.people.victor, run=first)
    partner.push()
    partner.post()
    second = desk.open(old)
    desk.place(second, desk.pay(second), old)
    new = revise(desk, old, "75.00")

    meet_revisions(desk.now)

    assert stands(desk, new) == ("published", "15.00", "60.00", "0.00")


def test_a_bill_that_became_a_credit_note_gives_all_of_it_back(desk: Desk, partner: Partner) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    desk.released(old)
    partner.push()
    partner.post()
    revise(desk, old, "-20.00")

    meet_revisions(desk.now)

    with carrier(read_only=True):
        assert Break.objects.get().amount == Decimal("100.00")


def test_a_bill_in_another_currency_takes_no_money_over(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = run_in(desk, "draft", old)
    new = revise(desk, old, "100.00", currency="EUR")

    meet_revisions(desk.now)

    assert stands(desk, new) == ("published", "0", "0", "100.00")
    assert desk.payments(run)[0].placed == 0


def test_of_two_waiting_bills_the_later_counts(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run_in(desk, "draft", old)
    between, last = revise(desk, old, "90.00"), revise(desk, old, "80.00", revision=3)

    meet_revisions(desk.now)

    assert stands(desk, between)[:2] == ("superseded", "0")
    assert stands(desk, last) == ("published", "80.00", "0", "0.00")


def test_tags_and_choices_follow_a_bill_that_had_no_money_on_it(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    desk.do("tag_invoices", invoices=[old.code], tag="check rate")
    run = desk.open(old)
    new = revise(desk, old, "90.00")

    meet_revisions(desk.now)
    meet_revisions(desk.now)

    with carrier(read_only=True):
        assert InvoiceTag.objects.get().invoice_id == new.pk
        assert PayRunItem.objects.get().invoice_id == new.pk
    assert "90.00 USD" in desk.run(run).returned_reason


def test_nothing_can_be_placed_on_a_bill_that_was_replaced_even_by_raw_sql(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(old)
    payment = desk.pay(run)
    revise(desk, old, "90.00")

    with pytest.raises(Exception, match="nothing_on_a_superseded_revision"), carrier(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_allocationevent"
            " (customer_id, payment_id, invoice_id, currency, kind, amount, reason, at)"
            " SELECT customer_id, id, %s, currency, 'held', 1, '', now() FROM payments_payment WHERE code = %s",
            [old.pk, payment],
        )


def test_a_memo_of_the_same_number_is_not_the_bill_before(desk: Desk) -> None:
    old = make_invoice(desk.people.harlow_west, "100.00")
    memo = make_invoice(
        desk.people.harlow_west, "0.00", number=old.number, series="memo A-1", bill_type="memo", is_payable=False
    )
    run = run_in(desk, "draft", old)
    new = revise(desk, old, "60.00")

    assert meet_revisions(desk.now) == 1

    assert stands(desk, new) == ("published", "60.00", "0", "0.00")
    assert stands(desk, memo)[0] == "published"
    assert desk.run(run).state == "draft"
