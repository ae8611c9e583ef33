"""What the groups of an invoice say about paying it: for the pay run, for proposals, for approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from payments.groups.rules import INVOICES, members
from payments.models import GroupApprover, InvoiceGroup

_CHOSEN: Final = """
    WITH chosen AS MATERIALIZED (SELECT * FROM billing_sources_invoice WHERE id = ANY(%s))
    SELECT held.group_id, held.invoice_id FROM ({members}) held WHERE held.invoice_id IN (SELECT id FROM chosen)
"""


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
    facts = _facts(customer_id)
    if not facts or not held:
        return held
    sql, values = members(list(facts), invoices=f"chosen AS {INVOICES}")
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN.format(members=sql), [list(held), *values])
        pairs = set(cursor.fetchall())
    places = {group: place for place, group in enumerate(facts)}
    for group, invoice in sorted(pairs, key=lambda pair: places[pair[0]]):
        held[invoice].append(facts[group])
    return held


def _facts(customer_id: int) -> dict[int, GroupFacts]:
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
