"""May this much of an invoice be wanted, for this reason? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from payments.domain.allocation import InvoiceFacts, why_not_payable
from payments.domain.reasons import reason, why_not_reason
from payments.domain.refusals import Refusal, Rule
from portal.money import format_amount, is_exact

LARGEST: Final = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class ToPayWish:
    """Of this invoice we want to pay `amount`, and the rest not for `reason` ("": it is left open).

    `amount` None takes the wish back. `seen` is the `mark` of what whoever wishes saw; None: whatever stands.
    """

    invoice: UUID
    amount: Decimal | None
    reason: str = ""
    note: str = ""
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish that stands."""

    amount: Decimal
    reason: str = ""
    note: str = ""


def mark(wanted: Wanted | None) -> str:
    """The same text for the same wish: what a form carries, to tell whether somebody was there meanwhile."""
    return "" if wanted is None else f"{wanted.amount.normalize():f}|{wanted.reason}|{wanted.note}"


def why_not_wanted(invoice: InvoiceFacts, standing: Wanted | None, wish: ToPayWish) -> Refusal | None:
    """Why the wish cannot stand, or None."""
    if wish.seen is not None and wish.seen != mark(standing):
        return Refusal(
            Rule.CHANGED_SINCE, f"{invoice.number} was changed meanwhile: {in_words(standing, invoice.currency)}."
        )
    if wish.amount is None:
        return _why_not_none(invoice, wish)
    return (
        why_not_payable(invoice)
        or _why_not_credit(invoice)
        or _why_not_amount(invoice, wish.amount)
        or _why_not_said(invoice, wish)
    )


def in_words(wanted: Wanted | None, currency: str) -> str:
    """The wish for people: “60.00 USD is to be paid, the rest not: Tax exempt”."""
    if wanted is None:
        return "nothing is said of what to pay"
    said = f"{format_amount(wanted.amount, currency)} {currency} is to be paid"
    known = reason(wanted.reason)
    return f"{said}, the rest not: {known.words}" if known else said


def _why_not_none(invoice: InvoiceFacts, wish: ToPayWish) -> Refusal | None:
    if not wish.reason and not wish.note.strip():
        return None
    return Refusal(Rule.EMPTY, f"{invoice.number}: say how much is to be paid; a reason alone says nothing.")


def _why_not_credit(invoice: InvoiceFacts) -> Refusal | None:
    if invoice.side > 0:
        return None
    return Refusal(Rule.CREDIT_NOTE, f"{invoice.number} is a credit: a pay run uses it, nobody pays it.")


def _why_not_amount(invoice: InvoiceFacts, amount: Decimal) -> Refusal | None:
    currency = invoice.currency
    if not amount.is_finite() or amount < 0:
        return Refusal(Rule.NOT_POSITIVE, f"{invoice.number}: what is to be paid is zero or more.")
    if amount >= LARGEST:
        return Refusal(Rule.TOO_LARGE, f"{invoice.number}: no invoice is as large as what was asked for.")
    if not is_exact(amount, currency):
        return Refusal(Rule.NOT_MINOR_UNITS, f"{invoice.number}: {amount} is finer than {currency} can pay.")
    if invoice.open <= 0:
        return Refusal(Rule.NOTHING_OPEN, f"Nothing of {invoice.number} is open.")
    if amount > invoice.open:
        left, asked = format_amount(invoice.open, currency), format_amount(amount, currency)
        return Refusal(Rule.OVER_INVOICE, f"{invoice.number} has {left} {currency} open, not {asked}.")
    return None


def _why_not_said(invoice: InvoiceFacts, wish: ToPayWish) -> Refusal | None:
    if not wish.reason:
        return Refusal(Rule.UNKNOWN_REASON, f"{invoice.number}: a note needs a reason.") if wish.note.strip() else None
    refusal = why_not_reason(wish.reason, wish.note)
    return Refusal(refusal.rule, f"{invoice.number}: {refusal.words}") if refusal else None
