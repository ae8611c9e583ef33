"""Policies and steps in words, as pages and audit say them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from payments.domain.approval_policy import Limit, Policy, PolicyRule, Step
from payments.models import InvoiceGroup
from portal.customers.models import Membership
from portal.money import format_amount

_NUMBERS: Final = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PERIOD_WORDS: Final = {"run": "in one run", "day": "in a day", "month": "in a month"}


def people_words(customer_id: int, ids: Collection[int]) -> dict[int, str]:
    """Names of the customer's people, by id."""
    members = Membership.objects.filter(customer_id=customer_id, user_id__in=list(ids))
    return dict(members.values_list("user_id", "user__name"))


def asked_words(people: int, named: Sequence[int], names: dict[int, str]) -> str:
    """ "two approvers", "one of Alice, Bob"."""
    if not named:
        return f"{_NUMBERS[people]} approver{'' if people == 1 else 's'}"
    who = ", ".join(sorted(names.get(person, "somebody who left") for person in named))
    return who if people == len(named) else f"{_NUMBERS[people]} of {who}"


def rule_words(rule: PolicyRule, names: dict[int, str], groups: dict[str, str]) -> tuple[str, str]:
    """For what, and who."""
    amount = f"above {format_amount(rule.above, rule.currency)} {rule.currency}" if rule.above else ""
    currency = "" if rule.above else f"in {rule.currency}" if rule.currency else "in any currency"
    group = f"invoices of {groups.get(rule.group, 'a group that is gone')}" if rule.group else "every pay run"
    steps = ", then ".join(_step(step, names) for step in rule.steps)
    return " ".join(filter(None, (group, amount, currency))), steps


def limit_words(limit: Limit, names: dict[int, str]) -> str:
    amount = f"{format_amount(limit.amount, limit.currency)} {limit.currency}"
    return f"{names.get(limit.person, 'somebody who left')}: {amount} {PERIOD_WORDS[limit.period]}"


def group_names(customer_id: int) -> dict[str, str]:
    groups = InvoiceGroup.objects.filter(customer_id=customer_id).order_by("name")
    return {f"{code}": name for code, name in groups.values_list("code", "name")}


def named_in(policies: Iterable[Policy]) -> set[int]:
    """Every user that one of the policies speaks of."""
    found = set()
    for policy in policies:
        found |= {limit.person for limit in policy.limits}
        found |= {person for rule in policy.rules for step in rule.steps for person in step.named}
    return found


def _step(step: Step, names: dict[int, str]) -> str:
    words = asked_words(step.people, step.named, names)
    return f"{_NUMBERS[step.people]} of the group's approvers" if step.of_group else words
