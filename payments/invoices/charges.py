"""What an invoice charges and taxes: our word for it, and the billing system's own beside it.

Called inside `acting(actor)`; figures are text, at the precision of their source.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Final

from django.urls import reverse

from billing_sources.lineage.record import taxes_in_order
from billing_sources.models import Charge, Invoice
from payments.invoices.dates import period
from payments.invoices.usage import positions_with_usage, usage_url
from portal.money import ZERO, exponent

CATEGORIES: Final = {
    "recurring": "Recurring",
    "usage": "Usage",
    "one_time": "One-time",
    "equipment": "Equipment",
    "discount": "Discounts",
    "adjustment": "Adjustments",
    "late_fee": "Late fees",
    "surcharge": "Surcharges",
    "tax": "Taxes billed as charges",
    "carried_balance": "Carried balance",
    "deposit": "Deposits",
    "rounding": "Rounding",
}
CHARGES_SHOWN: Final = 200
_ORDER: Final = {category: place for place, category in enumerate(CATEGORIES)}


@dataclass(frozen=True)
class ChargeLine:
    """`term` is the source's own word, where its group has several; `note` is what else there is to say."""

    term: str
    description: str
    service: str
    period: str
    quantity: str
    amount: str
    note: str
    usage_url: str
    record_url: str


@dataclass(frozen=True)
class ChargeGroup:
    category: str
    terms: str
    subtotal: str
    charges: tuple[ChargeLine, ...]


@dataclass(frozen=True)
class TaxLine:
    label: str
    base: str
    rate: str
    amount: str
    is_included: bool
    record_url: str


def charges_of(invoice: Invoice, most: int | None) -> tuple[tuple[ChargeGroup, ...], int]:
    """The charges by our categories, and how many are not shown; subtotals always count all."""
    charges = sorted(
        Charge.objects.filter(invoice=invoice), key=lambda charge: (_ORDER.get(charge.category, 99), charge.position)
    )
    explained = positions_with_usage(invoice)
    groups, left = [], len(charges) if most is None else most
    for _, found in groupby(charges, key=lambda charge: charge.category):
        members = list(found)
        groups.append(_charge_group(invoice, members, members[:left], explained))
        left = max(0, left - len(members))
    return tuple(groups), max(0, len(charges) - most) if most is not None else 0


def _charge_group(
    invoice: Invoice, members: Sequence[Charge], shown: Sequence[Charge], explained: Set[int]
) -> ChargeGroup:
    category = members[0].category
    counted = sum((charge.amount for charge in members if not charge.is_information_only), ZERO)
    terms = dict.fromkeys(charge.source_term for charge in members if charge.source_term)
    return ChargeGroup(
        category=CATEGORIES.get(category, category),
        terms=", ".join(f"“{term}”" for term in list(terms)[:6]),
        subtotal=exact(counted, invoice.currency),
        charges=tuple(
            _charge(invoice, charge, says_term=len(terms) > 1, is_explained=charge.position in explained)
            for charge in shown
        ),
    )


def _charge(invoice: Invoice, charge: Charge, *, says_term: bool, is_explained: bool) -> ChargeLine:
    notes = (
        "for information, not added" if charge.is_information_only else "",
        "" if charge.is_mapped else "word not in the vocabulary yet",
    )
    quantity = "" if charge.quantity is None else f"{charge.quantity.normalize():f} {charge.unit}".strip()
    price = "" if charge.unit_price is None else f" × {exact(charge.unit_price, invoice.currency)}"
    return ChargeLine(
        term=charge.source_term if says_term and charge.description else "",
        description=charge.description or charge.source_term,
        service=charge.service,
        period=period(charge.period_start, charge.period_end),
        quantity=quantity + price if quantity else "",
        amount=exact(charge.amount, invoice.currency),
        note="; ".join(note for note in notes if note),
        usage_url=usage_url(invoice, charge.position) if is_explained else "",
        record_url=reverse("charge_record", args=[invoice.code, charge.position]),
    )


def taxes_of(invoice: Invoice) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(
            label=" · ".join(part for part in (tax.category, tax.jurisdiction) if part),
            base="" if tax.base is None else exact(tax.base, invoice.currency),
            rate="" if tax.rate_percent is None else f"{tax.rate_percent.normalize():f} %",
            amount=exact(tax.amount, invoice.currency),
            is_included=tax.is_included,
            record_url=reverse("tax_record", args=[invoice.code, place]),
        )
        for place, tax in enumerate(taxes_in_order(invoice), 1)
    )


def exact(amount: Decimal, currency: str) -> str:
    """At the source's own precision, but never fewer decimals than the currency has."""
    decimals = max(exponent(currency), -int(amount.normalize().as_tuple().exponent))
    text = f"{amount:,.{decimals}f}"
    return text.replace("-", "\u2212")
