"""The sign of a credit note: negative throughout in the canonical model, whatever its source prints. Pure.

EN 16931 prints credit notes positive, so they are turned. Some sellers print them negative; turning those would make
a debt of a credit, so they stay as printed and a person is told. Its totals decide which of the two a document is.
A negative invoice is an invoice and stays as it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import overload

from billing_sources.canonical import CanonicalInvoice, Issue

TYPE_CODES = frozenset(  # UNTDID 1001, credit notes
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"}
)

_TOTALS = (
    "line_total",
    "allowance_total",
    "charge_total",
    "tax_excluded",
    "tax",
    "tax_included",
    "prepaid",
    "rounding",
    "amount_due",
)


def make_negative(invoice: CanonicalInvoice) -> None:
    """Turns a credit note that is printed positive; flags one that is printed negative."""
    stated = (invoice.tax_included, invoice.tax_excluded, invoice.line_total, invoice.amount_due)
    total = next((figure for figure in stated if figure), Decimal(0))
    if total < 0:
        where = (invoice.origin, "tax_included", "a positive total", str(total), invoice.number)
        invoice.flaws.append(Issue("EN-SIGN", *where, is_fatal=False))
        return
    for name in _TOTALS:
        setattr(invoice, name, negated(getattr(invoice, name)))
    for charge in invoice.charges:
        charge.amount = negated(charge.amount)
        charge.quantity = negated(charge.quantity)
    for tax in invoice.taxes:
        tax.amount = negated(tax.amount)
        tax.base = negated(tax.base)


@overload
def negated(figure: Decimal) -> Decimal: ...
@overload
def negated(figure: None) -> None: ...
def negated(figure: Decimal | None) -> Decimal | None:
    """Exactly, where `-figure` would round to the context's 28 digits; zero stays without a sign."""
    return figure.copy_negate() if figure else figure
