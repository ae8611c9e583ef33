"""Give a pay run up: every hold is free again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments.commands import Done, command
from payments.domain.allocation import taking_off
from payments.domain.lifecycle import EDITABLE
from payments.domain.refusals import Rule, refuse
from payments.facts import lock_items, lock_payments, lock_run, standing
from payments.models import Payment, PayRun
from payments.operations.editing import subject
from payments.operations.ledger import append
from payments.operations.to_pay import give_back
from portal.actor import Actor
from portal.customers import access


@command
def cancel_run(actor: Actor, *, run: UUID, key: UUID, now: datetime) -> Done:
    """Possible until release. The run and its payments are kept, cancelled."""
    cancelled = lock_run(actor, run)
    if cancelled.state not in EDITABLE:
        raise refuse(Rule.RUN_IS_FROZEN, f"Pay run {cancelled.number} is {cancelled.state} and cannot be cancelled.")
    payments = lock_payments(cancelled)
    items = lock_items(cancelled)
    access.require(actor, "prepare", {item.account_id for item in items})
    cancelled.state = PayRun.State.CANCELLED
    cancelled.save(update_fields=["state"])
    held = standing(payments, [item.invoice_id for item in items])
    append(
        taking_off(held),
        reason="run cancelled",
        by=actor.user_id,
        now=now,
    )
    give_back(actor, cancelled, [item.invoice_id for item in items], now)
    Payment.objects.filter(pk__in=[payment.pk for payment in payments]).update(state=Payment.State.CANCELLED)
    message = f"Pay run {cancelled.number} is cancelled; its invoices are open again."
    return Done(message, "run cancelled", subject(cancelled), str(cancelled.code), {"released": len(held)})
