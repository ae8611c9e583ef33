"""The pages of approvers and administrators: what waits, who stands in, and a policy that two people set."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from payments.approvals.policies import policy_in_force
from payments.domain.approval_policy import Limit, PolicyRule, Step
from payments.models import ApprovalPolicy
from portal.actor import Actor
from portal.tenancy import carrier
from tests.payments.approvers import approver, limit, rule, set_policy, waiting
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, url, words


@pytest.fixture
def alice(desk: Desk) -> Actor:
    return approver(desk, "alice")


def test_the_inbox_and_the_list_tell_of_runs_that_can_be_approved_now(desk: Desk, alice: Actor) -> None:
    victor = desk.people.victor
    set_policy(desk, rule("100", Step(1, (alice.user_id,))), limit(victor, "50.00", "run"))
    waiting(desk, "300.00")
    waiting(desk, "60.00")
    small = waiting(desk, "40.00")

    for person, count in ((alice, 3), (victor, 1)):
        assert f"{count} pay run" in words(Reader.of(person).see("/")).partition("to approve")[0]
    page = Reader.of(victor).see(reverse("approvals"))
    assert re.findall(r'href="(/pay-runs/[^"]+/review/)"', page) == [url("pay_run_review", small)] * 2
    assert "50.00 USD" in words(page)


def test_a_right_is_handed_over_shown_to_both_and_taken_back(desk: Desk, alice: Actor) -> None:
    victor, today = Reader.of(desk.people.victor), timezone.now().date().isoformat()
    form = {"to": alice.user_id, "from_on": today, "until_on": today, "reason": "On a ship"}

    wrong = victor.send(reverse("approvals"), reverse("delegations"), **{**form, "until_on": "2020-01-01"})
    assert wrong.status_code == 422 and 'value="On a ship"' in wrong.content.decode()
    victor.send(reverse("approvals"), reverse("delegations"), **form)
    assert "Alice for you In force" in words(victor.see(reverse("approvals")))
    hers = Reader.of(alice).see(reverse("approvals"))
    assert "you for Victor In force" in words(hers) and "Take it back" not in hers

    action = re.search(r'action="(/approvals/delegations/[^"]+/withdrawal/)"', victor.see(reverse("approvals")))
    assert action
    assert Reader.of(alice).client.post(action[1], {"key": desk.people.harlow.code}).status_code == 404
    victor.send(reverse("approvals"), action[1])
    assert "Taken back" in words(victor.see(reverse("approvals")))


def _typed(desk: Desk, page: str, **fields: Any) -> dict[str, Any]:
    """What a browser sends: every hidden field, and what is typed."""
    hidden = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
    blank = {"limit-0-period": "run", "limit-1-period": "run", "reason": "The treasurer's letter"}
    return {**hidden, **blank, **fields}


def test_a_policy_is_typed_in_rows_and_another_administrator_consents(desk: Desk, alice: Actor) -> None:
    olga = Reader.of(approver(desk, "olga", "see", "administer"))
    ada, page = Reader.of(desk.people.ada), reverse("approval_policy")
    victor = desk.people.victor
    typed = {
        "rule-0-currency": "usd",
        "rule-0-above": "250,000.00",
        "rule-0-people_1": "2",
        "rule-0-who_2": [f"{alice.user_id}"],
        "limit-0-person": victor.user_id,
        "limit-0-currency": "USD",
        "limit-0-period": "month",
        "limit-0-amount": "1,000,000",
    }

    ada.client.post(reverse("policy_proposals"), _typed(desk, ada.see(page), **typed))
    assert "Withdraw it" in words(ada.see(page)) and "No policy yet" in words(ada.see(page))
    said = words(olga.see(page))
    assert "every pay run above 250,000.00 USD two approvers, then Alice" in said
    assert "Victor: 1,000,000.00 USD in a month" in said
    with carrier(read_only=True):
        proposed = ApprovalPolicy.objects.get()
    olga.send(page, reverse("policy_decision", args=[proposed.code]), verdict="consented")

    with carrier(read_only=True):
        policy = policy_in_force(desk.people.harlow.pk)
    assert policy.rules == (PolicyRule("USD", 250000, "", (Step(2), Step(1, (alice.user_id,)))),)  # type: ignore[arg-type]
    assert policy.limits == (Limit(victor.user_id, "USD", "month", 1_000_000),)  # type: ignore[arg-type]
    assert 'value="250,000.00"' in ada.see(page), "the next one begins with what is in force"


@pytest.mark.parametrize(
    ("fields", "words_"),
    [
        ({"rule-0-above": "12", "rule-0-people_1": "1"}, "an amount needs its currency"),
        ({"rule-0-currency": "USD", "rule-0-above": "lots", "rule-0-people_1": "1"}, "Type an amount"),
        ({"rule-0-currency": "USD", "rule-0-above": "0.001", "rule-0-people_1": "1"}, "not one of its currency"),
        ({"rule-0-people_1": "1", "reason": "a\0b"}, "Say why"),
        ({"rule-0-people_1": "1", "after": "7"}, "proposed since you opened"),
    ],
)
def test_what_cannot_be_a_policy_comes_back_as_it_was_typed(desk: Desk, fields: dict[str, str], words_: str) -> None:
    ada = Reader.of(desk.people.ada)
    answer = ada.client.post(reverse("policy_proposals"), _typed(desk, ada.see(reverse("approval_policy")), **fields))
    assert answer.status_code == 422
    assert words_ in words(answer)
    if "rule-0-above" in fields:
        assert f'value="{fields["rule-0-above"]}"' in answer.content.decode()
