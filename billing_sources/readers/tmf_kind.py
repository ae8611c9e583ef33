"""What kind of bill a TMF678 CustomerBill is: by its category, its state and its sign. Pure."""

from __future__ import annotations

from typing import NamedTuple

from billing_sources.canonical import BillType, CanonicalInvoice
from portal.money import ZERO

_STATES = frozenset({"", "new", "validated", "sent", "settled", "partiallypaid", "partiallysettled"})
_VOIDS = frozenset({"cancelled", "canceled", "void", "voided"})
_MEMOS = frozenset({"trial", "trial customer", "duplicate"})
_CREDIT_NOTES = frozenset({"credit note", "creditnote", "credit"})
_FIGURES = (
    "tax_excluded", "tax_included", "amount_due", "previous_balance", "payments_received", "balance_forward",
)  # fmt: skip


class Kind(NamedTuple):
    bill_type: BillType
    is_payable: bool
    is_turned: bool  # a credit note that is printed as if it were owed
    is_known: bool  # whether the state is one that the API knows


def kind_of(invoice: CanonicalInvoice, state: str) -> Kind:
    """A trial bill and a copy are for information; what is on hold is not payable until it is released."""
    word, category = state.casefold(), " ".join(invoice.type_code.casefold().split())
    is_held = word == "onhold"
    if word in _VOIDS:
        return Kind(BillType.VOID, True, False, True)
    is_known = is_held or word in _STATES
    if category in _MEMOS:
        return Kind(BillType.MEMO, False, False, is_known)
    total = invoice.tax_included or invoice.tax_excluded or ZERO
    is_credit = category in _CREDIT_NOTES
    bill_type = BillType.CREDIT_NOTE if is_credit or total < 0 else BillType.INVOICE
    return Kind(bill_type, not is_held, is_credit and total > 0, is_known)


def make_negative(invoice: CanonicalInvoice) -> None:
    """Turns every figure of the bill."""
    for name in _FIGURES:
        figure = getattr(invoice, name)
        setattr(invoice, name, figure.copy_negate() if figure else figure)
    for charge in invoice.charges:
        charge.amount = charge.amount.copy_negate() if charge.amount else charge.amount
    for tax in invoice.taxes:
        tax.amount = tax.amount.copy_negate() if tax.amount else tax.amount
        tax.base = tax.base.copy_negate() if tax.base else tax.base
