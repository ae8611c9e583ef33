"""Release an approved run: all its payments or none. The customer pays, and AR is to hear of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection

from payments.ar.gateway import CONNECTOR
from payments.commands import Done, command
from payments.domain.payload import sha256_of
from payments.domain.references import make_reference, payment_code
from payments.domain.refusals import Rule, refuse
from payments.facts import lock_items, lock_payments, lock_run, payload
from payments.models import Approval, ApprovalStep, ArPosting, Payment, PayRun
from payments.operations.dispute_short_pays import dispute_short_pays
from payments.operations.editing import require_confirmation, subject
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Customer


@command
def release_run(actor: Actor, *, run: UUID, key: UUID, now: datetime) -> Done:
    """Freeze amounts, give every payment its reference and write its message for AR, in one transaction."""
    approved = lock_run(actor, run)
    if approved.state != PayRun.State.APPROVED:
        raise refuse(Rule.NOT_APPROVED, f"Pay run {approved.number} is {approved.state}, not approved.")
    payments = lock_payments(approved)
    items = lock_items(approved)
    access.require(actor, "approve", {item.account_id for item in items})
    _refuse_unless_approved(approved, sha256_of(payload(approved, payments, items)))
    require_confirmation(actor, now)
    approved.state = PayRun.State.RELEASED
    approved.released_by_id, approved.released_at = actor.user_id, now
    approved.save(update_fields=["state", "released_by", "released_at"])
    _release(approved, payments)
    opened = dispute_short_pays(actor, approved, now)
    _write_postings(payments, now)
    count = len(payments)
    message = f"Pay run {approved.number} is released: {count} payment{'' if count == 1 else 's'} to make."
    message += f" {opened} dispute{'' if opened == 1 else 's'} opened by what is short-paid." if opened else ""
    detail = {payment.reference: f"{payment.placed} {payment.currency}" for payment in payments}
    return Done(message, "run released", subject(approved), str(approved.code), detail)


def _refuse_unless_approved(run: PayRun, sha256: str) -> None:
    """The run as it stands now is what was approved, by all who were asked."""
    given = Approval.objects.filter(run=run, version=run.version, sha256=sha256).values_list("step", flat=True)
    had = Counter(given)
    steps = ApprovalStep.objects.filter(run=run, version=run.version)
    if not had or any(had[step.position] < step.people for step in steps):
        raise refuse(Rule.CHANGED_SINCE, "The run is not what was approved.")


def _release(run: PayRun, payments: Sequence[Payment]) -> None:
    customer_number = Customer.objects.values_list("number", flat=True).get(pk=run.customer_id)
    for payment in payments:
        payment.state = Payment.State.RELEASED
        payment.planned = payment.placed
        payment.reference = make_reference(customer_number, payment_code(run.number, payment.position))
        payment.save(update_fields=["state", "planned", "reference"])


def _write_postings(payments: Sequence[Payment], now: datetime) -> None:
    """One message for AR per payment. Control numbers rise and may have gaps."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_control_number') FROM generate_series(1, %s)", [len(payments)])
        numbers = [row[0] for row in cursor.fetchall()]
    ArPosting.objects.bulk_create(
        ArPosting(
            code=uuid4(),
            customer_id=payment.customer_id,
            payment=payment,
            connector=CONNECTOR,
            control_number=number,
            next_attempt_at=now,
            created_at=now,
        )
        for payment, number in zip(payments, numbers, strict=True)
    )
