"""Two signatures, in order, by distinct people: by code and by raw SQL, one after the other and all at once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError

from payments.domain.approval_policy import Step
from payments.domain.refusals import Refused, Rule
from payments.models import Approval, ApprovalStep, GroupApprover, InvoiceGroup, PayRun
from portal.actor import Actor
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.approvers import approve, approver, limit, raw, rule, set_policy, used, waiting
from tests.payments.conftest import VALUE_ON, Desk, at_once


@pytest.fixture
def alice(desk: Desk) -> Actor:
    return approver(desk, "alice")


@pytest.fixture
def bob(desk: Desk) -> Actor:
    return approver(desk, "bob")


# --- Steps ----------------------------------------------------------------------------------------------------------


def test_above_the_band_two_people_approve_and_one_is_not_enough(desk: Desk, alice: Actor) -> None:
    set_policy(desk, rule("250", Step(2)))
    run = waiting(desk)

    done = approve(desk, desk.people.victor, run)
    assert "waits for 1 more approval" in done.message
    assert desk.run(run).state == "submitted"
    with pytest.raises(Refused) as refused:
        approve(desk, desk.people.victor, run)
    assert refused.value.rule is Rule.TWICE
    with pytest.raises(Refused):
        desk.do("release_run", desk.people.victor, run=run)

    approve(desk, alice, run)
    assert desk.run(run).state == "approved"
    desk.do("release_run", desk.people.victor, run=run)


def test_no_step_is_skipped_not_even_by_raw_sql(desk: Desk, alice: Actor) -> None:
    victor = desk.people.victor
    set_policy(desk, rule("0", Step(1, (alice.user_id,)), Step(1, (victor.user_id,))))
    run = waiting(desk)

    with pytest.raises(Refused, match="Step 1 asks for other people"):
        approve(desk, victor, run)
    for step in (1, 2):
        with pytest.raises(DatabaseError, match="asks for another approval"), acting(victor):
            raw(desk, run, victor, step=step)
    with pytest.raises(DatabaseError), acting(victor):
        PayRun.objects.filter(code=run).update(state="approved")

    approve(desk, alice, run)
    with pytest.raises(DatabaseError, match="not all steps"), acting(victor):
        PayRun.objects.filter(code=run).update(state="approved")
    approve(desk, victor, run)
    assert desk.run(run).state == "approved"


def test_a_run_is_judged_by_the_policy_of_the_moment_it_was_submitted(desk: Desk) -> None:
    before = waiting(desk)
    set_policy(desk, rule("0", Step(2)))
    after = waiting(desk)

    for run in (before, after):
        approve(desk, desk.people.victor, run)

    assert (desk.run(before).state, desk.run(after).state) == ("approved", "submitted")


def test_the_steps_are_hashed_and_frozen(desk: Desk, alice: Actor) -> None:
    set_policy(desk, rule("0", Step(2)))
    run = waiting(desk)
    seen = desk.run(run).submitted_sha256
    set_policy(desk, rule("0", Step(1)), after=1)
    desk.do(
        "change_payment", run=run, payment=desk.payments(run)[0].code, method="wire", value_on=VALUE_ON, planned=None
    )
    desk.do("submit_run", run=run)
    assert desk.run(run).submitted_sha256 != seen

    found = desk.run(run)
    for change in (
        lambda: ApprovalStep.objects.filter(run=found).update(people=1),
        lambda: ApprovalStep.objects.filter(run=found).delete(),
        lambda: ApprovalStep.objects.create(
            run=found, customer_id=found.customer_id, version=found.version, position=2, people=1
        ),
    ):
        with pytest.raises(DatabaseError), acting(alice):
            change()


def test_a_role_taken_away_after_the_submission_counts_at_once(desk: Desk) -> None:
    victor = desk.people.victor
    run = waiting(desk)
    with carrier():
        access.revoke(victor.user_id, desk.people.harlow_root, "approve")

    with pytest.raises(access.Denied):
        approve(desk, victor, run)
    with pytest.raises(DatabaseError, match="no right to approve"), acting(victor):
        raw(desk, run, victor)


def test_nobody_approves_in_anothers_name_by_raw_sql(desk: Desk, alice: Actor) -> None:
    run = waiting(desk)
    with pytest.raises(DatabaseError, match="in the name of another"), acting(desk.people.dana):
        raw(desk, run, alice)


# --- Several at once ------------------------------------------------------------------------------------------------


def test_of_three_who_approve_at_once_two_are_enough_and_the_third_is_told(
    desk: Desk, alice: Actor, bob: Actor
) -> None:
    set_policy(desk, rule("0", Step(2)))
    run = waiting(desk)

    answers = at_once([lambda who=who: approve(desk, who, run) for who in (desk.people.victor, alice, bob)])  # type: ignore[misc]

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(each) for each in refused] == [Refused]
    assert desk.run(run).state == "approved"
    with carrier(read_only=True):
        assert Approval.objects.count() == 2


def test_one_limit_holds_against_two_approvals_at_the_same_moment(desk: Desk) -> None:
    victor = desk.people.victor
    set_policy(desk, limit(victor, "500.00"))
    runs = [waiting(desk) for _ in range(4)]

    answers = at_once([lambda run=run: approve(desk, victor, run) for run in runs])  # type: ignore[misc]

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert {answer.rule for answer in refused if isinstance(answer, Refused)} == {Rule.OVER_LIMIT}
    assert len(refused) == 3
    assert used(victor)["2026-11-21"] == Decimal("300.00")


def test_an_approval_while_somebody_edits_counts_for_nothing_or_voids(desk: Desk) -> None:
    victor = desk.people.victor
    run = waiting(desk)
    payment = desk.payments(run)[0].code

    at_once(
        [
            lambda: approve(desk, victor, run),
            lambda: desk.do(
                "change_payment", run=run, payment=payment, method="cheque", value_on=VALUE_ON, planned=None
            ),
        ]
    )

    assert (desk.run(run).state, desk.run(run).version) == ("draft", 2)
    assert set(used(victor).values()) <= {Decimal(0)}


def test_the_same_form_twice_is_one_approval(desk: Desk) -> None:
    set_policy(desk, rule("0", Step(2)))
    run = waiting(desk)
    key = run

    answers = at_once([lambda: approve(desk, desk.people.victor, run, key=key)] * 2)

    assert [getattr(answer, "message", answer) for answer in answers] == [answers[0].message] * 2  # type: ignore[union-attr]
    with carrier(read_only=True):
        assert Approval.objects.count() == 1


def test_a_groups_own_approvers_are_asked_for_its_invoices(desk: Desk, alice: Actor) -> None:
    invoice = make_invoice(desk.people.harlow_west, "300.00")
    desk.do("group_invoices", invoices=[invoice.code], group="West")
    with acting(desk.people.dana):
        group = InvoiceGroup.objects.get(name="West")
        GroupApprover.objects.create(customer=desk.people.harlow, group=group, user_id=alice.user_id)
    set_policy(desk, rule("100", Step(1, of_group=True), group=f"{group.code}"))
    run = desk.submitted(invoice)

    with pytest.raises(Refused, match="asks for other people"):
        approve(desk, desk.people.victor, run)
    approve(desk, alice, run)
    assert desk.run(run).state == "approved"
