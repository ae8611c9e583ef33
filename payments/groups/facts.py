"""What the groups of an invoice say about paying it: for the pay run, for proposals, for approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from payments.groups.membership import among
from payments.models import GroupApprover, InvoiceGroup


@dataclass(frozen=True)
class GroupFacts:
    """A group and what its invoices are paid with unless somebody says otherwise.

    `method` is one of `Payment.Method` or ''; `approver_ids` are users; `reference` is the payer's own words for the
    remittance, or ''; `days_before_due` is how long before the due date it is paid, None where that is not said.
    """

    code: UUID
    name: str
    method: str
    approver_ids: tuple[int, ...]
    reference: str
    days_before_due: int | None = None


def groups_of(customer_id: int, invoice_ids: Collection[int]) -> dict[int, list[GroupFacts]]:
    """Every invoice → its groups, in the order that the customer gave them: the first one that says a thing decides it.

    Call inside `acting(actor)` or `carrier()`.
    """
    held: dict[int, list[GroupFacts]] = {invoice: [] for invoice in invoice_ids}
    facts = facts_by_group(customer_id)
    if not facts or not held:
        return held
    places = {group: place for place, group in enumerate(facts)}
    for group, invoice in sorted(among(list(facts), held), key=lambda pair: places[pair[0]]):
        held[invoice].append(facts[group])
    return held


def facts_by_group(customer_id: int) -> dict[int, GroupFacts]:
    """Group → facts, in the customer's order."""
    approvers: dict[int, list[int]] = defaultdict(list)
    for group, user in GroupApprover.objects.filter(customer_id=customer_id).values_list("group_id", "user_id"):
        approvers[group].append(user)
    groups = InvoiceGroup.objects.filter(customer_id=customer_id).order_by("position", "pk")
    return {
        group.pk: GroupFacts(
            code=group.code,
            name=group.name,
            method=group.method,
            approver_ids=tuple(sorted(approvers[group.pk])),
            reference=group.reference,
            days_before_due=group.days_before_due,
        )
        for group in groups
    }
