"""What somebody who approves a pay run must know of it. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from payments.domain.reasons import reason
from payments.models import Approval, Command, PayRun
from payments.operations.editing import subject
from payments.runs.lines import Line
from payments.runs.queries import Act, acts_on, editors_of, may_for_all
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

MOST_CHANGES: Final = 50

_MOVED: Final = """
    SELECT COALESCE(i.number, c.number), a.currency, p.position,
           a.held - side(COALESCE(i.payable, -1)) * moved.amount, a.held
    FROM (SELECT e.payment_id, e.claim,
                 sum(CASE e.kind WHEN 'held' THEN e.amount WHEN 'released' THEN -e.amount ELSE 0 END) AS amount
          FROM payments_allocationevent e JOIN payments_payment p ON p.id = e.payment_id
          WHERE p.run_id = %s AND e.at > %s AND e.at <= %s GROUP BY 1, 2) moved
    JOIN payments_payment p ON p.id = moved.payment_id
    JOIN payments_allocation a ON a.payment_id = moved.payment_id AND a.claim = moved.claim
    LEFT JOIN billing_sources_invoice i ON i.id = a.invoice_id
    LEFT JOIN payments_onaccountcredit c ON c.id = a.credit_id
    WHERE moved.amount <> 0 ORDER BY 1, p.position LIMIT %s
"""


@dataclass(frozen=True)
class Moved:
    """What stood of an invoice on a payment when the run was last submitted, and what stands now."""

    number: str
    position: int
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """Since the run was submitted before: amounts that moved, and what was done."""

    since: datetime
    moved: Sequence[Moved]
    has_more: bool
    acts: Sequence[Act]


@dataclass(frozen=True)
class ShortPaid:
    number: str
    amount: str
    reason: str
    note: str


def difference_of(run: PayRun) -> Difference | None:
    """What is new against the version that was submitted before this one; None when there was none."""
    submitted = Command.objects.filter(
        customer_id=run.customer_id, operation="submit_run", answer__subject=subject(run)
    )
    times = list(submitted.order_by("at").values_list("at", flat=True))
    if run.state != PayRun.State.DRAFT:
        times = times[:-1]
    if not times:
        return None
    until = run.submitted_at if run.state != PayRun.State.DRAFT and run.submitted_at else run.edited_at
    moved = _moved(run, times[-1], max(until, run.edited_at))
    acts = acts_on(run, times[-1])
    return Difference(times[-1], moved[:MOST_CHANGES], len(moved) > MOST_CHANGES, acts)


def short_paid(lines: Sequence[Line]) -> list[ShortPaid]:
    """Every short pay of the run, the largest first."""
    found = sorted((line for line in lines if line.short), key=lambda line: line.short, reverse=True)
    return [_short_paid(line) for line in found]


def approvals_of(run: PayRun) -> list[Approval]:
    """Those of the version that stands."""
    found = Approval.objects.filter(run=run, version=run.version).select_related("approver")
    return list(found.order_by("approved_at"))


def why_not_approve(actor: Actor, run: PayRun, lines: list[Line]) -> str:
    """Why this person cannot approve the run, in words; "" when they can, or when it is plain that they may not."""
    if actor.user_id in {pk for pk, _ in editors_of(run)}:
        return "You made or edited this run, so somebody else approves it."
    if not access.has(actor, "approve"):
        return "You may look at pay runs; approving them is for others."
    if not may_for_all(actor, "approve", lines):
        return "It holds invoices of accounts that you may not approve for."
    return ""


def _moved(run: PayRun, since: datetime, until: datetime) -> list[Moved]:
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [run.pk, since, until, MOST_CHANGES + 1])
        return [_moved_row(row) for row in cursor.fetchall()]


def _moved_row(row: tuple[Any, ...]) -> Moved:
    number, currency, position, before, after = row

    def text(amount: Decimal) -> str:
        return f"{format_amount(amount, currency)} {currency}" if amount else "nothing"

    return Moved(number, position, text(before), text(after))


def _short_paid(line: Line) -> ShortPaid:
    item = line.item
    known = reason(item.reason)
    amount = f"{format_amount(line.short, item.currency)} {item.currency}"
    return ShortPaid(item.number, amount, known.words if known else item.reason, item.note)
