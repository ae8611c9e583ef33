"""What an X12 bill adds up to. Pure. TDS is the bill's own total: current charges and the taxes that count."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from billing_sources.canonical import BillType, CanonicalCharge, CanonicalInvoice, CanonicalTax
from billing_sources.readers.values import ZERO
from billing_sources.readers.x12_heading import Heading

_TOTAL_DUE = "BAL03*M*TT"


def state_totals(invoice: CanonicalInvoice, total: Decimal) -> None:
    """Totals of lines, allowances, charges and taxes as stated, beside the total that TDS states.

    Whether the two agree is for the checks to say. A credit note that prints positive figures is turned negative.
    """
    mark_repeats(invoice.charges, invoice.taxes)
    if invoice.bill_type is BillType.CREDIT_NOTE and total > 0:
        total = -total
        _turn(invoice)
    added = [charge for charge in invoice.charges if not charge.is_information_only]
    of_document = [charge.amount for charge in added if charge.scope == "document"]
    invoice.line_total = _sum([charge.amount for charge in added if charge.scope == "line"])
    invoice.allowance_total = -_sum(amount for amount in of_document if amount < 0) or ZERO
    invoice.charge_total = _sum(amount for amount in of_document if amount > 0)
    invoice.tax_excluded = invoice.line_total + _sum(of_document)
    invoice.tax = _sum(tax.amount for tax in invoice.taxes if tax.is_included)
    invoice.tax_included = invoice.amount_due = total


def state_balances(invoice: CanonicalInvoice, heading: Heading) -> None:
    """The statement part. A transferred balance (BAL*A*BT) is an adjustment: the total due adds it to the others."""
    previous, received = heading.money("previous_balance"), heading.money("payments_received")
    adjustments = heading.money("adjustments_prior")
    invoice.previous_balance, invoice.payments_received = previous, received
    invoice.adjustments_prior = adjustments
    if previous is not None:
        invoice.balance_forward = previous - (received or ZERO) + (adjustments or ZERO)
    due = heading.money("amount_due")
    if due is not None and _TOTAL_DUE in heading.texts("amount_due"):
        invoice.amount_due = due


def mark_repeats(charges: Iterable[CanonicalCharge], taxes: Iterable[CanonicalTax]) -> None:
    """Where the summary states what lines of the same code add up to, the lines are for information."""
    added = [charge for charge in charges if not charge.is_information_only]
    for total in [charge for charge in added if charge.scope == "document" and charge.product_code]:
        parts = [c for c in added if c.scope == "line" and c.quantity is None and c.product_code == total.product_code]
        if parts and _sum(part.amount for part in parts) == total.amount:
            for part in parts:
                part.is_information_only = True
    included = [tax for tax in taxes if tax.is_included]
    for tax_total in [tax for tax in included if tax.scope == "bill"]:
        tax_parts = [tax for tax in included if tax.scope == "charge" and tax.category == tax_total.category]
        if tax_parts and _sum(tax.amount for tax in tax_parts) == tax_total.amount:
            for tax_part in tax_parts:
                tax_part.is_included = False


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def _turn(invoice: CanonicalInvoice) -> None:
    for charge in invoice.charges:
        charge.amount = -charge.amount or ZERO
        if charge.quantity and charge.unit_price is not None:
            charge.quantity = -charge.quantity
    for tax in invoice.taxes:
        tax.amount = -tax.amount or ZERO
        tax.base = -tax.base if tax.base else tax.base
