"""Which payment can take which invoice, and where one goes that cannot stay: another payment, with the reason. Pure.

Currency and method decide. What a billing system, an account or a currency is paid by is the carrier's to say, as
rules; all that match an invoice must allow the method. Channel and method are one: every method is paid at a bank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from payments.domain.allocation import InvoiceFacts, Pair, PaymentFacts, Placement
from portal.money import ZERO

METHODS: Final = ("ach_credit", "wire", "cheque")
MOST_PAYMENTS: Final = 9


@dataclass(frozen=True, slots=True)
class MethodRule:
    """What matches `system`, `account_id` and `currency` ("" and None: any) is paid by `methods` alone, for `why`."""

    system: str
    account_id: int | None
    currency: str
    methods: tuple[str, ...]
    why: str

    def matches(self, system: str, account_id: int, currency: str) -> bool:
        is_place = self.system in ("", system) and self.account_id in (None, account_id)
        return is_place and self.currency in ("", currency)


@dataclass(frozen=True, slots=True)
class Diversion:
    """Placements that stand on another payment than was asked for, because of `why`. `payment_id` is None for those
    that no payment is left for."""

    payment_id: int | None
    count: int
    why: str


@dataclass(frozen=True)
class Diverted:
    """Where everything goes. Payments to open have ids below zero."""

    placements: tuple[Placement, ...]
    opened: tuple[PaymentFacts, ...]
    diversions: tuple[Diversion, ...]


def why_not_by(method: str, system: str, account_id: int, currency: str, rules: Sequence[MethodRule]) -> str:
    """The words of the rule that does not allow the method; "" where none does."""
    against = (rule.why for rule in rules if rule.matches(system, account_id, currency) and method not in rule.methods)
    return next(against, "")


def divert(
    invoices: Mapping[int, InvoiceFacts],
    payments: Sequence[PaymentFacts],
    standing: Mapping[Pair, Decimal],
    placements: Sequence[Placement],
    rules: Sequence[MethodRule],
) -> Diverted:
    """Every placement on the payment that was asked for, or on the first other that can take it, or on a new one."""
    live = list(payments)
    by_id = {payment.id: payment for payment in payments}
    kept: list[Placement] = []
    counts: dict[tuple[int | None, str], int] = {}
    for placement in placements:
        invoice, asked = invoices[placement.invoice_id], by_id[placement.payment_id]
        why = why_not_on(invoice, asked, rules)
        if not why:
            kept.append(placement)
            continue
        other = _other(invoice, asked, live, rules)
        if other:
            kept.append(_moved(placement, other, standing))
        counts[other.id if other else None, why] = counts.get((other.id if other else None, why), 0) + 1
    opened = tuple(payment for payment in live if payment.id < 0)
    return Diverted(tuple(kept), opened, tuple(Diversion(at, n, why) for (at, why), n in counts.items()))


def why_not_on(invoice: InvoiceFacts, payment: PaymentFacts, rules: Sequence[MethodRule]) -> str:
    """Why the payment cannot take the invoice; "" where it can. A credit needs no method: nobody pays it."""
    if invoice.currency != payment.currency:
        return f"billed in {invoice.currency}"
    return (
        ""
        if invoice.side < 0
        else why_not_by(payment.method, invoice.system, invoice.account_id, invoice.currency, rules)
    )


def _other(
    invoice: InvoiceFacts, asked: PaymentFacts, live: list[PaymentFacts], rules: Sequence[MethodRule]
) -> PaymentFacts | None:
    """A payment that can take it, of the asked one's method if possible; opened where none is and room is left."""
    able = [payment for payment in live if not why_not_on(invoice, payment, rules)]
    if able:
        return min(able, key=lambda payment: (payment.method != asked.method, payment.position))
    in_order = sorted(METHODS, key=lambda method: method != asked.method)
    possible = (replace(asked, method=method, currency=invoice.currency) for method in in_order)
    method = next((each.method for each in possible if not why_not_on(invoice, each, rules)), None)
    taken = {payment.position for payment in live}
    free = next((position for position in range(1, MOST_PAYMENTS + 1) if position not in taken), None)
    if method is None or free is None:
        return None
    opened = PaymentFacts(-free, free, invoice.currency, None, ZERO, method, asked.value_on)
    live.append(opened)
    return opened


def _moved(placement: Placement, other: PaymentFacts, standing: Mapping[Pair, Decimal]) -> Placement:
    """What was to stand on the asked payment comes on top of what stands on the other one."""
    if placement.amount is None:
        return replace(placement, payment_id=other.id)
    stands = standing.get((other.id, placement.invoice_id), ZERO)
    return replace(placement, payment_id=other.id, amount=placement.amount + stands)


def fitting(
    invoices: Mapping[int, InvoiceFacts],
    payments: Sequence[PaymentFacts],
    standing: Mapping[Pair, Decimal],
    placements: Sequence[Placement],
    *,
    credits_last: bool,
) -> tuple[tuple[Placement, ...], tuple[Diversion, ...]]:
    """The placements cut to what the payments' planned amounts leave, and what was cut. Credits come first, because
    they make room, or last. Each placement states its amount."""
    room = {payment.id: payment.planned - payment.placed for payment in payments if payment.planned is not None}
    position = {payment.id: payment.position for payment in payments}
    kept, cut = [], dict.fromkeys(room, 0)
    for placement in sorted(placements, key=lambda p: invoices[p.invoice_id].side * (-1 if credits_last else 1)):
        stands = standing.get((placement.payment_id, placement.invoice_id), ZERO)
        rise = (placement.amount or ZERO) - stands
        left = room.get(placement.payment_id)
        if left is not None and rise > left:
            cut[placement.payment_id] += 1
            rise = max(left, ZERO)
        if left is not None:
            room[placement.payment_id] = left - rise
        if rise:
            kept.append(replace(placement, amount=stands + rise))
    full = tuple(Diversion(at, n, f"cap of payment {position[at]} reached") for at, n in cut.items() if n)
    return tuple(kept), full
