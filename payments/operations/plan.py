"""Plan the payments of a run: method, value date, and the amount that one must reach, if it must."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from payments.commands import Done, command
from payments.domain.allocation import taking_off
from payments.domain.refusals import NotFound, Rule, refuse
from payments.facts import lock_items, lock_payments, standing
from payments.models import Payment, PayRun
from payments.operations.editing import begin_edit, subject
from payments.operations.ledger import append
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount, is_exact

POSITIONS = range(1, 10)
LONGEST_NOTE = 80


@command
def add_payment(
    actor: Actor,
    *,
    run: UUID,
    method: str,
    currency: str,
    value_on: date,
    planned: Decimal | None = None,
    note: str = "",
    key: UUID,
    now: datetime,
) -> Done:
    """One more payment, up to nine. `Done.code` is the payment's."""
    draft, voided = _begin(actor, run, now)
    _check(method, currency, planned, note)
    taken = {payment.position for payment in lock_payments(draft)}
    free = [position for position in POSITIONS if position not in taken]
    if not free:
        raise refuse(Rule.TOO_MANY_PAYMENTS, f"A pay run has at most {len(POSITIONS)} payments.")
    payment = Payment.objects.create(
        run=draft,
        customer_id=actor.customer_id,
        position=free[0],
        method=method,
        currency=currency,
        value_on=value_on,
        planned=planned,
        note=note,
    )
    message = f"Payment {payment.position} added.{voided}"
    return Done(message, "payment added", subject(draft), str(payment.code), _detail(payment))


@command
def change_payment(
    actor: Actor,
    *,
    run: UUID,
    payment: UUID,
    method: str,
    value_on: date,
    planned: Decimal | None,
    note: str = "",
    key: UUID,
    now: datetime,
) -> Done:
    """All of it but the currency, which what stands on it has too."""
    draft, voided = _begin(actor, run, now)
    changed = payment_of(lock_payments(draft), payment)
    _check(method, changed.currency, planned, note)
    if planned is not None and planned < changed.placed:
        placed = format_amount(changed.placed, changed.currency)
        raise refuse(Rule.OVER_PAYMENT, f"{placed} {changed.currency} is placed on payment {changed.position} already.")
    changed.method, changed.value_on, changed.planned, changed.note = method, value_on, planned, note
    changed.save(update_fields=["method", "value_on", "planned", "note"])
    message = f"Payment {changed.position} changed.{voided}"
    return Done(message, "payment changed", subject(draft), str(changed.code), _detail(changed))


@command
def remove_payment(actor: Actor, *, run: UUID, payment: UUID, key: UUID, now: datetime) -> Done:
    """Take all off it that stands on it; its position is free again. The row stays, cancelled: the ledger names it."""
    draft, voided = _begin(actor, run, now)
    removed = payment_of(lock_payments(draft), payment)
    items = lock_items(draft)
    held = standing([removed], [item.invoice_id for item in items])
    append(
        taking_off(held),
        reason="payment removed",
        by=actor.user_id,
        now=now,
    )
    Payment.objects.filter(pk=removed.pk).update(state=Payment.State.CANCELLED)
    message = f"Payment {removed.position} removed.{voided}"
    return Done(message, "payment removed", subject(draft), str(draft.code), _detail(removed))


def payment_of(payments: list[Payment], code: UUID) -> Payment:
    """The run's payment with this code; raises `NotFound` for another run's or another customer's."""
    for payment in payments:
        if payment.code == code:
            return payment
    raise NotFound("payment")


def _begin(actor: Actor, run: UUID, now: datetime) -> tuple[PayRun, str]:
    if not access.has(actor, "prepare"):
        raise access.Denied("no right to prepare here")
    return begin_edit(actor, run, now)


def _check(method: str, currency: str, planned: Decimal | None, note: str) -> None:
    if method not in Payment.Method.values:
        raise refuse(Rule.METHOD, "Choose ACH credit, wire or cheque.")
    if not (currency.isascii() and currency.isalpha() and currency.isupper() and len(currency) == 3):
        raise refuse(Rule.CURRENCY, "A currency has three letters, like USD.")
    if len(note) > LONGEST_NOTE:
        raise refuse(Rule.TEXT, f"A note has at most {LONGEST_NOTE} characters.")
    if planned is None:
        return
    if not planned.is_finite() or planned <= 0:
        raise refuse(Rule.NOT_POSITIVE, "A planned amount is above zero.")
    if not is_exact(planned, currency):
        raise refuse(Rule.NOT_MINOR_UNITS, f"{planned} is finer than {currency} can pay.")


def _detail(payment: Payment) -> dict[str, str | int | None]:
    return {
        "payment": payment.position,
        "method": payment.method,
        "currency": payment.currency,
        "value_on": payment.value_on.isoformat(),
        "planned": None if payment.planned is None else str(payment.planned),
    }
