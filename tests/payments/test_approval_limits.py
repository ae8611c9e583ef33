"""How much one person approves, and who stands in for whom: counted and refused by the database as well."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError

from payments.domain.approval_policy import Step
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import Delegation, LimitUse
from portal.actor import Actor
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.payments.approvers import approve, approver, limit, raw, rule, set_policy, used, waiting
from tests.payments.conftest import VALUE_ON, Desk


@pytest.fixture
def alice(desk: Desk) -> Actor:
    return approver(desk, "alice")


@pytest.fixture
def bob(desk: Desk) -> Actor:
    return approver(desk, "bob")


# --- Limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["run", "day", "month"])
def test_above_a_limit_nobody_approves_and_it_says_what_is_left(desk: Desk, period: str) -> None:
    victor = desk.people.victor
    set_policy(desk, limit(victor, "299.99", period))
    run = waiting(desk)

    with pytest.raises(Refused, match=r"pays 300\.00 USD.*299\.99 is left"):
        approve(desk, victor, run)
    with pytest.raises(DatabaseError, match="approved_within_limit"), acting(victor):
        raw(desk, run, victor)


def test_a_day_is_over_and_the_month_is_not(desk: Desk) -> None:
    victor = desk.people.victor
    set_policy(desk, limit(victor, "300.00"), limit(victor, "500.00", "month"))
    approve(desk, victor, waiting(desk))
    desk.now += timedelta(days=1)

    with pytest.raises(Refused, match="for a month 200.00 is left"):
        approve(desk, victor, waiting(desk))
    approve(desk, victor, waiting(desk, "200.00"))


def test_what_a_void_approval_had_used_is_given_back_by_an_event(desk: Desk) -> None:
    victor = desk.people.victor
    set_policy(desk, limit(victor, "300.00"))
    run = waiting(desk)
    approve(desk, victor, run)
    with pytest.raises(Refused):
        approve(desk, victor, waiting(desk, "1.00"))

    desk.do(
        "change_payment", run=run, payment=desk.payments(run)[0].code, method="wire", value_on=VALUE_ON, planned=None
    )
    assert set(used(victor).values()) == {Decimal(0)}
    desk.do("submit_run", run=run)
    approve(desk, victor, run)
    desk.do("cancel_run", run=run)
    assert set(used(victor).values()) == {Decimal(0)}


def test_what_was_approved_before_there_was_a_limit_counts(desk: Desk) -> None:
    victor = desk.people.victor
    approve(desk, victor, waiting(desk))
    set_policy(desk, limit(victor, "400.00"))

    with pytest.raises(Refused, match=r"100\.00 is left"):
        approve(desk, victor, waiting(desk, "150.00"))


def test_a_lone_administrator_cannot_raise_a_limit_for_what_waits_already(desk: Desk) -> None:
    victor = desk.people.victor
    set_policy(desk, limit(victor, "100.00"))
    run = waiting(desk)
    set_policy(desk, limit(victor, "1000.00"), after=1)

    with pytest.raises(Refused, match=r"100\.00 is left"):
        approve(desk, victor, run)
    with pytest.raises(DatabaseError, match="approved_within_limit"), acting(victor):
        raw(desk, run, victor)


def test_nobody_moves_a_counter_by_hand(desk: Desk) -> None:
    victor = desk.people.victor
    approve(desk, victor, waiting(desk))
    with pytest.raises(DatabaseError, match="permission denied"), acting(victor):
        LimitUse.objects.update(used=0)


# --- Delegation -----------------------------------------------------------------------------------------------------


def handed(desk: Desk, holder: Actor, to: Actor, days: int = 3) -> UUID:
    today = desk.now.date()
    until = today + timedelta(days=days)
    done = desk.do("delegate_approval", holder, to=to.user_id, from_on=today, until_on=until, reason="Leave")
    return UUID(done.code)


def test_bob_approves_for_alice_within_alices_limit(desk: Desk, alice: Actor, bob: Actor) -> None:
    set_policy(desk, rule("0", Step(1, (alice.user_id,))), limit(alice, "300.00"), limit(bob, "1.00"))
    run = waiting(desk)
    with pytest.raises(Refused, match="asks for other people"):
        approve(desk, bob, run)
    handed(desk, alice, bob)

    done = approve(desk, bob, run, on_behalf_of=alice.user_id)

    assert "approved for Alice" in done.message
    assert (used(alice)["2026-11-21"], used(bob)) == (Decimal("300.00"), {})


def test_a_right_that_was_not_handed_over_is_over_or_taken_back_is_none(desk: Desk, alice: Actor, bob: Actor) -> None:
    run = waiting(desk)
    refusals = []
    for prepare in (
        lambda: None,
        lambda: _withdraw(desk, alice, handed(desk, alice, bob)),
        lambda: _wait(desk, alice, bob),
    ):
        prepare()
        with pytest.raises(Refused) as refused:
            approve(desk, bob, run, on_behalf_of=alice.user_id)
        refusals.append(refused.value.rule)
        with pytest.raises(DatabaseError, match="not handed over"), acting(bob):
            raw(desk, run, bob, on_behalf_of_id=alice.user_id)
    assert refusals == [Rule.DELEGATION] * 3


def test_two_hats_are_one_person(desk: Desk, alice: Actor, bob: Actor) -> None:
    set_policy(desk, rule("0", Step(3)))
    run = waiting(desk)
    handed(desk, alice, bob)
    approve(desk, bob, run)

    with pytest.raises(Refused) as refused:
        approve(desk, bob, run, on_behalf_of=alice.user_id)
    assert refused.value.rule is Rule.TWICE
    with pytest.raises(DatabaseError, match="another person"), acting(bob):
        raw(desk, run, bob, on_behalf_of_id=alice.user_id)


def test_the_stand_in_of_a_maker_approves_neither_for_them_nor_alone(desk: Desk, bob: Actor) -> None:
    dana = desk.people.dana
    with carrier():
        access.grant(dana.user_id, desk.people.harlow_root, "approve")
    run = waiting(desk)
    handed(desk, dana, bob)

    for request in ({}, {"on_behalf_of": dana.user_id}):
        with pytest.raises(Refused) as refused:
            approve(desk, bob, run, **request)
        assert refused.value.rule is Rule.OWN_WORK
    with pytest.raises(DatabaseError, match="acts for them"), acting(bob):
        raw(desk, run, bob)


def test_the_maker_approves_nothing_of_theirs_by_anothers_right(desk: Desk, alice: Actor) -> None:
    dana = desk.people.dana
    with carrier():
        access.grant(dana.user_id, desk.people.harlow_root, "approve")
    run = waiting(desk)
    handed(desk, alice, dana)
    with pytest.raises(Refused) as refused:
        approve(desk, dana, run, on_behalf_of=alice.user_id)
    assert refused.value.rule is Rule.OWN_WORK


def test_only_between_approvers_of_one_customer_for_some_days_and_with_a_reason(desk: Desk, alice: Actor) -> None:
    today, victor = desk.now.date(), desk.people.victor
    good = {"to": victor.user_id, "from_on": today, "until_on": today, "reason": "Leave"}
    for bad in (
        {"to": desk.people.dana.user_id},
        {"to": desk.people.carol.user_id},
        {"to": alice.user_id},
        {"from_on": today - timedelta(days=1)},
        {"until_on": today - timedelta(days=1)},
        {"until_on": date(2030, 1, 1)},
        {"reason": " "},
        {"reason": "x" * 201},
        {"reason": "a\0b"},
    ):
        with pytest.raises(Refused):
            desk.do("delegate_approval", alice, **{**good, **bad})
    with pytest.raises(access.Denied):
        desk.do("delegate_approval", desk.people.dana, **good)
    with pytest.raises(NotFound):
        desk.do("withdraw_delegation", victor, delegation=handed(desk, alice, victor))
    with pytest.raises(DatabaseError), acting(desk.people.dana):
        Delegation.objects.create(
            customer_id=victor.customer_id,
            delegator_id=victor.user_id,
            delegate_id=alice.user_id,
            from_on=today,
            until_on=today,
            reason="x",
            made_at=desk.now,
        )


def _withdraw(desk: Desk, holder: Actor, delegation: UUID) -> None:
    desk.do("withdraw_delegation", holder, delegation=delegation)


def _wait(desk: Desk, holder: Actor, to: Actor) -> None:
    handed(desk, holder, to)
    desk.now += timedelta(days=4)
