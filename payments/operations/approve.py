"""A second person approves exactly what was hashed, or sends it back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments.commands import Done, command
from payments.domain.payload import sha256_of
from payments.domain.refusals import Rule, refuse
from payments.facts import items, lock_items, lock_payments, lock_run, payload
from payments.models import Approval, PayRun, PayRunEditor
from payments.operations.editing import back_to_draft, require_confirmation, subject
from portal.actor import Actor
from portal.customers import access


@command
def approve_run(actor: Actor, *, run: UUID, sha256: str, key: UUID, now: datetime) -> Done:
    """Approve the version whose hash the approver saw."""
    submitted = _submitted(actor, run)
    payments = lock_payments(submitted)
    chosen = lock_items(submitted)
    access.require(actor, "approve", {item.account_id for item in chosen})
    _refuse_own_work(actor, submitted)
    if not sha256 == submitted.submitted_sha256 == sha256_of(payload(submitted, payments, chosen)):
        raise refuse(Rule.CHANGED_SINCE, "The run is not what you saw: look at it again before you approve.")
    require_confirmation(actor, now)
    Approval.objects.create(
        run=submitted,
        customer_id=actor.customer_id,
        version=submitted.version,
        sha256=sha256,
        approver_id=actor.user_id,
        approved_at=now,
    )
    submitted.state = PayRun.State.APPROVED
    submitted.save(update_fields=["state"])
    detail = {"version": submitted.version, "sha256": sha256}
    message = f"Pay run {submitted.number} is approved."
    return Done(message, "run approved", subject(submitted), str(submitted.code), detail)


@command
def return_run(actor: Actor, *, run: UUID, reason: str, key: UUID, now: datetime) -> Done:
    """Send it back to whoever made it, with the reason; it is a draft again, one version on."""
    submitted = _submitted(actor, run)
    access.require(actor, "approve", {item.account_id for item in items(submitted)})
    if not reason.strip():
        raise refuse(Rule.TEXT, "Say why the run goes back.")
    back_to_draft(submitted, reason.strip())
    message = f"Pay run {submitted.number} goes back to its maker."
    return Done(message, "run returned", subject(submitted), str(submitted.code), {"reason": reason.strip()})


def _submitted(actor: Actor, code: UUID) -> PayRun:
    run = lock_run(actor, code)
    if run.state != PayRun.State.SUBMITTED:
        raise refuse(Rule.NOT_SUBMITTED, f"Pay run {run.number} is {run.state}; it does not wait for approval.")
    return run


def _refuse_own_work(actor: Actor, run: PayRun) -> None:
    own = {run.created_by_id, run.edited_by_id, run.submitted_by_id}
    if actor.user_id in own or PayRunEditor.objects.filter(run=run, user_id=actor.user_id).exists():
        raise refuse(Rule.OWN_WORK, "Whoever made or edited a pay run cannot approve it.")
