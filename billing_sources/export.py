"""Canonical invoices out again, one JSON object each, as `export_invoices` prints them (design.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from billing_sources.models import Charge, ImportRun, Invoice, TaxItem, UsageRecord
from portal.tenancy import carrier

_CHUNK = 500
_AMOUNTS = (
    "line_total",
    "allowance_total",
    "charge_total",
    "tax_excluded",
    "tax",
    "tax_included",
    "prepaid",
    "rounding",
    "previous_balance",
    "amount_due",
)
Json = dict[str, Any]


def exported(
    system: str = "", *, number: str = "", run: ImportRun | None = None, all_revisions: bool = False
) -> Iterator[Json]:
    """Current invoices in the order they came, held and unlinked ones included; `state` tells."""
    wanted = Q() if all_revisions else Q(is_current=True)
    if system:
        wanted &= Q(system__key=system)
    if number:
        wanted &= Q(number=number)
    if run:
        wanted &= Q(file__run=run)
    last_id = 0
    while chunk := _chunk(wanted, last_id):
        last_id = chunk[-1][0]
        yield from (invoice for _, invoice in chunk)


def _chunk(wanted: Q, after_id: int) -> list[tuple[int, Json]]:
    with carrier(read_only=True):
        related = ("system", "account_link", "file__document")
        invoices = Invoice.objects.filter(wanted, pk__gt=after_id).select_related(*related).order_by("pk")[:_CHUNK]
        found = list(invoices)
        charges = _grouped(Charge._default_manager.filter(invoice__in=found).select_related("account_link"))
        taxes = _grouped(TaxItem._default_manager.filter(invoice__in=found))
        usage = _grouped(UsageRecord._default_manager.filter(invoice__in=found), "position")
        return [(i.pk, _invoice(i, charges.get(i.pk, []), taxes.get(i.pk, []), usage.get(i.pk, []))) for i in found]


def _grouped(details: QuerySet[Any], order: str = "pk") -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for detail in details.order_by("invoice_id", order):
        grouped.setdefault(detail.invoice_id, []).append(detail)
    return grouped


def _invoice(invoice: Invoice, charges: list[Charge], taxes: list[TaxItem], usage: list[UsageRecord]) -> Json:
    return {
        "system": invoice.system.key,
        "number": invoice.number,
        "revision": invoice.revision,
        "type": invoice.bill_type,
        "currency": invoice.currency,
        "billed_on": invoice.billed_on.isoformat(),
        "due_on": _iso(invoice.due_on),
        "period": {"start": _iso(invoice.period_start), "end": _iso(invoice.period_end)},
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "account": invoice.account_link.external_id,
        **{name: _text(getattr(invoice, name)) for name in _AMOUNTS},
        "payment_reference": invoice.payment_reference,
        "preceding": invoice.preceding,
        "charges": [_charge(charge) for charge in charges],
        "taxes": [_tax(tax) for tax in taxes],
        **({"usage": [_usage(record) for record in usage]} if usage else {}),
        "state": invoice.state,
        "origin": {
            "file": invoice.file.document.name,
            "sha256": invoice.file.document.sha256,
            "position": invoice.position,
            "mapping": invoice.mapping_version,
        },
    }


def _charge(charge: Charge) -> Json:
    return {
        "position": charge.position,
        "category": charge.category,
        "source_term": charge.source_term,
        "description": charge.description,
        "account": charge.account_link.external_id if charge.account_link else "",
        "service": charge.service,
        "product_code": charge.product_code,
        "quantity": _text(charge.quantity),
        "unit": charge.unit,
        "unit_price": _text(charge.unit_price),
        "amount": _text(charge.amount),
        "period": {"start": _iso(charge.period_start), "end": _iso(charge.period_end)},
        "scope": charge.scope,
        "is_information_only": charge.is_information_only,
        "is_mapped": charge.is_mapped,
        "origin": charge.origin,
    }


def _tax(tax: TaxItem) -> Json:
    return {
        "category": tax.category,
        "jurisdiction": tax.jurisdiction,
        "scope": tax.scope,
        "amount": _text(tax.amount),
        "base": _text(tax.base),
        "rate_percent": _text(tax.rate_percent),
        "is_included": tax.is_included,
        "origin": tax.origin,
    }


def _usage(record: UsageRecord) -> Json:
    return {
        "charge": record.charge,
        "started_at": record.started_at.isoformat(),
        "kind": record.kind,
        "service": record.service,
        "other_party": record.other_party,
        "quantity": _text(record.quantity),
        "unit": record.unit,
        "amount": _text(record.amount),
        "origin": record.origin,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
