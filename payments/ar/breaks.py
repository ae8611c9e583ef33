"""A difference between AR and the ledger: somebody of the carrier takes it, and closes it with what explains it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import Break, OnAccountCredit
from payments.operations.on_account import leave_on_account
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.customers.models import Account
from portal.money import ZERO
from portal.tenancy import carrier

LONGEST: Final = 500


def take_break(actor: CarrierActor, *, code: UUID, now: datetime) -> None:
    """The actor is who looks into it from now on, whoever did before. Raises `NotFound` unless it is open."""
    with carrier(actor.user_id):
        found = _held(code)
        before = found.owner.name if found.owner else ""
        found.owner_id = actor.user_id
        found.save(update_fields=["owner"])
        detail = {"before": before}
        record(actor, "break taken", found.subject[:120], detail, now=now, customer_id=found.customer_id)


def close_break(
    actor: CarrierActor, *, code: UUID, explanation: str, leaves_credit: bool = False, now: datetime
) -> None:
    """It is explained; whoever does so without having taken it owns it. Raises `NotFound`, or `Refused` without words.

    `leaves_credit`: its amount is cash that AR could not apply, the customer's to use in a pay run from now on. Beyond
    that no money moves: what a difference asks for is done first, by an operation of its own.
    """
    words = explanation.strip()
    if not words or "\0" in words:
        raise refuse(Rule.TEXT, "Say what explains the difference.")
    with carrier(actor.user_id):
        found = _held(code)
        if leaves_credit:
            _leave_credit(found, words, now)
        found.owner_id = found.owner_id or actor.user_id
        found.closed_at, found.explanation = now, words[:LONGEST]
        found.save(update_fields=["owner", "closed_at", "explanation"])
        detail = {"reason": found.explanation}
        record(actor, "break closed", found.subject[:120], detail, now=now, customer_id=found.customer_id)


def _leave_credit(found: Break, words: str, now: datetime) -> None:
    if not may_leave_credit(found):
        raise refuse(Rule.NOT_PAYABLE, "Only money that AR booked and could not apply becomes a credit.")
    root = Account.objects.get(customer=found.customer, parent=None)
    leave_on_account(
        OnAccountCredit.Source.BREAK,
        customer_id=root.customer_id,
        account_id=root.pk,
        currency=found.currency,
        amount=found.amount or ZERO,
        found=found,
        note=words,
        now=now,
    )


def may_leave_credit(found: Break) -> bool:
    """AR booked more than was sent; other differences say nothing of money that lies there."""
    return found.kind == "amount_differs" and found.customer_id is not None and (found.amount or ZERO) > 0


def _held(code: UUID) -> Break:
    found = Break.objects.select_for_update().filter(code=code, closed_at=None).first()
    if found is None:
        raise NotFound("open break")
    return found
