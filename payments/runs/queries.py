"""Pay runs for the pages of a customer's people.

Everything here is called inside `acting(actor)`; row-level security stands behind it. A run is shown whole or not at
all: its totals tell of every invoice in it, so it is for those who may see each of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from payments.domain.submission import Item
from payments.facts import payment_facts
from payments.models import Allocation, Payment, PayRun, PayRunEditor, PayRunItem
from payments.operations.editing import subject
from payments.runs.lines import Line
from payments.runs.rows import PlannedPayment
from portal.actor import Actor
from portal.audit.models import AuditEvent
from portal.customers import access
from portal.money import ZERO

_LINES: Final = """
    SELECT i.id, i.account_id, s.key, i.entity, i.number, i.revision, i.currency, i.is_current, i.open, t.left_open,
           sp.amount, COALESCE(sp.reason, ''), COALESCE(sp.note, ''),
           i.code, i.due_on, COALESCE(a.name, ''), above.name, above.parent_id, s.name, i.cycle, t.to_pay
    FROM payments_payrunitem t
    JOIN billing_sources_invoice i ON i.id = t.invoice_id
    JOIN billing_sources_billingsystem s ON s.id = i.system_id
    LEFT JOIN customers_account a ON a.id = i.account_id
    LEFT JOIN customers_account above ON above.id = a.parent_id
    LEFT JOIN payments_shortpay sp ON sp.run_id = t.run_id AND sp.invoice_id = t.invoice_id
    WHERE t.run_id = %(run)s
    UNION ALL
    SELECT -c.id, c.account_id, 'on-account', '', c.number, 1, c.currency, true, -c.open, t.left_open, NULL, '', '',
           c.code, NULL, a.name, above.name, above.parent_id, 'On account', '', NULL
    FROM payments_payrunitem t
    JOIN payments_onaccountcredit c ON c.id = t.credit_id
    JOIN customers_account a ON a.id = c.account_id
    LEFT JOIN customers_account above ON above.id = a.parent_id
    WHERE t.run_id = %(run)s
"""
_STOOD: Final = """
    SELECT COALESCE(i.code, c.code), p.position,
           sum(CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount ELSE 0 END)
    FROM payments_allocationevent e
    JOIN payments_payment p ON p.id = e.payment_id
    LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id
    LEFT JOIN payments_onaccountcredit c ON c.id = e.credit_id
    WHERE p.run_id = %(run)s AND e.at <= %(at)s
    GROUP BY 1, 2
"""
_ITEM_COLUMNS: Final = 13  # the first of them make an Item


@dataclass(frozen=True)
class Act:
    """Something that somebody did to the run."""

    at: datetime
    name: str
    words: str


@dataclass(frozen=True)
class RunSummary:
    """A run in the list: `amounts` are (currency, sum) of its payments."""

    run: PayRun
    payments: int
    invoices: int
    amounts: tuple[tuple[str, Decimal], ...]


def runs_for(actor: Actor) -> QuerySet[PayRun]:
    """The runs that the actor may see wholly."""
    runs = PayRun.objects.filter(customer_id=actor.customer_id)
    reach = access.scope(actor, "see")
    if reach.everything:
        return runs
    beyond = PayRunItem.objects.annotate(account=Coalesce("invoice__account_id", "credit__account_id")).exclude(
        account__in=RawSQL("SELECT unnest(%s::bigint[])", [list(reach.ids)])
    )
    return runs.exclude(pk__in=beyond.values("run"))


def get_run_for(actor: Actor, code: UUID) -> PayRun | None:
    people = ("created_by", "edited_by", "submitted_by", "released_by")
    return runs_for(actor).select_related(*people).filter(code=code).first()


def summaries(runs: list[PayRun]) -> list[RunSummary]:
    """What these runs come to: two queries for all of them."""
    items = dict(PayRunItem.objects.filter(run__in=runs).values_list("run").annotate(n=Count("pk")))
    sums = (
        _live_payments(Q(run__in=runs))
        .values_list("run", "currency")
        .annotate(n=Count("pk"), amount=Sum("placed"))
        .order_by("run", "currency")
    )
    found = list(sums)
    return [
        RunSummary(
            run=run,
            payments=sum(count for of, _, count, _ in found if of == run.pk),
            invoices=items.get(run.pk, 0),
            amounts=tuple((currency, amount) for of, currency, _, amount in found if of == run.pk),
        )
        for run in runs
    ]


def lines_of(run: PayRun) -> list[Line]:
    """All invoices of the run, by two queries however many there are."""
    placed: dict[int, list[tuple[int, Decimal]]] = {}
    verdicts: dict[int, list[tuple[int, str, str]]] = {}
    stands = Allocation.objects.filter(payment__run=run).order_by("payment__position")
    for allocation in stands.values_list("claim", "payment__position", "held", "settled", "verdict", "reason"):
        invoice, position, held, settled, verdict, why = allocation
        if held + settled:
            placed.setdefault(invoice, []).append((position, held + settled))
        if verdict:
            verdicts.setdefault(invoice, []).append((position, verdict, why))
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"run": run.pk})
        return [_line(row, placed.get(row[0], []), verdicts.get(row[0], [])) for row in cursor.fetchall()]


def stood_at(run: PayRun, at: datetime) -> dict[tuple[UUID, int], Decimal]:
    """What was placed at that moment of a run that is not released: invoice and payment position → amount, of a
    credit without its sign."""
    with connection.cursor() as cursor:
        cursor.execute(_STOOD, {"run": run.pk, "at": at})
        return {(code, position): amount for code, position, amount in cursor.fetchall()}


def payments_of(run: PayRun, lines: list[Line]) -> list[PlannedPayment]:
    """The run's payments by position, but for those that were removed."""
    carried = Counter(position for line in lines for position, _ in line.item.placed)
    wanted = Q(run=run) if run.state == PayRun.State.CANCELLED else Q(run=run) & ~Q(state=Payment.State.CANCELLED)
    return [
        PlannedPayment(
            facts=payment_facts(payment),
            code=payment.code,
            method=payment.method,
            method_label=payment.get_method_display(),
            value_on=payment.value_on,
            note=payment.note,
            state=payment.state,
            invoices=carried[payment.position],
        )
        for payment in Payment.objects.filter(wanted).order_by("position", "pk")
    ]


def acts_on(run: PayRun, since: datetime | None = None) -> list[Act]:
    """What was done to the run, oldest first, as it was written down: by people in the words that they read, and by
    the carrier's jobs."""
    done = AuditEvent.objects.filter(customer_id=run.customer_id, subject=subject(run))
    if since:
        done = done.filter(at__gt=since)
    rows = done.order_by("at", "pk").values_list("at", "user__name", "verb", "detail")
    return [Act(at, name or "Tributary", _words(verb, detail)) for at, name, verb, detail in rows]


def editors_of(run: PayRun) -> list[tuple[int, str]]:
    """(id, name) of everybody who may not approve it: whoever opened, edited or submitted it."""
    editors = set(PayRunEditor.objects.filter(run=run).values_list("user_id", "user__name"))
    own = [(person.pk, person.name) for person in (run.created_by, run.edited_by, run.submitted_by) if person]
    return sorted(editors | set(own), key=lambda person: person[1])


def may_for_all(actor: Actor, right: str, lines: list[Line]) -> bool:
    """Whether the actor has the right on every account of the run."""
    reach = access.scope(actor, right)
    return bool(reach) and all(line.item.account_id in reach for line in lines)


def _words(verb: str, detail: dict[str, Any]) -> str:
    return detail.get("words") or " ".join(filter(None, (f"{verb.capitalize()}.", detail.get("reason"))))


def _live_payments(wanted: Q) -> QuerySet[Payment]:
    return Payment.objects.filter(wanted).exclude(state=Payment.State.CANCELLED)


def _line(row: tuple[Any, ...], placed: list[tuple[int, Decimal]], verdicts: list[tuple[int, str, str]]) -> Line:
    of_item = (*row[:_ITEM_COLUMNS], tuple(placed))
    sum_placed = sum((amount for _, amount in placed), ZERO)
    of_line = (Item(*of_item), sum_placed, *row[_ITEM_COLUMNS:], tuple(verdicts))
    return Line(*of_line)
