"""The administrators' part: no policy is one person's alone where there are two, and none reaches back."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import DatabaseError

from payments.domain.approval_policy import Policy, Step
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import ApprovalPolicy, PolicyDecision
from portal.actor import Actor
from portal.customers import access
from portal.demo.approvals import set_policy as set_demo_policy
from portal.tenancy import acting
from tests.payments.approvers import approve, approver, rule, set_policy, waiting
from tests.payments.conftest import Desk, at_once

# --- The administrators' part -----------------------------------------------------------------------------------------


def test_a_policy_of_two_administrators_waits_for_the_others_consent(desk: Desk) -> None:
    olga = approver(desk, "olga", "see", "administer")
    proposed = set_policy(desk, rule("0", Step(2)))
    before = waiting(desk)
    approve(desk, desk.people.victor, before)
    assert desk.run(before).state == "approved", "what was only proposed asks for nothing"

    with pytest.raises(Refused) as refused:
        desk.do("decide_policy", desk.people.ada, policy=proposed, verdict="consented")
    assert refused.value.rule is Rule.OWN_WORK
    with pytest.raises(DatabaseError, match="another administrator consents"), acting(desk.people.ada):
        _raw_consent(desk, proposed, desk.people.ada)
    with pytest.raises(access.Denied):
        desk.do("decide_policy", desk.people.victor, policy=proposed, verdict="consented")
    with pytest.raises(NotFound):
        desk.do("decide_policy", desk.people.carol, policy=proposed, verdict="consented")

    desk.do("decide_policy", olga, policy=proposed, verdict="consented")
    after = waiting(desk)
    approve(desk, desk.people.victor, after)
    assert desk.run(after).state == "submitted"


def test_a_policy_is_written_after_the_one_that_its_writer_saw(desk: Desk) -> None:
    set_policy(desk, rule("0", Step(2)))
    with pytest.raises(Refused) as refused:
        set_policy(desk, rule("0", Step(1)))
    assert refused.value.rule is Rule.CHANGED_SINCE
    answers = at_once([lambda: set_policy(desk, rule("0", Step(1)), after=1)] * 3)
    assert sorted(isinstance(answer, UUID) for answer in answers) == [False, False, True]
    assert all(isinstance(answer, UUID | Refused) for answer in answers)


def test_policies_and_decisions_are_history(desk: Desk) -> None:
    set_policy(desk, rule("0", Step(2)))
    for table in (ApprovalPolicy, PolicyDecision):
        with pytest.raises(DatabaseError), acting(desk.people.ada):
            table.objects.all().delete()
    with pytest.raises(DatabaseError), acting(desk.people.ada):
        ApprovalPolicy.objects.update(document={})


def test_only_an_administrator_proposes(desk: Desk) -> None:
    for person in (desk.people.dana, desk.people.victor):
        with pytest.raises(access.Denied):
            desk.do("propose_policy", person, policy=Policy(), reason="x", after=0)
    visiting = replace(desk.people.ada, real_user_id=desk.people.sam.user_id, support_session_id=1)
    with pytest.raises(Refused, match="support visit"):
        desk.do("propose_policy", visiting, policy=Policy(), reason="x", after=0)


def _raw_consent(desk: Desk, policy: UUID, person: Actor) -> None:
    PolicyDecision.objects.create(
        policy=ApprovalPolicy.objects.get(code=policy),
        customer_id=person.customer_id,
        verdict="consented",
        decided_by_id=person.user_id,
        decided_at=desk.now,
    )


def test_the_demos_policy_is_one_that_holds(desk: Desk) -> None:
    set_demo_policy(desk.people.ada, desk.people.victor, desk.now)
    large = waiting(desk, "250000.01")
    for run in (waiting(desk), large):
        approve(desk, desk.people.victor, run)
    assert desk.run(large).state == "submitted"
