"""What is wrong with a proposed approval policy, in words. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.domain.approval_policy import Limit, Policy, PolicyRule, Step
from payments.domain.refusals import Refusal, Rule
from portal.money import is_exact

MOST_PEOPLE: Final = 9
MOST_STEPS: Final = 3
MOST_MONEY: Final = Decimal(10) ** 15
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Known:
    """Users with the right to approve, and codes of the customer's groups: nobody and nothing else can be named."""

    approvers: frozenset[int]
    groups: frozenset[str]


def why_not_a_policy(policy: Policy, known: Known) -> tuple[Refusal, ...]:
    """Everything that is wrong with it; nothing, when it can be proposed."""
    words = (*_rules(policy, known), *_limits(policy, known))
    return tuple(Refusal(Rule.POLICY, each) for each in words)


def _rules(policy: Policy, known: Known) -> Iterator[str]:
    for number, rule in enumerate(policy.rules, start=1):
        for words in _rule(rule, known):
            yield f"Rule {number}: {words}"
    bands = Counter((rule.currency, rule.group, rule.above) for rule in policy.rules)
    if any(count > 1 for count in bands.values()):
        yield "Two rules are for the same currency, group and amount."


def _rule(rule: PolicyRule, known: Known) -> Iterator[str]:
    if rule.currency and not _CURRENCY.fullmatch(rule.currency):
        yield "a currency has three letters."
    elif not rule.currency and rule.above:
        yield "an amount needs its currency."
    elif not _is_amount(rule.above, rule.currency):
        yield "the amount is not one of its currency."
    if rule.group and rule.group not in known.groups:
        yield "there is no such group."
    if not 1 <= len(rule.steps) <= MOST_STEPS:
        yield f"it has one to {MOST_STEPS} steps."
    for step in rule.steps:
        yield from _step(step, rule, known)


def _step(step: Step, rule: PolicyRule, known: Known) -> Iterator[str]:
    if not 1 <= step.people <= MOST_PEOPLE:
        yield f"a step asks for one to {MOST_PEOPLE} people."
    if step.named and len(set(step.named)) < step.people:
        yield "a step names fewer people than it asks for."
    if set(step.named) - known.approvers:
        yield "a step names somebody who may not approve."
    if step.of_group and not rule.group:
        yield "a group's approvers are asked for a group only."


def _limits(policy: Policy, known: Known) -> Iterator[str]:
    for limit in policy.limits:
        yield from _limit(limit, known)
    if len({(limit.person, limit.currency, limit.period) for limit in policy.limits}) < len(policy.limits):
        yield "A person has two limits of the same currency and period."


def _limit(limit: Limit, known: Known) -> Iterator[str]:
    if limit.person not in known.approvers:
        yield "A limit is for somebody who may not approve."
    if not _CURRENCY.fullmatch(limit.currency):
        yield "A limit needs a currency of three letters."
    elif not _is_amount(limit.amount, limit.currency):
        yield "A limit is not an amount of its currency."


def _is_amount(amount: Decimal, currency: str) -> bool:
    return amount.is_finite() and 0 <= amount < MOST_MONEY and is_exact(amount, currency)
