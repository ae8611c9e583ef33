"""A dispute: its states and the only legal moves between them, and what may be claimed of an invoice. Pure.

The database holds the same table of moves (migration disputes) and refuses every other one; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.domain.allocation import LARGEST, InvoiceFacts, why_not_payable
from payments.domain.refusals import Refusal, Rule
from portal.money import ZERO, format_amount, is_exact, round_to

OPEN: Final = ("opened", "asked", "answered", "proposed")  # still discussed
DECIDED: Final = "decided"  # every cent is credited or upheld; the credit note is still to come
OVER: Final = ("settled", "upheld", "withdrawn")

_BY_CARRIER: Final = ("asked", "answered", "proposed", "decided", "upheld", "settled")

# Before, after, who: the customer's people, or the carrier's and its jobs.
MOVES: Final[frozenset[tuple[str, str, str]]] = frozenset(
    {
        ("asked", "opened", "customer"),
        ("answered", "opened", "customer"),
        ("proposed", "opened", "customer"),
        ("proposed", "decided", "customer"),
        ("decided", "settled", "carrier"),
        *((before, "withdrawn", "customer") for before in OPEN),
        *((before, after, "carrier") for before in OPEN for after in _BY_CARRIER if before != after),
    }
)

STATES: Final = {
    "opened": ("With the carrier", "warn"),
    "asked": ("Evidence wanted", "bad"),
    "answered": ("Answered", "info"),
    "proposed": ("Credit proposed", "info"),
    "decided": ("Credit promised", "good"),
    "settled": ("Settled", "good"),
    "upheld": ("Refused", "off"),
    "withdrawn": ("Withdrawn", "off"),
}


@dataclass(frozen=True, slots=True)
class DisputeMove:
    """An event for the ledger of disputes. Where its amount goes is the database's to know (see models.disputes)."""

    kind: str
    dispute_id: int
    invoice_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Claim:
    """How much of an invoice is disputed: an amount, a percentage of, or (neither) all that can be."""

    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What of one charge is disputed. `charged` is the charge, `disputed` what other disputes hold of it already."""

    position: int
    description: str
    charged: Decimal
    disputed: Decimal
    amount: Decimal


def may_go(before: str, after: str, by: str) -> bool:
    return (before, after, by) in MOVES


def claimed(invoice: InvoiceFacts, planned: Decimal, claim: Claim) -> Decimal | Refusal:
    """The amount to dispute, or why not. `planned` stands on runs in preparation, which give it back if need be."""
    if refusal := why_not_payable(invoice):
        return refusal
    if invoice.payable < 0:
        return Refusal(Rule.CREDIT_NOTE, f"{invoice.number} is a credit note: there is nothing to dispute.")
    available = invoice.asked_for + planned
    if available <= 0:
        return Refusal(Rule.NOTHING_OPEN, f"{invoice.number} has nothing left that can be disputed.")
    amount = _amount(claim, available, invoice.currency)
    return _why_not(invoice, amount, available) or amount


def why_not_part(part: Part, currency: str) -> Refusal | None:
    """Why a charge cannot be disputed by this much."""
    left = part.charged - part.disputed
    if not part.amount.is_finite() or part.amount <= 0:
        return Refusal(Rule.NOT_POSITIVE, f"“{part.description}”: dispute an amount above zero.")
    if part.amount >= LARGEST:
        return Refusal(Rule.TOO_LARGE, f"“{part.description}” is not as large as that.")
    if not is_exact(part.amount, currency):
        return Refusal(Rule.NOT_MINOR_UNITS, f"“{part.description}”: {part.amount} is finer than {currency} can pay.")
    if part.amount > max(round_to(left, currency), left):
        words = f"“{part.description}” has {format_amount(max(left, ZERO), currency)} {currency} left to dispute."
        return Refusal(Rule.OVER_INVOICE, words)
    return None


def why_not_split(amounts: Sequence[Decimal], whole: Decimal, currency: str) -> Refusal | None:
    """Parts are above zero, in whole minor units, and leave something of the dispute that is split."""
    if not amounts:
        return Refusal(Rule.EMPTY, "Say into which amounts it is split.")
    for amount in amounts:
        if not amount.is_finite() or not 0 < amount < LARGEST:
            return Refusal(Rule.NOT_POSITIVE, "Every part is above zero.")
        if not is_exact(amount, currency):
            return Refusal(Rule.NOT_MINOR_UNITS, f"{amount} is finer than {currency} can pay.")
    if sum(amounts, ZERO) >= whole:
        left = format_amount(whole, currency)
        return Refusal(Rule.TOO_LARGE, f"The parts must leave something of the {left} {currency} in this dispute.")
    return None


def why_not_credit(credit: Decimal, whole: Decimal, currency: str) -> Refusal | None:
    """A credit is at least nothing and at most what is disputed."""
    if not credit.is_finite() or credit < 0:
        return Refusal(Rule.NOT_POSITIVE, "A credit is not below zero.")
    if credit > whole:
        words = f"{format_amount(whole, currency)} {currency} is disputed; no more than that can be credited."
        return Refusal(Rule.TOO_LARGE, words)
    if not is_exact(credit, currency):
        return Refusal(Rule.NOT_MINOR_UNITS, f"{credit} is finer than {currency} can pay.")
    return None


def number_of(number: int) -> str:
    """What people call a dispute."""
    return f"D-{number}"


def _amount(claim: Claim, available: Decimal, currency: str) -> Decimal:
    if claim.amount is not None:
        return claim.amount
    if claim.percent is None:
        return available
    is_share = claim.percent.is_finite() and 0 <= claim.percent <= 100
    return round_to(available * claim.percent / 100, currency) if is_share else claim.percent.copy_abs() * -1


def _why_not(invoice: InvoiceFacts, amount: Decimal, available: Decimal) -> Refusal | None:
    if not amount.is_finite() or amount <= 0:
        return Refusal(Rule.NOT_POSITIVE, f"{invoice.number}: dispute an amount above zero, at most 100 percent.")
    if amount > available:
        left = format_amount(available, invoice.currency)
        words = f"{invoice.number} has {left} {invoice.currency} left that can be disputed, not as much as that."
        return Refusal(Rule.OVER_INVOICE, words)
    if not is_exact(amount, invoice.currency):
        return Refusal(Rule.NOT_MINOR_UNITS, f"{invoice.number}: {amount} is finer than {invoice.currency} can pay.")
    return None
