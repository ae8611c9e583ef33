"""Submit a pay run for approval: every selected cent is accounted for, and what is approved is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from payments.approvals.policies import asked_of, latest_in_force, read_policy
from payments.commands import Done, command
from payments.domain.approval_policy import Policy
from payments.domain.payload import canonical
from payments.domain.refusals import Rule, refuse, refuse_any
from payments.domain.submission import Item, why_not_submitted
from payments.facts import lock_items, lock_payments, lock_run, payload, payment_facts
from payments.models import ApprovalStep, Payment, PayRun, SubmittedVersion
from payments.operations.editing import subject
from portal.actor import Actor
from portal.customers import access


@command
def submit_run(actor: Actor, *, run: UUID, key: UUID, now: datetime) -> Done:
    """Freeze the draft and store the hash of it. Raises `Refused` with all that is missing."""
    draft = lock_run(actor, run)
    if draft.state != PayRun.State.DRAFT:
        raise refuse(Rule.RUN_IS_FROZEN, f"Pay run {draft.number} is {draft.state}.")
    payments = lock_payments(draft)
    items = lock_items(draft)
    access.require(actor, "prepare", {item.account_id for item in items})
    refuse_any(why_not_submitted(items, [payment_facts(payment) for payment in payments]))
    _ask_for_approval(draft, payments, items)
    draft.state = PayRun.State.SUBMITTED
    draft.submitted_by_id, draft.submitted_at, draft.returned_reason = actor.user_id, now, ""
    _keep(draft, canonical(payload(draft, payments, items)), now)
    draft.save(update_fields=["state", "submitted_by", "submitted_at", "submitted_sha256", "returned_reason"])
    detail = {"version": draft.version, "sha256": draft.submitted_sha256, "invoices": len(items)}
    return Done(f"Pay run {draft.number} waits for approval.", "run submitted", subject(draft), str(draft.code), detail)


def _keep(draft: PayRun, body: bytes, now: datetime) -> None:
    """What is hashed is kept word for word: approvers of a later version are shown what differs."""
    draft.submitted_sha256 = hashlib.sha256(body).hexdigest()
    SubmittedVersion.objects.create(
        run=draft,
        customer_id=draft.customer_id,
        version=draft.version,
        sha256=draft.submitted_sha256,
        body=body.decode(),
        submitted_at=now,
    )


def _ask_for_approval(draft: PayRun, payments: Sequence[Payment], items: Sequence[Item]) -> None:
    """Freeze what the policy in force asks of this version: it is part of what is hashed."""
    found = latest_in_force(draft.customer_id)
    asked = asked_of(read_policy(found.document) if found else Policy(), payments, items)
    ApprovalStep.objects.bulk_create(
        ApprovalStep(
            run=draft,
            customer_id=draft.customer_id,
            version=draft.version,
            position=position,
            people=step.people,
            named=list(step.named),
            policy=found,
        )
        for position, step in enumerate(asked, start=1)
    )
