"""Other people approve exactly what was hashed, step by step, or send it back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments.approvals.facts import dossier_of, holders_for, holding, why_not_now
from payments.commands import Done, command
from payments.domain.approval import Given, missing, step_due
from payments.domain.payload import sha256_of
from payments.domain.refusals import Refused, Rule, refuse
from payments.facts import items, lock_items, lock_payments, lock_run, payload
from payments.models import Approval, PayRun
from payments.operations.editing import back_to_draft, require_confirmation, subject
from portal.actor import Actor
from portal.customers import access
from portal.users.models import User


@command
def approve_run(
    actor: Actor, *, run: UUID, sha256: str, on_behalf_of: int | None = None, key: UUID, now: datetime
) -> Done:
    """Approve the version whose hash the approver saw, at the step that is due; the last approval opens the release.

    `on_behalf_of` is the user who handed their right over; None is the actor's own right.
    """
    submitted = _submitted(actor, run)
    payments = lock_payments(submitted)
    chosen = lock_items(submitted)
    access.require(actor, "approve", () if on_behalf_of else {item.account_id for item in chosen})
    holder = _holder(actor, on_behalf_of, now)
    dossier = dossier_of(submitted, now.date())
    refusal = why_not_now(actor, dossier, holder, {item.account_id for item in chosen}, now)
    if refusal:
        raise Refused(refusal)
    if not sha256 == submitted.submitted_sha256 == sha256_of(payload(submitted, payments, chosen)):
        raise refuse(Rule.CHANGED_SINCE, "The run is not what you saw: look at it again before you approve.")
    require_confirmation(actor, now)
    due = step_due(dossier)
    given = _approve(actor, submitted, due.position if due else 0, on_behalf_of, now)
    left = missing(dossier.steps, [*dossier.given, given])
    if not left:
        submitted.state = PayRun.State.APPROVED
        submitted.save(update_fields=["state"])
    return _done(submitted, given, left)


@command
def return_run(actor: Actor, *, run: UUID, reason: str, key: UUID, now: datetime) -> Done:
    """Send it back to whoever made it, with the reason; it is a draft again, one version on."""
    submitted = _submitted(actor, run)
    reached: set[int | None] = {item.account_id for item in items(submitted)}
    if not any(_reaches(actor, holder, reached) for holder in holders_for(actor, now.date())):
        raise access.Denied("no right to approve here")
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


def _reaches(actor: Actor, holder: int, accounts: set[int | None]) -> bool:
    reach = access.scope(holding(actor, holder), "approve")
    return bool(reach) and all(account in reach for account in accounts)


def _holder(actor: Actor, on_behalf_of: int | None, now: datetime) -> int:
    if on_behalf_of is None:
        return actor.user_id
    if on_behalf_of not in holders_for(actor, now.date())[1:]:
        raise refuse(Rule.DELEGATION, "Nobody hands you this right today.")
    return on_behalf_of


def _approve(actor: Actor, run: PayRun, step: int, on_behalf_of: int | None, now: datetime) -> Given:
    Approval.objects.create(
        run=run,
        customer_id=actor.customer_id,
        version=run.version,
        sha256=run.submitted_sha256,
        step=step,
        approver_id=actor.user_id,
        on_behalf_of_id=on_behalf_of,
        approved_at=now,
    )
    return Given(step, actor.user_id, on_behalf_of or actor.user_id)


def _done(run: PayRun, given: Given, left: int) -> Done:
    detail = {"version": run.version, "sha256": run.submitted_sha256, "step": given.step}
    standing_in = ""
    if given.holder != given.person:
        name = User.objects.values_list("name", flat=True).get(pk=given.holder)
        standing_in, detail["for"] = f" for {name}", name
    if left:
        waits = f"{left} more approval{'' if left == 1 else 's'}"
        message = f"Step {given.step} of pay run {run.number} is approved{standing_in}; it waits for {waits}."
    else:
        message = f"Pay run {run.number} is approved{standing_in}."
    return Done(message, "run approved", subject(run), str(run.code), detail)
