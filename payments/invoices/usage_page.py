"""The usage behind a charge: its records by keyset, totals over all of them, and the proof against what was billed.

Called inside `acting(actor)`; figures are text, at the precision of their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.urls import reverse

from billing_sources.models import Charge, Invoice, UsageRecord
from payments.invoices.charges import CATEGORIES, exact
from payments.invoices.queries import revisions_visible_to
from payments.invoices.usage import usage_of
from portal.actor import Actor
from portal.money import ZERO, round_to

PAGE: Final = 100


@dataclass(frozen=True)
class UsageAsked:
    """A page of records: those after or before a position in the bill; `first` is the number of its first record."""

    after: int | None = None
    before: int | None = None
    first: int = 1


@dataclass(frozen=True)
class KindLine:
    kind: str
    records: str
    quantity: str
    amount: str


@dataclass(frozen=True)
class UsageLine:
    started_on: str
    started_at: str
    kind: str
    service: str
    other_party: str
    quantity: str
    amount: str


@dataclass(frozen=True)
class UsageProof:
    """Sum of usage = billed line, in words; `tone` is of its state."""

    state: str
    tone: str
    text: str


@dataclass(frozen=True)
class UsagePage:
    invoice_number: str
    invoice_url: str
    currency: str
    charge: str
    billed_as: str
    proof: UsageProof
    kinds: tuple[KindLine, ...]
    total: KindLine
    records: tuple[UsageLine, ...]
    shown: str
    earlier_url: str
    later_url: str


def get_usage_for(actor: Actor, code: UUID, charge: int, asked: UsageAsked) -> UsagePage | None:
    """The records behind a charge, or (0) those that name none; None where there is nothing for this actor to see."""
    invoice = Invoice.objects.select_related("system").filter(revisions_visible_to(actor), code=code).first()
    if invoice is None:
        return None
    records = usage_of(invoice).filter(charge=charge)
    sums = list(records.values_list("kind", "unit").annotate(Count("position"), Sum("quantity"), Sum("amount")))
    if not sums:
        return None
    billed = Charge.objects.filter(invoice=invoice, position=charge).first()
    count, rated = sum(one[2] for one in sums), sum((one[4] for one in sums), ZERO)
    page, shown, earlier, later = _page(records, asked, count)
    return UsagePage(
        invoice_number=invoice.number,
        invoice_url=reverse("invoice", args=[invoice.code]),
        currency=invoice.currency,
        charge=(billed.description or billed.source_term) if billed else "Usage that names no charge",
        billed_as=_billed_as(invoice, billed),
        proof=_proof(invoice, billed, count, rated),
        kinds=tuple(_kind(invoice, one) for one in sorted(sums, key=lambda one: -one[4])),
        total=KindLine("All", f"{count:,}", "", exact(rated, invoice.currency)),
        records=tuple(_line(invoice, record) for record in page),
        shown=shown,
        earlier_url=earlier,
        later_url=later,
    )


def _page(records: QuerySet[UsageRecord], asked: UsageAsked, count: int) -> tuple[list[UsageRecord], str, str, str]:
    """The records of a page, which of all they are, and where those before and after them are."""
    backwards = asked.before is not None
    if backwards:
        found = list(records.filter(position__lt=asked.before).order_by("-position")[:PAGE])[::-1]
    else:
        found = list(records.filter(position__gt=asked.after or 0).order_by("position")[:PAGE])
    if not found:
        return [], "", "", ""
    first = max(1, asked.first)
    last = first + len(found) - 1
    earlier = f"?before={found[0].position}&first={max(1, first - PAGE)}" if first > 1 else ""
    later = f"?after={found[-1].position}&first={last + 1}" if last < count else ""
    return found, f"{first:,}–{last:,} of {count:,}", earlier, later


def _billed_as(invoice: Invoice, billed: Charge | None) -> str:
    if billed is None:
        return f"billed by {invoice.system.name}"
    category = CATEGORIES.get(billed.category, billed.category)
    return f"{category} · billed as “{billed.source_term}” by {invoice.system.name}"


def _proof(invoice: Invoice, billed: Charge | None, count: int, rated: Decimal) -> UsageProof:
    records = f"{count:,} record{'' if count == 1 else 's'} add{'s' if count == 1 else ''} up to"
    told = f"{records} {exact(rated, invoice.currency)}"
    if billed is None:
        return UsageProof("No charge", "warn", f"{told}; the billing system does not say which charge they explain.")
    stated = exact(billed.amount, invoice.currency)
    if billed.amount == rated:
        return UsageProof("Proven", "good", f"{told} = billed.")
    if billed.amount == round_to(rated, invoice.currency):
        return UsageProof("Proven", "good", f"{told}, rounded to {stated} = billed.")
    difference = exact(billed.amount - rated, invoice.currency)
    return UsageProof("Differs", "warn", f"{told}; billed are {stated}. The difference is {difference}.")


def _kind(invoice: Invoice, sums: tuple[str, str, int, Decimal | None, Decimal]) -> KindLine:
    kind, unit, count, quantity, amount = sums
    return KindLine(kind or "Not said", f"{count:,}", _quantity(quantity, unit), exact(amount, invoice.currency))


def _line(invoice: Invoice, record: UsageRecord) -> UsageLine:
    return UsageLine(
        started_on=f"{record.started_at:%Y-%m-%d}",
        started_at=f"{record.started_at:%H:%M:%S}",
        kind=record.kind,
        service=record.service,
        other_party=record.other_party,
        quantity=_quantity(record.quantity, record.unit),
        amount=exact(record.amount, invoice.currency),
    )


def _quantity(quantity: Decimal | None, unit: str) -> str:
    return "" if quantity is None else f"{quantity.normalize():,f} {unit}".strip()
