"""How every edit of a pay run begins: hold it, take it back to draft if it was further, and note who edited."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from payments.domain.lifecycle import EDITABLE
from payments.domain.refusals import Rule, refuse
from payments.facts import lock_run
from payments.models import PayRun
from portal.actor import Actor


def begin_edit(actor: Actor, code: UUID, now: datetime) -> tuple[PayRun, str]:
    """The run as a draft that this actor edits, and a sentence about what the edit voids ("" mostly).

    Raises `NotFound`, or `Refused` for a run that was released, closed or cancelled.
    """
    run = lock_run(actor, code)
    if run.state not in EDITABLE:
        raise refuse(Rule.RUN_IS_FROZEN, f"Pay run {run.number} is {run.state} and cannot be changed.")
    voided = "" if run.state == PayRun.State.DRAFT else f" The {run.state} run is a draft again"
    if voided:
        voided += "; its approval is void." if run.state == PayRun.State.APPROVED else "."
        back_to_draft(run, f"Edited by {actor.name} after it was {run.state}.")
    run.edited_by_id, run.edited_at = actor.user_id, now
    run.save(update_fields=["edited_by", "edited_at"])
    _note_editor(run, actor)
    return run, voided


def back_to_draft(run: PayRun, reason: str) -> None:
    """As a new version, so that no approval of the one before counts. The caller holds the run."""
    run.state, run.version, run.returned_reason = PayRun.State.DRAFT, run.version + 1, reason
    run.save(update_fields=["state", "version", "returned_reason"])


def require_confirmation(actor: Actor, now: datetime) -> None:
    """Whatever the way the request came, who approves or releases proved minutes ago that it is they."""
    longest = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    if actor.confirmed_at is None or now - actor.confirmed_at > longest:
        raise refuse(Rule.NOT_CONFIRMED, "Confirm that it is you: this needs your password or code once more.")


def subject(run: PayRun) -> str:
    return f"pay run {run.number}"


def _note_editor(run: PayRun, actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_payruneditor (run_id, customer_id, user_id) VALUES (%s, %s, %s)"
            " ON CONFLICT (run_id, user_id) DO NOTHING",
            [run.pk, actor.customer_id, actor.user_id],
        )
