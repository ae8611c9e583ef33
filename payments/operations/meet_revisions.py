"""A later bill file meets the money that stands on the bill before. One of the carrier's jobs, run after every import.

A revision of an invoice with money on it is loaded as `waiting`. As long as any of that money is on its way to AR it
goes on waiting; then runs that were not released become drafts again, the money moves by events, and the new
revision takes the old one's place. What points to a revision that was superseded without money follows, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from billing_sources.canonical import BillType
from billing_sources.models import Invoice
from payments.domain.lifecycle import EDITABLE, IN_FLIGHT
from payments.domain.references import payment_code
from payments.domain.revision import Standing, Transfer, transfer
from payments.models import (
    Allocation,
    Break,
    InvoiceGroupMember,
    InvoiceTag,
    OnAccountCredit,
    Payment,
    PayRun,
    PayRunItem,
    ShortPay,
    ToPay,
)
from payments.operations.carry_disputes import carry_disputes
from payments.operations.dispute_ledger import refresh_short_pays
from payments.operations.editing import back_to_draft, subject
from payments.operations.ledger import append
from payments.operations.on_account import leave_on_account
from portal.audit.record import record
from portal.money import ZERO, format_amount
from portal.tenancy import carrier

# Old and new revision: of waiting ones the newest counts, and the bill before it is the current one.
_WAITING: Final = """
    SELECT DISTINCT ON (new.system_id, new.entity, new.number, new.series) old.id, new.id
    FROM billing_sources_invoice new JOIN billing_sources_invoice old
      ON (old.system_id, old.entity, old.number, old.series) = (new.system_id, new.entity, new.number, new.series)
      AND old.is_current
    WHERE new.state = 'waiting' AND new.revision > old.revision AND new.customer_id = old.customer_id
    ORDER BY new.system_id, new.entity, new.number, new.series, new.revision DESC
"""

# Old revisions that a run in preparation, a wish, a tag or a group still points to, and the current one in their place.
_LEFT_BEHIND: Final = """
    SELECT old.id, new.id FROM billing_sources_invoice old JOIN billing_sources_invoice new
      ON (old.system_id, old.entity, old.number, old.series) = (new.system_id, new.entity, new.number, new.series)
      AND new.is_current
    WHERE old.state = 'superseded' AND old.id IN (
        SELECT t.invoice_id FROM payments_payrunitem t JOIN payments_payrun r ON r.id = t.run_id
        WHERE r.state IN ('draft', 'submitted', 'approved')
        UNION SELECT invoice_id FROM payments_topay
        UNION SELECT invoice_id FROM payments_invoicetag UNION SELECT invoice_id FROM payments_invoicegroupmember)
    ORDER BY old.id
"""


def meet_revisions(now: datetime) -> int:
    """Let every revision take its place that can; how many did. Each is a transaction of its own.

    Raises an `ExceptionGroup` of what the database refused, after all others.
    """
    with carrier(read_only=True), connection.cursor() as cursor:
        cursor.execute(_WAITING)
        waiting = cursor.fetchall()
        cursor.execute(_LEFT_BEHIND)
        left_behind = cursor.fetchall()
    met, failures = 0, []
    for meet, pairs in ((_meet, waiting), (_follow_superseded, left_behind)):
        for old_id, new_id in pairs:
            try:
                met += meet(old_id, new_id, now)
            except DatabaseError as error:  # a deadlock, say: the others go on, this one is tried again next time
                failures.append(error)
    if failures:
        raise ExceptionGroup("some revisions could not take their place", failures)
    return met


def _meet(old_id: int, new_id: int, now: datetime) -> bool:
    with carrier():
        runs, payments = _lock_plans(old_id)
        old, new = _lock_revisions(old_id, new_id)
        if new.state != Invoice.State.WAITING or not old.is_current:
            return False  # another worker was here
        standings = _standings(old)
        if not _may_move(standings, runs, payments):
            return False
        _return_runs(runs, old, new, now)
        if old.payable < 0:
            _lift_plans(payments)
        moved = transfer(old.pk, new.pk, _room(old, new), standings)
        append(moved.moves, reason=f"revision {new.revision} of the bill", by=None, now=now)
        _open_breaks(moved, payments, new, now)
        carry_disputes(old, new, moved.open, _what_happened(old, new), now)
        _take_place(old, new, now)
        _follow(runs, old, new, moved.open)
        refresh_short_pays([new.pk], now)
        return True


def _may_move(standings: Sequence[Standing], runs: Sequence[PayRun], payments: Sequence[Payment]) -> bool:
    """Nothing of the money is on its way to AR, and all of it is locked: nobody placed more of it just now."""
    locked_runs = {run.pk for run in runs}
    touched = [payment for payment in payments if payment.pk in {standing.payment_id for standing in standings}]
    if len(touched) != len(standings) or any(payment.state in IN_FLIGHT for payment in touched):
        return False
    return all(payment.run_id in locked_runs for payment in touched if payment.state == Payment.State.PLANNED)


def _follow_superseded(old_id: int, new_id: int, now: datetime) -> bool:
    """The bill changed before any money stood on it; only choices, tags and groups move on."""
    with carrier():
        runs, _ = _lock_plans(old_id)
        old, new = _lock_revisions(old_id, new_id)
        if old.state == Invoice.State.SUPERSEDED and new.is_current:
            _return_runs(runs, old, new, now)
            _follow(runs, old, new, new.open)
        return False  # nothing took anything's place


# --- Lock: runs, payments, invoices, each by id ---------------------------------------------------------------------


def _lock_plans(old_id: int) -> tuple[list[PayRun], list[Payment]]:
    """The runs in preparation that chose the old revision, and all payments that it stands on."""
    chosen = PayRunItem.objects.filter(invoice_id=old_id).values("run_id")
    runs = PayRun.objects.select_for_update(no_key=True).filter(pk__in=chosen, state__in=EDITABLE).order_by("pk")
    locked = list(runs)
    on = Allocation.objects.filter(invoice_id=old_id).exclude(held=0, settled=0).values("payment_id")
    payments = Payment.objects.select_for_update(no_key=True, of=("self",)).select_related("run")
    return locked, list(payments.filter(pk__in=on).order_by("pk"))


def _lock_revisions(old_id: int, new_id: int) -> tuple[Invoice, Invoice]:
    both = Invoice.objects.select_for_update(no_key=True).filter(pk__in=[old_id, new_id]).order_by("pk")
    found = {invoice.pk: invoice for invoice in both}
    return found[old_id], found[new_id]


# --- Runs in preparation --------------------------------------------------------------------------------------------


def _return_runs(runs: Sequence[PayRun], old: Invoice, new: Invoice, now: datetime) -> None:
    """Back to draft, with a reason that names the invoice and both amounts; a draft keeps its version."""
    reason = _what_happened(old, new)
    for run in runs:
        if run.state == PayRun.State.DRAFT:
            run.returned_reason = reason
            run.save(update_fields=["returned_reason"])
        else:
            back_to_draft(run, reason)
        record(None, "run met a revision", subject(run), {"reason": reason}, now=now, customer_id=run.customer_id)


def _what_happened(old: Invoice, new: Invoice) -> str:
    if new.bill_type != BillType.VOID:
        return f"{new.number} was billed anew: {_amount(old)} became {_amount(new)}."
    replaced = f"; {new.preceding} takes its place" if new.preceding else ""
    return f"{new.number} over {_amount(old)} is void{replaced}."


def _follow(runs: Sequence[PayRun], old: Invoice, new: Invoice, open_: Decimal) -> None:
    """What points to the old revision points to the new one; a short pay or a wish is at most what is open of it."""
    tags, members = InvoiceTag.objects, InvoiceGroupMember.objects
    tags.filter(invoice=old, tag_id__in=tags.filter(invoice=new).values("tag_id")).delete()
    tags.filter(invoice=old).update(invoice=new)
    stands = members.filter(until_on=None)
    stands.filter(invoice=old, group_id__in=stands.filter(invoice=new).values("group_id")).delete()
    members.filter(invoice=old).update(invoice=new)
    _follow_wish(old, new, open_)
    items = PayRunItem.objects.filter(run__in=runs, invoice=old)
    short_pays = ShortPay.objects.filter(run__in=runs, invoice=old)
    if new.bill_type == BillType.VOID:
        _choose_instead(runs, items, _replacement(new))
    else:
        items.update(invoice=new)
    if open_ <= 0:
        short_pays.delete()
    short_pays.filter(amount__gt=open_).update(amount=open_)
    short_pays.update(invoice=new)


def _follow_wish(old: Invoice, new: Invoice, open_: Decimal) -> None:
    """To the bill that can be paid instead, capped at what is open of it; without one, the wish is gone."""
    heir = _replacement(new) if new.bill_type == BillType.VOID else new
    wishes = ToPay.objects.filter(invoice=old)
    if heir is not None and heir.is_payable and heir.currency == old.currency and heir.customer_id == old.customer_id:
        left = open_ if heir is new else heir.open
        if left > 0 and not ToPay.objects.filter(invoice=heir).exists():
            wishes.filter(amount__gt=left).update(amount=left)
            wishes.update(invoice=heir)
            return
    wishes.delete()


def _choose_instead(runs: Sequence[PayRun], items: QuerySet[PayRunItem], replacement: Invoice | None) -> None:
    """A void bill is in no run any more; the bill that takes its place is chosen for it, where there is one."""
    if replacement is not None:
        have_it = PayRunItem.objects.filter(run__in=runs, invoice=replacement).values_list("run", flat=True)
        items.exclude(run__in=list(have_it)).update(invoice=replacement)
    items.delete()


def _replacement(void: Invoice) -> Invoice | None:
    """The published bill that takes its place, if it can be paid instead."""
    same = {"system_id": void.system_id, "entity": void.entity, "customer_id": void.customer_id}
    published = Invoice.objects.filter(**same, currency=void.currency, state=Invoice.State.PUBLISHED, is_payable=True)
    return published.filter(replaces=void.number, is_current=True).order_by("-pk").first()


# --- Money and place ------------------------------------------------------------------------------------------------


def _standings(old: Invoice) -> list[Standing]:
    rows = Allocation.objects.filter(invoice=old).exclude(held=0, settled=0)
    return [Standing(*row) for row in rows.values_list("payment_id", "held", "settled")]


def _room(old: Invoice, new: Invoice) -> Decimal:
    """Money stays within its currency and customer."""
    is_alike = (old.currency, old.customer_id) == (new.currency, new.customer_id)
    return new.open if is_alike and new.is_payable else ZERO


def _lift_plans(payments: Sequence[Payment]) -> None:
    """A payment that is still prepared pays what is placed on it: a credit that shrinks would lift it over its plan."""
    prepared = [payment.pk for payment in payments if payment.state == Payment.State.PLANNED]
    Payment.objects.filter(pk__in=prepared, planned__isnull=False).update(planned=None)


def _open_breaks(moved: Transfer, payments: Sequence[Payment], new: Invoice, now: datetime) -> None:
    by_id = {payment.pk: payment for payment in payments}
    for payment_id, amount in moved.left_over:
        payment = by_id[payment_id]
        is_overused = amount < 0
        if not is_overused:
            _leave_on_account(payment, amount, new, now)
        more = format_amount(abs(amount), payment.currency)
        Break.objects.create(
            customer_id=payment.customer_id,
            kind="credit_overused" if is_overused else "on_account_credit",
            subject=f"{payment_code(payment.run.number, payment.position)}, invoice {new.number}"[:160],
            expected=_amount(new),
            found=f"{more} {payment.currency} more was {'used' if is_overused else 'booked'}",
            amount=abs(amount),
            currency=payment.currency,
            opened_at=now,
        )


def _leave_on_account(payment: Payment, amount: Decimal, new: Invoice, now: datetime) -> None:
    """Booked money that its bill does not need any more is the customer's to use, to the cent (I33)."""
    if new.account_id is None:
        return
    leave_on_account(
        OnAccountCredit.Source.REISSUE,
        customer_id=payment.customer_id,
        account_id=new.account_id,
        currency=payment.currency,
        amount=amount,
        payment=payment,
        note=f"{new.number} was billed anew: {_amount(new)}",
        now=now,
    )


def _take_place(old: Invoice, new: Invoice, now: datetime) -> None:
    """The old revision first: there is one current revision at any moment. Older waiting ones are passed over."""
    identity = {"system_id": old.system_id, "entity": old.entity, "number": old.number, "series": old.series}
    same_bill = Invoice.objects.filter(**identity)
    Invoice.objects.filter(pk=old.pk).update(state=Invoice.State.SUPERSEDED, is_current=False)
    passed_over = same_bill.filter(state=Invoice.State.WAITING, revision__lt=new.revision)
    passed_over.update(state=Invoice.State.SUPERSEDED)
    place = Invoice.objects.filter(pk=new.pk)
    place.update(state=Invoice.State.PUBLISHED, is_current=True, published_at=now)
    detail = {"before": _amount(old), "after": _amount(new), "revision": new.revision}
    record(None, "revision met", f"invoice {new.number}", detail, now=now, customer_id=new.customer_id)


def _amount(invoice: Invoice) -> str:
    return f"{format_amount(invoice.payable, invoice.currency)} {invoice.currency}"
