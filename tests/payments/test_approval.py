"""Four eyes on exactly what was hashed: no cent unexplained, no approval of one's own work, none outlives an edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, connection

from billing_sources.models import Invoice
from payments.commands import Done
from payments.domain.lifecycle import PAYMENT_MOVES, RUN_MOVES
from payments.domain.refusals import Refused, Rule
from payments.models import Approval, ArPosting, Payment, PayRun, ShortPay
from portal.actor import Actor
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import VALUE_ON, Desk


def test_the_database_knows_the_same_moves_as_the_code(desk: Desk) -> None:
    with carrier(read_only=True), connection.cursor() as cursor:
        cursor.execute("SELECT before, after FROM run_moves()")
        assert set(cursor.fetchall()) == RUN_MOVES
        cursor.execute("SELECT before, after FROM payment_moves()")
        assert set(cursor.fetchall()) == PAYMENT_MOVES


def test_every_other_move_of_a_run_is_refused_by_the_database(desk: Desk) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))

    for state in PayRun.State.values:
        if ("released", state) not in RUN_MOVES and state != "released":
            with pytest.raises(DatabaseError, match="cannot go from"), acting(desk.people.dana):
                PayRun.objects.filter(code=run).update(state=state)


def test_a_run_cannot_be_born_approved(desk: Desk, now: datetime) -> None:
    dana = desk.people.dana
    people = {"created_by_id": dana.user_id, "edited_by_id": dana.user_id}

    with pytest.raises(DatabaseError, match="begins as a draft"), acting(dana):
        PayRun.objects.create(
            customer_id=dana.customer_id, number=1, title="x", state="approved", created_at=now, edited_at=now, **people
        )


def test_a_run_cannot_be_released_without_an_approval_even_by_raw_sql(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))

    with pytest.raises(DatabaseError, match="nobody approved this version"), acting(desk.people.dana):
        PayRun.objects.filter(code=run).update(state="approved")


# --- Nothing unexplained is submitted ---------------------------------------------------------------------------------


def test_a_run_waits_until_every_cent_is_placed_short_paid_or_left_open(desk: Desk) -> None:
    west = desk.people.harlow_west
    whole, short, later = make_invoice(west, "10.00"), make_invoice(west, "20.00"), make_invoice(west, "30.00")
    run = desk.open(whole, short, later)
    payment = desk.pay(run)
    desk.place(run, payment, whole)
    desk.place(run, payment, short, amount="15.00")

    with pytest.raises(Refused) as refused:
        desk.do("submit_run", run=run)
    assert [refusal.rule for refusal in refused.value.refusals] == [Rule.NOT_ALL_PLACED] * 2
    assert "5.00 USD is neither placed, short-paid nor left open" in str(refused.value)

    desk.do("short_pay", run=run, invoice=short.code, amount=Decimal("5.00"), reason="rate_not_as_agreed")
    desk.do("leave_open", run=run, invoices=[later.code])
    desk.do("submit_run", run=run)

    assert desk.run(run).state == "submitted"


def test_left_open_can_be_undone(desk: Desk) -> None:
    west = desk.people.harlow_west
    paid, later = make_invoice(west), make_invoice(west)
    run = desk.open(paid, later)
    desk.place(run, desk.pay(run), paid)
    desk.do("leave_open", run=run, invoices=[later.code])
    desk.do("undo_leave_open", run=run, invoices=[later.code])

    with pytest.raises(Refused, match="neither placed"):
        desk.do("submit_run", run=run)


def test_a_payment_without_invoices_or_short_of_its_plan_is_not_submitted(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    planned, _empty = desk.pay(run, planned="150.00"), desk.pay(run)
    desk.place(run, planned, invoice)

    with pytest.raises(Refused) as refused:
        desk.do("submit_run", run=run)

    assert {refusal.rule for refusal in refused.value.refusals} == {Rule.PAYMENT_EMPTY, Rule.PAYMENT_NOT_FULL}


def test_a_run_without_payments_is_not_submitted(desk: Desk) -> None:
    run = desk.open()

    with pytest.raises(Refused, match="no payment"):
        desk.do("submit_run", run=run)


@pytest.mark.parametrize(
    ("amount", "reason", "note", "rule"),
    [
        ("0", "tax_exempt", "", Rule.NOT_POSITIVE),
        ("-1", "tax_exempt", "", Rule.NOT_POSITIVE),
        ("100.01", "tax_exempt", "", Rule.OVER_INVOICE),
        ("0.001", "tax_exempt", "", Rule.NOT_MINOR_UNITS),
        ("1.00", "because", "", Rule.UNKNOWN_REASON),
        ("1.00", "other", " ", Rule.TEXT),
    ],
)
def test_a_short_pay_needs_an_amount_and_a_reason_from_the_list(
    desk: Desk, amount: str, reason: str, note: str, rule: Rule
) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)

    with pytest.raises(Refused) as refused:
        desk.do("short_pay", run=run, invoice=invoice.code, amount=Decimal(amount), reason=reason, note=note)

    assert refused.value.rule is rule


def test_a_second_short_pay_of_an_invoice_replaces_the_first(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    for amount in ("5.00", "7.00"):
        desk.do("short_pay", run=run, invoice=invoice.code, amount=Decimal(amount), reason="tax_exempt")
    with carrier(read_only=True):
        assert [str(short.amount) for short in ShortPay.objects.all()] == ["7.00"]


def test_whoever_chooses_nothing_edits_nothing(desk: Desk) -> None:
    run = desk.approved(make_invoice(desk.people.harlow_west))
    with pytest.raises(Refused):
        desk.do("choose_invoices", desk.people.victor, run=run, invoices=[])
    assert desk.run(run).state == "approved"


def test_a_short_pay_that_no_longer_fits_holds_the_run_up(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.open(invoice)
    payment = desk.pay(run)
    desk.do("short_pay", run=run, invoice=invoice.code, amount=Decimal("40.00"), reason="quantity_contested")
    desk.place(run, payment, invoice, amount="70.00")

    with pytest.raises(Refused, match=r"short pay of 40\.00 USD is more than is open"):
        desk.do("submit_run", run=run)


# --- Four eyes --------------------------------------------------------------------------------------------------------


def test_the_maker_cannot_approve_by_code_nor_by_raw_sql(desk: Desk, now: datetime) -> None:
    dana = desk.people.dana
    with carrier():
        access.grant(dana.user_id, desk.people.harlow_root, "approve")
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    sha256 = desk.run(run).submitted_sha256

    with pytest.raises(Refused) as refused:
        desk.do("approve_run", run=run, sha256=sha256)
    assert refused.value.rule is Rule.OWN_WORK
    with pytest.raises(DatabaseError, match="cannot approve it"), acting(dana):
        _raw_approval(desk, run, dana, sha256, now)


def test_an_editor_cannot_approve_by_code_nor_by_raw_sql(desk: Desk, now: datetime) -> None:
    victor, dana = desk.people.victor, desk.people.dana
    with carrier():
        access.grant(victor.user_id, desk.people.harlow_root, "prepare")
    invoice = make_invoice(desk.people.harlow_west)
    run = desk.open(invoice)
    desk.do("add_payment", victor, run=run, method="wire", currency="USD", value_on=VALUE_ON)
    desk.place(run, desk.payments(run)[0].code, invoice)
    desk.do("submit_run", run=run)
    sha256 = desk.run(run).submitted_sha256
    assert desk.run(run).edited_by_id == dana.user_id, "Victor edited, but not last"

    with pytest.raises(Refused) as refused:
        desk.do("approve_run", victor, run=run, sha256=sha256)
    assert refused.value.rule is Rule.OWN_WORK
    with pytest.raises(DatabaseError, match="cannot approve it"), acting(victor):
        _raw_approval(desk, run, victor, sha256, now)


def test_a_support_visit_cannot_approve_by_code_nor_in_the_database(desk: Desk, now: datetime) -> None:
    visitor = replace(desk.people.victor, real_user_id=desk.people.sam.user_id, support_session_id=1)
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    sha256 = desk.run(run).submitted_sha256

    with pytest.raises(Refused, match="support visit"):
        desk.do("approve_run", visitor, run=run, sha256=sha256)
    with pytest.raises(DatabaseError), acting(visitor):
        _raw_approval(desk, run, visitor, sha256, now)


def test_whoever_may_only_prepare_cannot_approve_or_release(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    sha256 = desk.run(run).submitted_sha256

    with pytest.raises(access.Denied):
        desk.do("approve_run", desk.people.ada, run=run, sha256=sha256)
    desk.do("approve_run", desk.people.victor, run=run, sha256=sha256)
    with pytest.raises(access.Denied):
        desk.do("release_run", run=run)


def test_an_approver_of_one_site_cannot_approve_a_run_that_reaches_beyond_it(desk: Desk) -> None:
    nils = desk.people.nils
    with carrier():
        access.grant(nils.user_id, desk.people.harlow_nord, "approve")
    run = desk.submitted(make_invoice(desk.people.harlow_nord), make_invoice(desk.people.harlow_west))

    with pytest.raises(access.Denied):
        desk.do("approve_run", nils, run=run, sha256=desk.run(run).submitted_sha256)


def test_an_approval_is_of_what_the_approver_saw(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.submitted(invoice)
    seen = desk.run(run).submitted_sha256
    payment = desk.payments(run)[0].code
    desk.do("change_payment", run=run, payment=payment, method="cheque", value_on=VALUE_ON, planned=None)
    desk.do("submit_run", run=run)

    with pytest.raises(Refused) as refused:
        desk.do("approve_run", desk.people.victor, run=run, sha256=seen)

    assert refused.value.rule is Rule.CHANGED_SINCE


def _edits(desk: Desk, run: UUID, invoice: Invoice, extra: Invoice) -> dict[str, Callable[[], object]]:
    payment = desk.payments(run)[0].code
    return {
        "choose": lambda: desk.do("choose_invoices", run=run, invoices=[extra.code]),
        "drop": lambda: desk.do("drop_invoices", run=run, invoices=[invoice.code]),
        "add": lambda: desk.do("add_payment", run=run, method="wire", currency="USD", value_on=VALUE_ON),
        "change": lambda: desk.do(
            "change_payment", run=run, payment=payment, method="cheque", value_on=VALUE_ON, planned=None
        ),
        "remove": lambda: desk.do("remove_payment", run=run, payment=payment),
        "allocate": lambda: desk.place(run, payment, invoice, amount="1.00"),
        "unallocate": lambda: desk.do("unallocate", run=run, invoices=[invoice.code]),
        "leave open": lambda: desk.do("leave_open", run=run, invoices=[invoice.code]),
    }


@pytest.mark.parametrize("edit", ["choose", "drop", "add", "change", "remove", "allocate", "unallocate", "leave open"])
def test_every_edit_of_an_approved_run_voids_the_approval_and_says_so(desk: Desk, edit: str) -> None:
    invoice, extra = make_invoice(desk.people.harlow_west), make_invoice(desk.people.harlow_west)
    run = desk.approved(invoice)

    done = _edits(desk, run, invoice, extra)[edit]()

    edited = desk.run(run)
    assert isinstance(done, Done)
    assert "its approval is void" in done.message
    assert (edited.state, edited.version) == ("draft", 2)
    assert "Dana" in edited.returned_reason
    with pytest.raises(Refused) as refused:
        desk.do("release_run", desk.people.victor, run=run)
    assert refused.value.rule is Rule.NOT_APPROVED


def test_what_was_submitted_cannot_be_changed_by_raw_sql(desk: Desk) -> None:
    run = desk.approved(make_invoice(desk.people.harlow_west))

    for change in (
        lambda: PayRun.objects.filter(code=run).update(title="another"),
        lambda: Payment.objects.filter(run__code=run).update(method="cheque"),
        lambda: Payment.objects.filter(run__code=run).update(planned=Decimal("500")),
        lambda: PayRun.objects.filter(code=run).update(state="draft"),
    ):
        with pytest.raises(DatabaseError), acting(desk.people.dana):
            change()


def test_an_approver_sends_a_run_back_with_a_reason(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))

    with pytest.raises(Refused):
        desk.do("return_run", desk.people.victor, run=run, reason="  ")
    desk.do("return_run", desk.people.victor, run=run, reason="Pay Nord by wire, please.")

    returned = desk.run(run)
    assert (returned.state, returned.returned_reason) == ("draft", "Pay Nord by wire, please.")


def test_a_cancelled_run_frees_everything_it_held(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "100.00")
    run = desk.approved(invoice)

    desk.do("cancel_run", run=run)

    assert desk.run(run).state == "cancelled"
    assert desk.invoice(invoice).open == Decimal("100.00")
    assert [payment.state for payment in desk.payments(run)] == ["cancelled"]


# --- Release ----------------------------------------------------------------------------------------------------------


def test_release_writes_one_posting_per_payment_or_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    invoices = [make_invoice(desk.people.harlow_west) for _ in range(3)]
    run = desk.approved(*invoices, payments=3)

    def fails(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("payments.operations.release._write_postings", fails)
        with pytest.raises(RuntimeError):
            desk.do("release_run", desk.people.victor, run=run)
    assert {payment.state for payment in desk.payments(run)} == {"planned"}

    desk.do("release_run", desk.people.victor, run=run)
    with carrier(read_only=True):
        assert ArPosting.objects.filter(payment__run__code=run).count() == 3
    assert len({payment.reference for payment in desk.payments(run)}) == 3
    assert desk.run(run).state == "released"


def test_ar_never_hears_of_a_payment_that_was_not_released_even_by_raw_sql(desk: Desk, now: datetime) -> None:
    run = desk.approved(make_invoice(desk.people.harlow_west))
    payment = desk.payments(run)[0]

    with pytest.raises(DatabaseError, match="AR hears of released payments only"), acting(desk.people.victor):
        ArPosting.objects.create(
            customer_id=payment.customer_id,
            payment=payment,
            connector="x12_820",
            control_number=77,
            next_attempt_at=now,
            created_at=now,
        )


def test_a_released_run_cannot_be_edited_cancelled_or_released_again(desk: Desk) -> None:
    run = desk.released(make_invoice(desk.people.harlow_west))

    for operation, actor in (("cancel_run", desk.people.dana), ("release_run", desk.people.victor)):
        with pytest.raises(Refused):
            desk.do(operation, actor, run=run)
    with pytest.raises(Refused, match="is released and cannot be changed"):
        desk.pay(run)


def test_a_tenth_payment_is_refused_and_a_removed_one_makes_room(desk: Desk) -> None:
    run = desk.open()
    codes = [desk.pay(run) for _ in range(9)]
    with pytest.raises(Refused) as refused:
        desk.pay(run)
    assert refused.value.rule is Rule.TOO_MANY_PAYMENTS

    desk.do("remove_payment", run=run, payment=codes[4])
    desk.pay(run)

    live = [payment.position for payment in desk.payments(run) if payment.state == "planned"]
    assert live == list(range(1, 10))


def _raw_approval(desk: Desk, run: UUID, actor: Actor, sha256: str, now: datetime) -> None:
    found = PayRun.objects.get(code=run)
    Approval.objects.create(
        run=found, customer_id=actor.customer_id, version=1, sha256=sha256, approver_id=actor.user_id, approved_at=now
    )
