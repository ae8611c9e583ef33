"""What a customer asks before a run is approved: rules by amount, currency and group, and limits. Pure.

A policy is one document, replaced as a whole and never edited (docs/decisions/0012). Issue: invariants §4.3, I12.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args

Period = Literal["run", "day", "month"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)


@dataclass(frozen=True)
class Step:
    """So many distinct people with the right to approve. `named`: only these users; `of_group`: only those whom the
    rule's group names as its approvers; neither: anyone."""

    people: int
    named: tuple[int, ...] = ()
    of_group: bool = False


@dataclass(frozen=True)
class PolicyRule:
    """Above this amount, in this currency ('' any), for invoices of this group ('' all): these steps, in order."""

    currency: str
    above: Decimal
    group: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Limit:
    """The most that this user may approve in one run, on one day, or in one month."""

    person: int
    currency: str
    period: Period
    amount: Decimal


@dataclass(frozen=True)
class Policy:
    rules: tuple[PolicyRule, ...] = ()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Sum:
    """What of a run is paid in a currency: for the invoices of one group, or ('' ) in all."""

    currency: str
    amount: Decimal
    group: str = ""


UNASKED: Final = Step(people=1)  # without a policy, or where no rule applies: one person who did not make the run


def steps_for(policy: Policy, sums: Iterable[Sum], approvers: dict[str, tuple[int, ...]]) -> tuple[Step, ...]:
    """The steps of a run: of every rule that applies, none twice, so that each rule is met as if it were alone.

    `approvers` are the users whom a group (by code) names; a group that names nobody asks for anyone.
    """
    rules = [rule for each in sums if (rule := _strictest(policy, each))]
    asked = [tuple(_resolved(step, approvers.get(rule.group, ())) for step in rule.steps) for rule in rules]
    return _merged(asked) or (UNASKED,)


def _strictest(policy: Policy, of: Sum) -> PolicyRule | None:
    """The rule of the highest band; one of the currency itself goes before one of any currency."""
    applying = [rule for rule in policy.rules if _applies(rule, of)]
    return max(applying, key=lambda rule: (bool(rule.currency), rule.above), default=None)


def _applies(rule: PolicyRule, of: Sum) -> bool:
    is_above = of.amount > rule.above or not rule.above
    return rule.group == of.group and rule.currency in ("", of.currency) and is_above


def _resolved(step: Step, approvers: tuple[int, ...]) -> Step:
    return Step(step.people, named=tuple(sorted(set(approvers if step.of_group else step.named))))


def _merged(asked: Sequence[tuple[Step, ...]]) -> tuple[Step, ...]:
    """The longest list first; of the others what it does not ask already."""
    ordered = sorted(asked, key=lambda steps: -sum(step.people for step in steps))
    merged: list[Step] = list(ordered[0]) if ordered else []
    for steps in ordered[1:]:
        wanted, there = _people(steps), _people(merged)
        merged += [Step(count - there[named], named) for named, count in wanted.items() if count > there[named]]
    return tuple(merged)


def _people(steps: Iterable[Step]) -> Counter[tuple[int, ...]]:
    counted: Counter[tuple[int, ...]] = Counter()
    for step in steps:
        counted[step.named] += step.people
    return counted


def limit_of(policies: Iterable[Policy], person: int, currency: str, period: Period) -> Decimal | None:
    """The lowest that any of the policies sets; None where none of them limits the person."""
    return min(
        (
            limit.amount
            for policy in policies
            for limit in policy.limits
            if (limit.person, limit.currency, limit.period) == (person, currency, period)
        ),
        default=None,
    )
