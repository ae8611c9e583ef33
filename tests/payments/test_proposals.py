"""Proposals at work: kept with their facts, accepted whole or in part, refused once the run has moved."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection

from payments.domain.proposing.inputs import Cap, Rules
from payments.domain.refusals import Conflict, NotFound, Refused, Rule
from payments.eligibility.operations import make_rule
from payments.models import PayRun, Proposal, ProposedPlacement
from portal.customers.access import Denied
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk, at_once
from tests.payments.pages import placed


def proposal_for(desk: Desk, run: UUID, **rules: Any) -> UUID:
    return UUID(desk.do("make_proposal", run=run, rules=Rules(**rules)).code)


def kept(code: UUID) -> Proposal:
    with carrier(read_only=True):
        return Proposal.objects.get(code=code)


def test_a_proposal_is_nobodys_but_its_customers(desk: Desk) -> None:
    run = desk.open(make_invoice(desk.people.harlow_west, "10.00"))
    desk.pay(run)
    code = proposal_for(desk, run)
    with pytest.raises(NotFound):
        desk.do("make_proposal", desk.people.carol, run=run, rules=Rules())
    with pytest.raises(NotFound):
        desk.do("accept_proposal", desk.people.carol, proposal=code)
    with acting(desk.people.carol):
        assert not Proposal.objects.exists()
    with pytest.raises(Denied):
        desk.do("accept_proposal", desk.people.victor, proposal=code)


def test_nothing_of_a_proposal_is_ever_changed_or_removed(desk: Desk) -> None:
    run = desk.open(make_invoice(desk.people.harlow_west, "10.00"))
    desk.pay(run)
    desk.do("accept_proposal", proposal=proposal_for(desk, run))
    for statement in ("UPDATE {} SET id = id", "DELETE FROM {}"):
        for table in ("payments_proposal", "payments_proposedplacement"):
            with pytest.raises(DatabaseError, match="append-only|denied"), carrier(), connection.cursor() as cursor:
                cursor.execute(statement.format(table))


def test_accepting_places_what_was_proposed_and_keeps_the_reasons(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "50.00"))
    run = desk.open(first, second)
    desk.pay(run, planned="50.00")
    desk.pay(run)
    done = desk.do("accept_proposal", proposal=proposal_for(desk, run))
    assert placed(run) == {(first.number, 2): Decimal(100), (second.number, 1): Decimal(50)}
    assert done.message == "Proposal accepted. 1 placed on payment 1. 1 placed on payment 2."
    with carrier(read_only=True):
        whys = dict(ProposedPlacement.objects.values_list("payment__position", "why"))
    assert whys[1].startswith("meets payment 1 exactly")


def test_only_the_chosen_rows_are_placed_and_foreign_ones_refused(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "50.00"))
    foreign = make_invoice(desk.people.lumen_root, "10.00")
    run = desk.open(first, second)
    desk.pay(run)
    code = proposal_for(desk, run)
    with pytest.raises(NotFound):
        desk.do("accept_proposal", proposal=code, invoices=[first.code, foreign.code])
    desk.do("accept_proposal", proposal=code, invoices=[first.code])
    assert placed(run) == {(first.number, 1): Decimal(100)}


def test_once_the_run_has_moved_it_is_refused_with_what_changed(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "50.00"))
    run = desk.open(first, second)
    payment = desk.pay(run)
    code = proposal_for(desk, run)
    desk.place(run, payment, first, amount="30.00")
    desk.pay(run, method="wire")
    with pytest.raises(Refused) as refused:
        desk.do("accept_proposal", proposal=code)
    assert refused.value.rule is Rule.CHANGED_SINCE
    assert "Payment 2 is new." in str(refused.value)
    assert f"{first.number}: something else stands of it on the payments." in str(refused.value)
    assert placed(run) == {(first.number, 1): Decimal(30)}


def test_the_same_form_twice_is_once_and_two_people_are_one(desk: Desk) -> None:
    run = desk.open(make_invoice(desk.people.harlow_west, "100.00"))
    desk.pay(run)
    code, key = proposal_for(desk, run), uuid4()
    twice = at_once([partial(desk.do, "accept_proposal", proposal=code, key=key)] * 2)
    assert not [answer for answer in twice if isinstance(answer, Exception)] and sum(placed(run).values()) == 100
    other = desk.open(make_invoice(desk.people.harlow_west, "10.00"))
    desk.pay(other)
    both = at_once([partial(desk.do, "accept_proposal", proposal=each) for each in [proposal_for(desk, other)] * 2])
    assert sum(isinstance(answer, Refused) for answer in both) == 1
    assert sum(placed(other).values()) == 10
    with pytest.raises(Conflict):
        desk.do("accept_proposal", proposal=code, invoices=[], key=key)


def test_placing_anew_moves_what_stands_in_one_go(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west, amount) for amount in ("100.00", "60.00"))
    run = desk.open(first, second)
    full = desk.pay(run, planned="60.00")
    desk.pay(run)
    desk.place(run, full, first, amount="60.00")
    desk.do("accept_proposal", proposal=proposal_for(desk, run, is_anew=True))
    assert placed(run) == {(first.number, 2): Decimal(100), (second.number, 1): Decimal(60)}


def test_disputed_short_paid_and_left_open_parts_are_left_out_with_their_reason(desk: Desk) -> None:
    disputed, short, left = (make_invoice(desk.people.harlow_west, "100.00") for _ in range(3))
    run = desk.open(disputed, short, left)
    desk.pay(run)
    desk.do("dispute_invoice", invoice=disputed.code, amount=Decimal(30), reason="rate_not_as_agreed")
    desk.do("short_pay", run=run, invoice=short.code, amount=Decimal(20), reason="duplicate_charge", note="")
    desk.do("leave_open", run=run, invoices=[left.code])
    code = proposal_for(desk, run)
    desk.do("accept_proposal", proposal=code)
    assert placed(run) == {(disputed.number, 1): Decimal(70), (short.number, 1): Decimal(80)}
    result = kept(code).result
    assert '"disputed"' in result and "short-paid: " in result and "left open on purpose" in result


def test_a_method_that_the_carrier_does_not_take_is_never_proposed(desk: Desk) -> None:
    lockbox = make_invoice(desk.people.harlow_west, "50.00", system="castle")
    make_rule(
        desk.people.erik,
        system="castle",
        account="",
        currency="",
        methods=["cheque"],
        why="lockbox account: cheque only",
        now=desk.now,
    )
    run = desk.open(lockbox)
    desk.pay(run)
    assert "lockbox account: cheque only, and there is no cheque" in kept(proposal_for(desk, run)).result


def test_a_cap_is_an_amount_that_can_be_paid_and_a_frozen_run_takes_no_proposal(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west, "50.00")
    run = desk.open(invoice)
    with pytest.raises(Refused, match="at least one payment"):
        proposal_for(desk, run)
    desk.pay(run)
    for amount in ("0", "-1", "0.001", "NaN", "1e20"):
        with pytest.raises(Refused, match="A cap is an amount"):
            proposal_for(desk, run, caps=(Cap("wire", "USD", Decimal(amount)),))
    released = desk.released(make_invoice(desk.people.harlow_west, "50.00"))
    with pytest.raises(Refused, match="cannot be changed"):
        proposal_for(desk, released)


def test_accepting_takes_a_submitted_run_back_to_draft(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west, "50.00"))
    code = proposal_for(desk, run, is_anew=True)
    desk.do("accept_proposal", proposal=code, now=desk.now + timedelta(minutes=1))
    assert desk.run(run).state == PayRun.State.DRAFT
