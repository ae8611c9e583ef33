"""What a TMF678 bill brings forward. Pure.

The API states what is due and which payments were applied, not how the one comes of the other. The figures decide: of
the ways that a bill can come to its amount due, the one that it does. `remainingAmount` is accounts receivable's word
of a later day and decides nothing.
"""

from __future__ import annotations

from decimal import Decimal

from billing_sources.canonical import CanonicalInvoice
from portal.money import ZERO


def bring_forward(invoice: CanonicalInvoice, paid: Decimal, previous: Decimal) -> None:
    """Fills the statement part: payments on this bill, and the balance before it, where they explain what is due.

    Where nothing does, nothing is filled, and the checks say what is amiss.
    """
    invoice.payments_received = paid or None
    due, current = invoice.amount_due, invoice.tax_included
    if due is None or current is None or due == current:
        return
    for before, payments in ((ZERO, paid), (previous, ZERO), (previous, paid)):
        if before - payments + current == due:
            invoice.previous_balance, invoice.payments_received = before, payments
            invoice.balance_forward = before - payments
            return
