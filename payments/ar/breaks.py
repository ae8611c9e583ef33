"""A difference between AR and the ledger: somebody of the carrier takes it, and closes it with what explains it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import Break
from portal.actor import CarrierActor
from portal.audit.record import record
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


def close_break(actor: CarrierActor, *, code: UUID, explanation: str, now: datetime) -> None:
    """It is explained; whoever does so without having taken it owns it. Raises `NotFound`, or `Refused` without words.

    No money moves: what a difference asks for is done first, by an operation of its own.
    """
    words = explanation.strip()
    if not words or "\0" in words:
        raise refuse(Rule.TEXT, "Say what explains the difference.")
    with carrier(actor.user_id):
        found = _held(code)
        found.owner_id = found.owner_id or actor.user_id
        found.closed_at, found.explanation = now, words[:LONGEST]
        found.save(update_fields=["owner", "closed_at", "explanation"])
        detail = {"reason": found.explanation}
        record(actor, "break closed", found.subject[:120], detail, now=now, customer_id=found.customer_id)


def _held(code: UUID) -> Break:
    found = Break.objects.select_for_update().filter(code=code, closed_at=None).first()
    if found is None:
        raise NotFound("open break")
    return found
