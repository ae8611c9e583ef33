"""What jBilling says of payments and balances, held against itself. Pure.

Our own ledger decides what is open. A contradiction is shown to a person and holds nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.readers.jbilling.columns import Unreadable
from billing_sources.readers.jbilling.rows import BillRow
from billing_sources.readers.jbilling.values import amount

_PAID, _CARRIED = 26, 28  # generic_status
_EFFECTIVE = (1, 4)  # payment_result: successful, entered by hand


def contradictions(row: BillRow, invoice: CanonicalInvoice) -> Iterator[Issue]:
    """Raises `Unreadable`."""
    carried = invoice.previous_balance or Decimal(0)
    stated = _figure("invoice.carried_balance", row.invoice.carried_balance)
    if stated and stated != carried:
        yield _issue("FERRY-CARRIED", invoice, "invoice.carried_balance", carried, stated)
    balance = _figure("invoice.balance", row.invoice.balance)
    if balance is None or row.invoice.delegated_invoice_id is not None or row.invoice.status_id == _CARRIED:
        return
    if row.invoice.status_id == _PAID and balance:
        yield _issue("FERRY-PAID", invoice, "invoice.balance", Decimal(0), balance)
        return
    left = (invoice.amount_due or Decimal(0)) - paid(row)
    if balance != left:
        yield _issue("FERRY-BALANCE", invoice, "invoice.balance", left, balance)


def paid(row: BillRow) -> Decimal:
    """What was paid on the bill. A refund is printed positive and takes away; deleted and failed payments are none."""
    total = Decimal(0)
    for payment in row.payments:
        if not payment.deleted and payment.result_id in _EFFECTIVE:
            figure = _figure("payment_invoice.amount", payment.amount) or Decimal(0)
            total += -figure if payment.is_refund else figure
    return total


def _figure(source: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return amount(text)
    except ValueError:
        raise Unreadable(source, "an amount", text) from None


def _issue(rule: str, invoice: CanonicalInvoice, field: str, expected: Decimal, found: Decimal) -> Issue:
    return Issue(rule, invoice.origin, field, f"{expected:f}", f"{found:f}", invoice.number, is_fatal=False)
