"""What of a selection can be disputed, and what that comes to before anybody does it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from billing_sources.models import Invoice
from payments.domain.allocation import InvoiceFacts
from payments.domain.dispute import Claim, claimed
from payments.domain.lifecycle import EDITABLE
from payments.invoices.queries import on_nodes
from payments.invoices.selection import Selection, selected
from payments.models import Allocation, PayRun, PayRunItem
from portal.actor import Actor
from portal.customers import access
from portal.money import ZERO, format_amount

SHOWN: Final = 12


@dataclass(frozen=True)
class Preview:
    """`totals`: (currency, invoices, amount). `rows`: the largest of them, (number, amount, currency)."""

    codes: tuple[UUID, ...]
    totals: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[str, str, str], ...]
    runs: tuple[str, ...]
    left_out: int


def preview_of(actor: Actor, chosen: Selection, percent: Decimal | None, today: date) -> Preview:
    """Call inside `acting(actor)`. What cannot be disputed is counted and left out."""
    everything = Invoice.objects.filter(selected(actor, chosen, today)).count()
    reach = on_nodes(access.scope(actor, "prepare"))
    planned = _planned()
    found = Invoice.objects.filter(selected(actor, chosen, today) & reach, payable__gt=0, is_payable=True)
    found = found.filter(Q(open__gt=F("disputed")) | Q(pk__in=planned.values("invoice")))
    plans = dict(planned.filter(invoice__in=found).values_list("invoice").annotate(amount=Sum("held")))
    judged = []
    for invoice in found.order_by("pk"):
        amount = claimed(_facts(invoice), plans.get(invoice.pk, ZERO), Claim(percent=percent))
        if isinstance(amount, Decimal):
            judged.append((invoice, amount))
    return _preview(judged, everything)


def _planned() -> QuerySet[Allocation]:
    return Allocation.objects.filter(held__gt=0, payment__run__state__in=EDITABLE)


def _facts(invoice: Invoice) -> InvoiceFacts:
    return InvoiceFacts(
        invoice.pk,
        invoice.number,
        invoice.currency,
        invoice.payable,
        invoice.open,
        invoice.is_current,
        invoice.is_payable,
        invoice.account_id or 0,
        invoice.disputed,
    )


def _preview(judged: Sequence[tuple[Invoice, Decimal]], everything: int) -> Preview:
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for invoice, amount in judged:
        sums[invoice.currency].append(amount)
    items = PayRunItem.objects.filter(invoice__in=[invoice.pk for invoice, _ in judged], run__state__in=EDITABLE)
    runs = PayRun.objects.filter(pk__in=items.values("run")).order_by("number")
    largest = sorted(judged, key=lambda each: -each[1])[:SHOWN]
    return Preview(
        codes=tuple(invoice.code for invoice, _ in judged),
        totals=tuple(
            (currency, f"{len(amounts):,}", format_amount(sum(amounts, ZERO), currency))
            for currency, amounts in sorted(sums.items())
        ),
        rows=tuple((i.number, format_amount(amount, i.currency), i.currency) for i, amount in largest),
        runs=tuple(f"{run.number} ({run.state})" for run in runs),
        left_out=everything - len(judged),
    )
