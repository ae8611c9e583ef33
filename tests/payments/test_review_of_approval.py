"""What somebody who approves reads: the steps, who can, their limit, and every cell that is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from payments.domain.approval_policy import Step
from payments.models import PayRun, SubmittedVersion
from portal.actor import Actor
from portal.tenancy import acting
from tests.factories import make_invoice
from tests.payments.approvers import approve, approver, limit, rule, set_policy, waiting
from tests.payments.conftest import VALUE_ON, Desk
from tests.payments.pages import Reader, form_on, url, words


@pytest.fixture
def alice(desk: Desk) -> Actor:
    return approver(desk, "alice")


def test_the_review_tells_the_steps_who_gave_and_who_can(desk: Desk, alice: Actor) -> None:
    victor = desk.people.victor
    set_policy(desk, rule("0", Step(1), Step(1, (alice.user_id,))), limit(alice, "500.00", "run"))
    run = waiting(desk)
    said = words(Reader.of(victor).see(url("pay_run_review", run)))
    assert "1 · one approver" in said and "2 · Alice (not yet)" in said
    assert "can approve now: Alice, Victor" in said
    assert "version 1 of the approval policy" in said

    approve(desk, victor, run)

    said = words(Reader.of(alice).see(url("pay_run_review", run)))
    assert "Victor 2026-11-21 09:30" in said and "can approve now: Alice" in said
    assert "500.00 of 500.00 USD left in one run" in said
    again = Reader.of(victor).see(url("pay_run_review", run))
    assert "Every approval of a pay run is another person&#x27;s." in again
    assert url("pay_run_approval", run) not in again


def test_a_stand_in_is_offered_both_rights_and_the_record_names_both(desk: Desk, alice: Actor) -> None:
    bob = approver(desk, "bob")
    desk.now = timezone.now()
    today = desk.now.date()
    desk.do("delegate_approval", alice, to=bob.user_id, from_on=today, until_on=today, reason="Leave")
    run = waiting(desk)
    reader = Reader.of(bob).confirm()
    page = reader.see(url("pay_run_review", run))
    assert "Approve for Alice" in form_on(page, url("pay_run_approval", run))

    reader.send(url("pay_run_review", run), url("pay_run_approval", run), on_behalf_of=alice.user_id)

    assert desk.run(run).state == "approved"
    assert "Bob for Alice" in words(reader.see(url("pay_run_review", run)))


def test_every_cell_that_is_new_is_shown(desk: Desk) -> None:
    west = desk.people.harlow_west
    kept, gone, come = (make_invoice(west, amount) for amount in ("100.00", "50.00", "30.00"))
    run = desk.submitted(kept, gone)
    approve(desk, desk.people.victor, run)
    payment = desk.payments(run)[0].code
    desk.now += timedelta(hours=1)
    desk.do("drop_invoices", run=run, invoices=[gone.code])
    desk.do("choose_invoices", run=run, invoices=[come.code])
    desk.place(run, payment, come)
    desk.place(run, payment, kept, amount="60.00")
    desk.do("short_pay", run=run, invoice=kept.code, amount=kept.payable - 60, reason="rate_not_as_agreed")
    desk.do("change_payment", run=run, payment=payment, method="wire", value_on=VALUE_ON, planned=None)
    desk.do("submit_run", run=run)

    said = words(Reader.of(desk.people.victor).see(url("pay_run_review", run)))

    assert "New since somebody approved it" in said
    for cell in (
        "Payment 1 method ACH credit Wire",
        "Payment 1 amount 150.00 USD 90.00 USD",
        f"{kept.number} on payment 1 100.00 USD 60.00 USD",
        f"{kept.number} short-paid – 40.00 USD",
        f"{kept.number} reason – Rate not as agreed",
        f"{gone.number} removed 50.00 USD on payment 1 –",
        f"{come.number} added – 30.00 USD on payment 1",
    ):
        assert cell in said, cell


def test_what_was_submitted_is_kept_word_for_word(desk: Desk) -> None:
    run = waiting(desk)
    dana = desk.people.dana
    with pytest.raises(DatabaseError, match="permission denied"), acting(dana):
        SubmittedVersion.objects.update(body="{}")
    draft = desk.open(make_invoice(desk.people.harlow_west))
    with pytest.raises(DatabaseError, match="must be kept|who must approve"), acting(dana):
        PayRun.objects.filter(code=draft).update(state="submitted", submitted_sha256="0" * 64)
    with pytest.raises(DatabaseError, match="hash_of_the_body"), acting(dana):
        found = PayRun.objects.get(code=run)
        SubmittedVersion.objects.create(
            run=found, customer_id=found.customer_id, version=9, sha256="0" * 64, body="{}", submitted_at=desk.now
        )
