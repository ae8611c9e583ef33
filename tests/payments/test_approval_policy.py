"""What a policy asks of a run: the rule of the highest band, and of several rules each as if it stood alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payments.domain.approval_policy import Limit, Policy, PolicyRule, Step, Sum, limit_of, steps_for
from payments.domain.policy_checks import Known, why_not_a_policy

ANYONE = Step(1)
VICTOR, ALICE, BOB = 1, 2, 3


def rule(above: str, *steps: Step, currency: str = "USD", group: str = "") -> PolicyRule:
    return PolicyRule(currency, Decimal(above), group, steps)


TWO_ABOVE = Policy((rule("0", ANYONE), rule("250000", Step(2))))


@pytest.mark.parametrize(
    ("currency", "amount", "people"),
    [("USD", "1", 1), ("USD", "250000", 1), ("USD", "250000.01", 2), ("EUR", "900000", 1)],
)
def test_two_people_above_a_quarter_million(currency: str, amount: str, people: int) -> None:
    steps = steps_for(TWO_ABOVE, [Sum(currency, Decimal(amount))], {})
    assert [step.people for step in steps] == [people]


def test_without_a_policy_one_other_person_approves() -> None:
    assert steps_for(Policy(), [Sum("USD", Decimal(10) ** 9)], {}) == (Step(1),)


def test_a_rule_of_any_currency_gives_way_to_one_of_the_currency_itself() -> None:
    policy = Policy((rule("0", Step(3), currency=""), rule("0", ANYONE)))
    assert steps_for(policy, [Sum("USD", Decimal(5))], {}) == (ANYONE,)
    assert steps_for(policy, [Sum("EUR", Decimal(5))], {}) == (Step(3),)


def test_two_currencies_ask_for_the_stricter_of_the_two_and_not_for_both() -> None:
    policy = Policy((rule("0", ANYONE), rule("0", Step(2), currency="EUR")))
    assert steps_for(policy, [Sum("EUR", Decimal(5)), Sum("USD", Decimal(5))], {}) == (Step(2),)


def test_steps_of_one_rule_stay_apart_even_if_they_ask_for_the_same() -> None:
    policy = Policy((rule("0", ANYONE, ANYONE),))
    assert steps_for(policy, [Sum("USD", Decimal(5))], {}) == (ANYONE, ANYONE)


def test_a_groups_rule_adds_its_people_to_those_of_the_amount() -> None:
    policy = Policy((rule("0", Step(2)), rule("100", Step(1, of_group=True), group="nord")))
    sums = [Sum("USD", Decimal(900)), Sum("USD", Decimal(101), "nord")]
    assert steps_for(policy, sums, {"nord": (ALICE, BOB)}) == (Step(2), Step(1, (ALICE, BOB)))
    assert steps_for(policy, [sums[0], Sum("USD", Decimal(100), "nord")], {}) == (Step(2),)


def test_a_group_that_names_nobody_asks_for_anyone() -> None:
    policy = Policy((rule("0", Step(1, of_group=True), group="nord"),))
    assert steps_for(policy, [Sum("USD", Decimal(1), "nord")], {}) == (Step(1),)


def test_the_lower_of_two_policies_limits() -> None:
    then, now = (Policy(limits=(Limit(VICTOR, "USD", "day", Decimal(most)),)) for most in (500, 900))
    assert limit_of([then, now], VICTOR, "USD", "day") == Decimal(500)
    assert limit_of([then, now], VICTOR, "USD", "month") is None
    assert limit_of([then, now], ALICE, "USD", "day") is None


KNOWN = Known(frozenset({VICTOR, ALICE}), frozenset({"nord"}))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy((rule("1", ANYONE, currency=""),)), "an amount needs its currency"),
        (Policy((rule("1", ANYONE, currency="usd"),)), "three letters"),
        (Policy((rule("0.001", ANYONE),)), "not one of its currency"),
        (Policy((rule("-1", ANYONE),)), "not one of its currency"),
        (Policy((rule("NaN", ANYONE),)), "not one of its currency"),
        (Policy((rule("1e15", ANYONE),)), "not one of its currency"),
        (Policy((rule("0"),)), "one to 3 steps"),
        (Policy((rule("0", Step(0)),)), "one to 9 people"),
        (Policy((rule("0", Step(2, (ALICE,))),)), "fewer people than it asks for"),
        (Policy((rule("0", Step(2, (ALICE, ALICE))),)), "fewer people than it asks for"),
        (Policy((rule("0", Step(1, (BOB,))),)), "may not approve"),
        (Policy((rule("0", Step(1, of_group=True)),)), "for a group only"),
        (Policy((rule("0", ANYONE, group="another's"),)), "no such group"),
        (Policy((rule("0", ANYONE), rule("0.00", Step(2)))), "same currency, group and amount"),
        (Policy(limits=(Limit(BOB, "USD", "day", Decimal(1)),)), "may not approve"),
        (Policy(limits=(Limit(ALICE, "", "day", Decimal(1)),)), "currency of three letters"),
        (Policy(limits=(Limit(ALICE, "JPY", "day", Decimal("0.5")),)), "not an amount of its currency"),
        (Policy(limits=(Limit(ALICE, "USD", "day", Decimal(1)),) * 2), "two limits"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(policy: Policy, words: str) -> None:
    assert words in " ".join(refusal.words for refusal in why_not_a_policy(policy, KNOWN))


def test_a_sound_policy_is_not_complained_of() -> None:
    limits = (Limit(ALICE, "USD", "day", Decimal(0)), Limit(ALICE, "USD", "month", Decimal("10.50")))
    assert why_not_a_policy(Policy(TWO_ABOVE.rules, limits), KNOWN) == ()
