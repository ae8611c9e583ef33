"""Is every selected cent placed, short-paid with a reason, or left open on purpose? Pure.

A payment is above zero: nobody transfers nothing, and a credit that would pay everything waits for the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.domain.allocation import PaymentFacts
from payments.domain.refusals import Refusal, Rule
from portal.money import ZERO, format_amount

ON_ACCOUNT: Final = "on-account"  # stands where an invoice names its billing system


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice of a run. `placed` is what stands on the run's payments (by position), `open` what nobody placed; of a
    credit both are below zero."""

    invoice_id: int
    account_id: int
    system: str
    entity: str
    number: str
    revision: int
    currency: str
    is_current: bool
    open: Decimal
    left_open: bool
    short_paid: Decimal | None
    reason: str
    note: str
    placed: tuple[tuple[int, Decimal], ...] = ()

    @property
    def is_credit(self) -> bool:
        return self.open + sum(amount for _, amount in self.placed) < 0

    @property
    def unexplained(self) -> Decimal:
        """What is neither placed nor short-paid."""
        return self.open - (self.short_paid or ZERO)


def why_not_submitted(items: Sequence[Item], payments: Sequence[PaymentFacts]) -> tuple[Refusal, ...]:
    """Everything that still stands between a draft and its submission."""
    return (*_items(items), *_payments(payments))


def _items(items: Iterable[Item]) -> Iterator[Refusal]:
    for item in items:
        refusal = _item(item)
        if refusal:
            yield refusal


def _item(item: Item) -> Refusal | None:
    if not item.is_current:
        return Refusal(Rule.REVISED, f"{item.number} was replaced by a later bill.")
    if item.unexplained < 0 and item.short_paid:
        words = f"{item.number}: the short pay of {_amount(item, item.short_paid or ZERO)} is more than is open."
        return Refusal(Rule.OVER_INVOICE, words)
    if item.left_open:
        return None
    if item.unexplained:
        missing = "used nor left open" if item.is_credit else "placed, short-paid nor left open"
        words = f"{item.number}: {_amount(item, item.unexplained)} is neither {missing}."
        return Refusal(Rule.NOT_ALL_PLACED, words)
    if not item.placed and not item.short_paid:
        return Refusal(Rule.NOT_ALL_PLACED, f"{item.number} is placed elsewhere: take it out of this run.")
    return None


def _payments(payments: Sequence[PaymentFacts]) -> Iterator[Refusal]:
    if not payments:
        yield Refusal(Rule.NO_PAYMENT, "The run has no payment.")
    for payment in payments:
        if payment.placed < 0:
            under = format_amount(payment.placed, payment.currency)
            words = f"Payment {payment.position} comes to {under} {payment.currency}: its credits need invoices."
            yield Refusal(Rule.PAYMENT_NOT_POSITIVE, words)
        elif not payment.placed:
            yield Refusal(Rule.PAYMENT_EMPTY, f"Nothing is placed on payment {payment.position}.")
        elif payment.planned is not None and payment.placed != payment.planned:
            missing = format_amount(payment.planned - payment.placed, payment.currency)
            words = f"Payment {payment.position} lacks {missing} {payment.currency} of its planned amount."
            yield Refusal(Rule.PAYMENT_NOT_FULL, words)


def _amount(item: Item, amount: Decimal) -> str:
    return f"{format_amount(amount, item.currency)} {item.currency}"
