"""What happened to an invoice: its revisions, the payments that it is on, and the file it came from.

Called inside `acting(actor)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.urls import reverse

from billing_sources.models import Invoice
from payments.invoices.dates import day
from payments.invoices.queries import revisions_visible_to
from payments.invoices.record_page import source_of
from payments.models import Allocation
from portal.actor import Actor
from portal.money import format_amount

_COMPARED: Final = (
    ("payable", "Billed"),
    ("line_total", "Charges"),
    ("allowance_total", "Allowances"),
    ("tax", "Tax"),
    ("amount_due", "Due as stated"),
    ("due_on", "Due"),
)


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Revision:
    number: int
    url: str
    received_on: str
    is_this: bool
    changes: tuple[Change, ...]
    silence: str  # what to say where nothing changed


@dataclass(frozen=True)
class AllocationLine:
    run: str
    run_url: str
    payment: str
    value_on: str
    amount: str
    state: str
    tone: str
    reason: str


@dataclass(frozen=True)
class Lineage:
    """Where the bill was read: file, first characters of its sha256, position in it, version of the mapping."""

    file: str
    sha256: str
    received_on: str
    position: str
    mapping: str
    record_url: str


def revisions_of(actor: Actor, invoice: Invoice) -> tuple[Revision, ...]:
    """All revisions of the bill that the actor may see, newest first, each with what it changed."""
    found = list(
        Invoice.objects.filter(revisions_visible_to(actor))
        .filter(system=invoice.system, entity=invoice.entity, number=invoice.number, series=invoice.series)
        .order_by("revision")
    )
    pairs = zip([None, *found], found, strict=False)
    return tuple(reversed([_revision(invoice, before, each) for before, each in pairs]))


def _revision(invoice: Invoice, before: Invoice | None, each: Invoice) -> Revision:
    return Revision(
        number=each.revision,
        url=reverse("invoice", args=[each.code]),
        received_on=day(each.published_at.date() if each.published_at else None),
        is_this=each.pk == invoice.pk,
        changes=_changes(before, each) if before else (),
        silence="No total changed" if before else "First received",
    )


def _changes(before: Invoice, after: Invoice) -> tuple[Change, ...]:
    pairs = ((label, getattr(before, name), getattr(after, name)) for name, label in _COMPARED)
    return tuple(Change(label, _said(old, after), _said(new, after)) for label, old, new in pairs if old != new)


def allocations_of(invoice: Invoice) -> tuple[AllocationLine, ...]:
    found = (
        Allocation.objects.filter(invoice=invoice)
        .exclude(held=0, settled=0, verdict="")
        .select_related("payment__run")
        .order_by("payment__run__number", "payment__position")
    )
    return tuple(_allocation(each) for each in found)


def _allocation(each: Allocation) -> AllocationLine:
    payment, run = each.payment, each.payment.run
    state, tone = _VERDICTS.get(each.verdict) or ("Booked", "good") if each.settled else _RUN_STATES[run.state]
    return AllocationLine(
        run=f"Pay run {run.number} · {run.title}",
        run_url=reverse("pay_run", args=[run.code]),
        payment=f"{payment.position} · {payment.get_method_display()} {payment.reference}".strip(),
        value_on=day(payment.value_on),
        amount=format_amount(each.held + each.settled, each.currency),
        state=state,
        tone=tone,
        reason=each.reason,
    )


_VERDICTS: Final = {
    "sent": ("Sent to AR", "info"),
    "accepted": ("Accepted by AR", "info"),
    "posted": ("Booked by AR", "good"),
    "rejected": ("Rejected by AR", "bad"),
}
_RUN_STATES: Final = {
    "draft": ("In preparation", "warn"),
    "submitted": ("Waits for approval", "warn"),
    "approved": ("Approved", "info"),
    "released": ("Released", "info"),
    "closed": ("Closed", "good"),
    "cancelled": ("Cancelled", "off"),
}


def lineage_of(invoice: Invoice) -> Lineage | None:
    source = source_of(invoice)
    if source is None:
        return None
    return Lineage(
        file=source.name,
        sha256=source.sha256[:16],
        received_on=day(source.received_at.date()),
        position=invoice.position,
        mapping=str(invoice.mapping_version),
        record_url=reverse("charge_record", args=[invoice.code, 0]),
    )


def _said(value: object, invoice: Invoice) -> str:
    if isinstance(value, Decimal):
        return format_amount(value, invoice.currency)
    return "–" if value is None else str(value)
