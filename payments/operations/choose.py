"""Open a pay run, and choose which invoices it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Max

from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts, taking_off, why_not_payable
from payments.domain.refusals import Refusal, Rule, refuse, refuse_any
from payments.facts import lock_invoices, lock_payments, standing
from payments.models import PayRun, PayRunEditor, PayRunItem, ShortPay
from payments.operations.dispute_ledger import refresh_short_pays
from payments.operations.editing import begin_edit, subject
from payments.operations.ledger import append
from payments.operations.to_pay import give_back, take_over
from portal.actor import Actor
from portal.customers import access

LONGEST_TITLE = 80


@command
def open_run(actor: Actor, *, title: str, invoices: Sequence[UUID], key: UUID, now: datetime) -> Done:
    """A new draft about these invoices (none is fine). `Done.code` is the run's."""
    name = title.strip()
    if not 0 < len(name) <= LONGEST_TITLE:
        raise refuse(Rule.TEXT, f"A pay run needs a title of at most {LONGEST_TITLE} characters.")
    found = _payable_by(actor, invoices)
    if not found and not access.has(actor, "prepare"):
        raise access.Denied("no right to prepare here")
    run = _new_run(actor, name, now)
    _add(run, found.values(), now)
    message = f"Pay run {run.number} is open with {_invoices(len(found))}."
    return Done(message, "run opened", subject(run), str(run.code), {"invoices": len(found)})


@command
def choose_invoices(actor: Actor, *, run: UUID, invoices: Sequence[UUID], key: UUID, now: datetime) -> Done:
    """Add invoices to the run, with what was wanted of them; those that are in it already stay as they are."""
    draft, voided = begin_edit(actor, run, now)
    if not invoices:
        raise refuse(Rule.EMPTY, "Choose at least one invoice.")
    found = _payable_by(actor, invoices)
    added = _add(draft, found.values(), now)
    message = f"{_invoices(added)} added to pay run {draft.number}.{voided}"
    return Done(message, "invoices chosen", subject(draft), str(draft.code), {"invoices": added})


@command
def drop_invoices(actor: Actor, *, run: UUID, invoices: Sequence[UUID], key: UUID, now: datetime) -> Done:
    """Take invoices out of the run, with all that stands of them on its payments and what was short-paid."""
    draft, voided = begin_edit(actor, run, now)
    payments = lock_payments(draft)
    found = lock_chosen(actor, draft, invoices)
    ids = [invoice.id for invoice in found.values()]
    held = standing(payments, ids)
    append(
        taking_off(held),
        reason="taken out of the run",
        by=actor.user_id,
        now=now,
    )
    give_back(actor, draft, ids, now)
    ShortPay.objects.filter(run=draft, invoice_id__in=ids).delete()
    PayRunItem.objects.filter(run=draft, claim__in=ids).delete()
    message = f"{_invoices(len(ids))} taken out of pay run {draft.number}.{voided}"
    return Done(message, "invoices dropped", subject(draft), str(draft.code), {"invoices": len(ids)})


@command
def leave_open(actor: Actor, *, run: UUID, invoices: Sequence[UUID], key: UUID, now: datetime) -> Done:
    """What this run does not place of them stays open on purpose."""
    draft, voided = begin_edit(actor, run, now)
    count = _set_left_open(actor, draft, invoices, left_open=True)
    message = f"The rest of {_invoices(count)} stays open.{voided}"
    return Done(message, "invoices left open", subject(draft), str(draft.code), {"invoices": count})


@command
def undo_leave_open(actor: Actor, *, run: UUID, invoices: Sequence[UUID], key: UUID, now: datetime) -> Done:
    """Their every cent must be placed or short-paid again."""
    draft, voided = begin_edit(actor, run, now)
    count = _set_left_open(actor, draft, invoices, left_open=False)
    message = f"{_invoices(count)} must be paid whole or short-paid.{voided}"
    return Done(message, "invoices not left open", subject(draft), str(draft.code), {"invoices": count})


def lock_chosen(actor: Actor, run: PayRun, codes: Collection[UUID]) -> dict[UUID, InvoiceFacts]:
    """These invoices of the run, locked; the actor may prepare for each. The caller holds the run and its payments."""
    if not codes:
        raise refuse(Rule.EMPTY, "Choose at least one invoice.")
    found = lock_invoices(codes)
    access.require(actor, "prepare", {invoice.account_id for invoice in found.values()})
    ids = [invoice.id for invoice in found.values()]
    chosen = set(PayRunItem.objects.filter(run=run, claim__in=ids).values_list("claim", flat=True))
    refuse_any(
        Refusal(Rule.NOT_CHOSEN, f"{invoice.number} is not in pay run {run.number}.")
        for invoice in found.values()
        if invoice.id not in chosen
    )
    return found


def _payable_by(actor: Actor, codes: Sequence[UUID]) -> dict[UUID, InvoiceFacts]:
    found = lock_invoices(codes)
    if found:
        access.require(actor, "prepare", {invoice.account_id for invoice in found.values()})
    refuse_any(refusal for invoice in found.values() if (refusal := _why_not_chosen(invoice)))
    return found


def _why_not_chosen(invoice: InvoiceFacts) -> Refusal | None:
    if refusal := why_not_payable(invoice):
        return refusal
    return None if invoice.open else Refusal(Rule.NOTHING_OPEN, f"Nothing of {invoice.number} is open.")


def _new_run(actor: Actor, title: str, now: datetime) -> PayRun:
    """Numbers are the customer's own, in a row; whoever opens a run at the same moment waits for this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('pay run number'), %s)", [actor.customer_id])
    highest = PayRun.objects.filter(customer_id=actor.customer_id).aggregate(highest=Max("number"))["highest"]
    run = PayRun.objects.create(
        code=uuid4(),
        customer_id=actor.customer_id,
        number=(highest or 0) + 1,
        title=title,
        created_by_id=actor.user_id,
        created_at=now,
        edited_by_id=actor.user_id,
        edited_at=now,
    )
    PayRunEditor.objects.create(run=run, customer_id=actor.customer_id, user_id=actor.user_id)
    return run


def _add(run: PayRun, invoices: Collection[InvoiceFacts], now: datetime) -> int:
    """What is disputed of them is short-paid from the start."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_payrunitem (run_id, customer_id, invoice_id, credit_id, left_open)"
            " SELECT %s, %s, CASE WHEN claim > 0 THEN claim END, CASE WHEN claim < 0 THEN -claim END, false"
            " FROM unnest(%s::bigint[]) AS chosen (claim) ON CONFLICT (run_id, claim) DO NOTHING RETURNING claim",
            [run.pk, run.customer_id, [invoice.id for invoice in invoices]],
        )
        added = [claim for (claim,) in cursor.fetchall()]
    take_over(run, added)
    refresh_short_pays([invoice.id for invoice in invoices if invoice.disputed], now)
    return len(added)


def _set_left_open(actor: Actor, draft: PayRun, codes: Sequence[UUID], *, left_open: bool) -> int:
    found = lock_chosen(actor, draft, codes)
    items = PayRunItem.objects.filter(run=draft, claim__in=[invoice.id for invoice in found.values()])
    return items.update(left_open=left_open)


def _invoices(count: int) -> str:
    return f"{count} invoice{'' if count == 1 else 's'}"
