"""May these amounts of these invoices stand on these payments? Pure; invariants I01–I06, I19, F7, F9, F12.

A credit note is an invoice below zero: of it a negative amount is placed, which lowers the payment, and its open
amount rises to zero. A credit on account is one more of the kind, whose id is below zero too, so that it is never taken
for an invoice. The caller fetches the facts under lock; what is decided here the database checks once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from payments.domain.refusals import Refusal, Rule
from portal.money import ZERO, format_amount, is_exact, round_to

Pair = tuple[int, int]  # payment id, invoice id
LARGEST: Final = Decimal(10) ** 15  # what is asked stays below it, so that arithmetic never runs out of digits


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """One revision of an invoice: what may be allocated of it (`payable`), what nobody has placed yet (`open`), and how
    much of that is `disputed`, and so not asked for."""

    id: int
    number: str
    currency: str
    payable: Decimal
    open: Decimal
    is_current: bool
    is_payable: bool
    account_id: int
    disputed: Decimal = ZERO
    system: str = ""

    @property
    def asked_for(self) -> Decimal:
        """What can still be placed."""
        return self.open - self.disputed

    @property
    def side(self) -> int:
        """-1 of a credit, 1 of what is owed."""
        return -1 if self.payable < 0 else 1


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """A payment of a draft: `planned` is the amount that it must reach, or None; `placed` what stands on it, invoices
    less credits."""

    id: int
    position: int
    currency: str
    planned: Decimal | None
    placed: Decimal
    method: str = ""
    value_on: date = date.max


@dataclass(frozen=True, slots=True)
class Placement:
    """What shall stand of an invoice on a payment from now on: an amount, a percentage, or (neither) all that is open.

    Percentage and "all" are taken of what is open together with what already stands on this very payment. The amount
    of a credit is below zero.
    """

    payment_id: int
    invoice_id: int
    amount: Decimal | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An event for the ledger: `held` puts the amount on the payment, `released` takes it off. Always above zero, of a
    credit as well."""

    kind: str
    payment_id: int
    invoice_id: int
    amount: Decimal


@dataclass(frozen=True)
class Verdict:
    """The moves that bring the placements about, what is then left of each invoice and payment — or why not."""

    moves: tuple[Move, ...]
    left_of_invoices: Mapping[int, Decimal]
    left_of_payments: Mapping[int, Decimal]  # of those with a planned amount
    refusals: tuple[Refusal, ...]


def taking_off(standing: Mapping[Pair, Decimal]) -> list[Move]:
    """The events that free all of what stands."""
    return [Move("released", payment, invoice, abs(amount)) for (payment, invoice), amount in standing.items()]


def as_if_off(
    invoices: Mapping[int, InvoiceFacts],
    payments: Mapping[int, PaymentFacts],
    standing: Mapping[Pair, Decimal],
    off: Iterable[Pair],
) -> tuple[dict[int, InvoiceFacts], dict[int, PaymentFacts], dict[Pair, Decimal]]:
    """The same facts, as if nothing stood on these pairs: what is placed anew is judged against them."""
    freed_invoices, freed_payments, left = dict(invoices), dict(payments), dict(standing)
    for pair in off:
        amount, (payment_id, invoice_id) = left.pop(pair), pair
        invoice, payment = freed_invoices[invoice_id], freed_payments[payment_id]
        freed_invoices[invoice_id] = replace(invoice, open=invoice.open + amount)
        freed_payments[payment_id] = replace(payment, placed=payment.placed - amount)
    return freed_invoices, freed_payments, left


def moves_between(before: Mapping[Pair, Decimal], after: Mapping[Pair, Decimal]) -> list[Move]:
    """The events after which `after` stands on its pairs: one for each pair that changes."""
    moves = []
    for pair, amount in after.items():
        rise = amount - before.get(pair, ZERO)
        if rise:
            is_credit = amount + before.get(pair, ZERO) < 0
            moves.append(Move("released" if (rise < 0) != is_credit else "held", *pair, abs(rise)))
    return moves


def why_not_payable(invoice: InvoiceFacts) -> Refusal | None:
    """Why nothing of the invoice can be allocated, whatever the amount."""
    if not invoice.is_current:
        return Refusal(Rule.REVISED, f"{invoice.number} was replaced by a later bill.")
    if not invoice.is_payable or not invoice.payable:
        return Refusal(Rule.NOT_PAYABLE, f"{invoice.number} asks for no payment.")
    return None


def check(
    invoices: Mapping[int, InvoiceFacts],
    payments: Mapping[int, PaymentFacts],
    standing: Mapping[Pair, Decimal],
    placements: Sequence[Placement],
) -> Verdict:
    """Judge the placements in their order, credits first, because they make room; those before leave less for those
    after. Every id must be in the facts."""
    open_ = {key: invoice.asked_for for key, invoice in invoices.items()}
    placed = {key: payment.placed for key, payment in payments.items()}
    moves: list[Move] = []
    refusals: list[Refusal] = []
    seen: set[Pair] = set()
    for placement in sorted(placements, key=lambda each: invoices[each.invoice_id].side):
        invoice, payment = invoices[placement.invoice_id], payments[placement.payment_id]
        pair = (payment.id, invoice.id)
        stands = standing.get(pair, ZERO)
        wanted = _wanted(placement, open_[invoice.id] + stands, invoice.currency)
        refusal = (
            _twice(invoice, payment, pair in seen)
            or _why_not_together(invoice, payment)
            or _why_not_amount(invoice, wanted if invoice.side > 0 else wanted.copy_negate())
            or _why_not_room(invoice, payment, wanted - stands, open_[invoice.id], placed[payment.id])
        )
        seen.add(pair)
        if refusal:
            refusals.append(refusal)
            continue
        rise = wanted - stands
        if rise:
            kind = "held" if rise * invoice.side > 0 else "released"
            moves.append(Move(kind, payment.id, invoice.id, abs(rise)))
        open_[invoice.id] -= rise
        placed[payment.id] += rise
    left = {key: p.planned - placed[key] for key, p in payments.items() if p.planned is not None}
    return Verdict(tuple(moves), open_, left, tuple(refusals))


def _wanted(placement: Placement, available: Decimal, currency: str) -> Decimal:
    if placement.amount is not None:
        return placement.amount
    if placement.percent is None:
        return available
    is_plain = placement.percent.is_finite() and abs(placement.percent) < LARGEST
    share = available * placement.percent / 100 if is_plain else placement.percent
    return round_to(share, currency) if is_plain and abs(share) < LARGEST else share


def _twice(invoice: InvoiceFacts, payment: PaymentFacts, is_repeated: bool) -> Refusal | None:
    if not is_repeated:
        return None
    return Refusal(Rule.TWICE, f"{invoice.number} is named twice for payment {payment.position}.")


def _why_not_together(invoice: InvoiceFacts, payment: PaymentFacts) -> Refusal | None:
    if invoice.currency == payment.currency:
        return why_not_payable(invoice)
    words = f"{invoice.number} is in {invoice.currency}, payment {payment.position} in {payment.currency}."
    return Refusal(Rule.CURRENCY, words)


def _why_not_amount(invoice: InvoiceFacts, wanted: Decimal) -> Refusal | None:
    """`wanted` is how much of the invoice or the credit, whichever it is: above zero."""
    if not wanted.is_finite() or wanted < 0:
        sign = "below zero can be used: it is a credit" if invoice.side < 0 else "above zero can be placed"
        return Refusal(Rule.NOT_POSITIVE, f"{invoice.number}: only an amount {sign}.")
    if wanted >= LARGEST:
        return Refusal(Rule.TOO_LARGE, f"{invoice.number}: no invoice is as large as what was asked for.")
    if not wanted:
        return Refusal(Rule.NOTHING_OPEN, f"Nothing of {invoice.number} is open{_but_disputed(invoice)}.")
    if not is_exact(wanted, invoice.currency):
        return Refusal(Rule.NOT_MINOR_UNITS, f"{invoice.number}: {wanted} is finer than {invoice.currency} can pay.")
    return None


def _why_not_room(
    invoice: InvoiceFacts, payment: PaymentFacts, rise: Decimal, open_: Decimal, placed: Decimal
) -> Refusal | None:
    currency = payment.currency
    if rise * invoice.side > open_ * invoice.side:
        over, left = format_amount(rise, currency), format_amount(open_, currency)
        words = f"{invoice.number} has {left} {currency} open{_but_disputed(invoice)}, not {over}."
        return Refusal(Rule.OVER_INVOICE, words)
    if payment.planned is not None and rise > 0 and placed + rise > payment.planned:
        left = format_amount(payment.planned - placed, currency)
        words = f"{invoice.number} does not fit: payment {payment.position} has room for {left} {currency}."
        return Refusal(Rule.OVER_PAYMENT, words)
    return None


def _but_disputed(invoice: InvoiceFacts) -> str:
    if not invoice.disputed:
        return ""
    return f" beside the {format_amount(invoice.disputed, invoice.currency)} {invoice.currency} disputed"
