"""Open a pay run from a group, with what the group is paid with filled in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db.models import Q
from django.utils.timezone import localdate

from billing_sources.models import Invoice
from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.groups.rules import holding
from payments.invoices.queries import on_nodes, visible_to
from payments.models import InvoiceGroup
from payments.operations.choose import LONGEST_TITLE, open_run
from payments.operations.plan import LONGEST_NOTE, POSITIONS, add_payment
from portal.actor import Actor
from portal.customers import access

MOST_INVOICES: Final = 10_000


@command
def open_group_run(actor: Actor, *, group: UUID, key: UUID, now: datetime) -> Done:
    """A draft about all that is open of the group, credits too, as far as the actor may pay it, with a payment a
    currency by the group's method. `Done.code` is the run's."""
    found = InvoiceGroup.objects.filter(customer_id=actor.customer_id, code=group).first()
    if found is None:
        raise NotFound("group")
    rows = _payable(actor, found)
    title = f"{found.name[: LONGEST_TITLE - 12]}, {localdate(now)}"
    opened = open_run(actor, title=title, invoices=[code for code, _, _ in rows], key=uuid5(key, "run"), now=now)
    for currency, due_on in _payments(found, rows):
        add_payment(
            actor,
            run=UUID(opened.code),
            method=found.method,
            currency=currency,
            value_on=_value_on(found, due_on, localdate(now)),
            note=note_of(found),
            key=uuid5(key, currency),
            now=now,
        )
    detail = {"group": str(found.code), "invoices": len(rows)}
    return Done(opened.message, "run opened from a group", f"group {found.name}", opened.code, detail)


def note_of(group: InvoiceGroup) -> str:
    """The payer's own words on the remittance: the group's name, and its reference."""
    return " · ".join(text for text in (group.name, group.reference) if text)[:LONGEST_NOTE]


def _payable(actor: Actor, group: InvoiceGroup) -> list[tuple[UUID, str, date | None]]:
    """(code, currency, due on) of what can be paid."""
    may = visible_to(actor) & on_nodes(access.scope(actor, "prepare"))
    open_ = Invoice.objects.filter(may & holding(group.pk) & ~Q(open=0), is_payable=True)
    rows = list(open_.order_by("pk").values_list("code", "currency", "due_on")[: MOST_INVOICES + 1])
    if not rows:
        raise refuse(Rule.NOTHING_OPEN, f"Nothing of “{group.name}” is open that you may pay.")
    if len(rows) > MOST_INVOICES:
        raise refuse(Rule.TOO_LARGE, f"More than {MOST_INVOICES:,} invoices are open; choose some in the list.")
    return rows


def _payments(group: InvoiceGroup, rows: Iterable[tuple[UUID, str, date | None]]) -> list[tuple[str, date | None]]:
    """(currency, first due date) of each payment that the group's method is for; none where it says no method."""
    if not group.method:
        return []
    dues: dict[str, list[date]] = {}
    for _, currency, due_on in rows:
        dues.setdefault(currency, []).extend([due_on] if due_on else [])
    return [(currency, min(dues[currency], default=None)) for currency in sorted(dues)][: len(POSITIONS)]


def _value_on(group: InvoiceGroup, due_on: date | None, today: date) -> date:
    """So long before the first due date as the group says, and never before today."""
    if due_on is None:
        return today
    return max(today, due_on - timedelta(days=group.days_before_due or 0))
