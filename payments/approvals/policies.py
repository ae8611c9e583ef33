"""The customer's policies: the one in force, and what it asks of a run that is about to be submitted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from payments.domain.approval_policy import Policy, Step, Sum, steps_for
from payments.domain.submission import Item
from payments.groups.facts import GroupFacts, groups_of
from payments.models import ApprovalPolicy, Payment, PolicyDecision
from portal.money import ZERO


def latest_in_force(customer_id: int) -> ApprovalPolicy | None:
    """The last version that was consented to."""
    consented = ApprovalPolicy.objects.filter(
        customer_id=customer_id, decision__verdict=PolicyDecision.Verdict.CONSENTED
    )
    return consented.order_by("-version").first()


def policy_in_force(customer_id: int) -> Policy:
    found = latest_in_force(customer_id)
    return read_policy(found.document) if found else Policy()


def policies_of(customer_id: int, ids: Collection[int | None]) -> dict[int, Policy]:
    found = ApprovalPolicy.objects.filter(customer_id=customer_id, pk__in=[pk for pk in ids if pk])
    return {policy.pk: read_policy(policy.document) for policy in found}


def read_policy(document: Any) -> Policy:
    return msgspec.convert(document, Policy)


def policy_document(policy: Policy) -> Any:
    """As it is stored: amounts as text, so that nothing is lost."""
    return msgspec.to_builtins(policy)


def asked_of(policy: Policy, payments: Sequence[Payment], items: Sequence[Item]) -> tuple[Step, ...]:
    """The steps that the policy asks of a run with these payments and invoices."""
    asks_by_group = payments and any(rule.group for rule in policy.rules)
    groups = groups_of(payments[0].customer_id, [item.invoice_id for item in items]) if asks_by_group else {}
    approvers = {f"{group.code}": group.approver_ids for found in groups.values() for group in found}
    return steps_for(policy, [*_in_all(payments), *_by_group(items, groups)], approvers)


def _in_all(payments: Sequence[Payment]) -> list[Sum]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for payment in payments:
        sums[payment.currency] += payment.placed
    return [Sum(currency, amount) for currency, amount in sorted(sums.items())]


def _by_group(items: Sequence[Item], groups: dict[int, list[GroupFacts]]) -> list[Sum]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for item in items:
        for group in groups.get(item.invoice_id, ()):
            sums[f"{group.code}", item.currency] += sum((amount for _, amount in item.placed), ZERO)
    return [Sum(currency, amount, group) for (group, currency), amount in sorted(sums.items())]
