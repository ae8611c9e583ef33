"""What a second person does: look, approve or send back; and the release of what was approved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from payments import operations
from payments.approvals.review import differences_of, standing_of
from payments.models import PayRun
from payments.runs.approval_queries import short_paid
from payments.runs.commands import Step, seen_of
from payments.runs.lines import Line, read_run_filter
from payments.runs.page import STATES, list_context
from payments.runs.queries import acts_on, editors_of, lines_of, may_for_all, payments_of
from payments.runs.rows import PlannedPayment, lane
from payments.runs.views import act, run_or_404
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.money import format_amount
from portal.requests import CustomerRequest

MOST_SHORT_PAYS = 50
NOT_AN_APPROVER = "You may look at pay runs; approving them is for others."


@customer_page("see")
def pay_run_review(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Everything that is approved, on one page."""
    run = run_or_404(request, code)
    lines = lines_of(run)
    payments = payments_of(run, lines)
    state, tone = STATES[run.state]
    short = short_paid(lines)
    context = {
        "run": run,
        "state": state,
        "tone": tone,
        "lanes": [lane(payment, run.number, "", "") for payment in payments],
        "short_pays": short[:MOST_SHORT_PAYS],
        "short_count": len(short),
        "editors": [name for _, name in editors_of(run)],
        "differences": differences_of(run),
        "acts": acts_on(run),
        "seen": seen_of(run),
        "key": uuid4(),
        "other_key": uuid4(),
        **list_context(run, read_run_filter(request.GET), lines, payments),
        **_next(request, run, lines, payments),
    }
    return render(request, "payments/pay_run_review.html", context)


@customer_page("approve", "POST")
def pay_run_approval(request: CustomerRequest, code: UUID) -> HttpResponse:
    holder = request.POST.get("on_behalf_of", "")
    seen = {"run": code, "sha256": request.POST.get("sha256", "")}
    seen["on_behalf_of"] = int(holder) if re.fullmatch(r"[0-9]{1,9}", holder) else None
    return act(request, code, Step(operations.approve_run, seen), "pay_run_review")


@customer_page("approve", "POST")
def pay_run_return(request: CustomerRequest, code: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")[:400]
    return act(request, code, Step(operations.return_run, {"run": code, "reason": reason}), "pay_run_review")


@customer_page("approve", "POST")
def pay_run_release(request: CustomerRequest, code: UUID) -> HttpResponse:
    return act(request, code, Step(operations.release_run, {"run": code}), "pay_run")


def _next(
    request: CustomerRequest, run: PayRun, lines: list[Line], payments: Sequence[PlannedPayment]
) -> dict[str, Any]:
    """What this person can do with the run now, or why not."""
    is_submitted, is_approved = run.state == PayRun.State.SUBMITTED, run.state == PayRun.State.APPROVED
    standing = standing_of(request.actor, run, {line.item.account_id for line in lines}, timezone.now())
    is_approver = access.has(request.actor, "approve")
    may_approve = is_approver and may_for_all(request.actor, "approve", lines)
    return {
        "standing": standing,
        "may_return": is_submitted and (may_approve or bool(standing.ways)),
        "may_release": is_approved and may_approve,
        "why_not": standing.why_not if is_approver or not is_submitted else NOT_AN_APPROVER,
        "release_words": [_release_words(payment) for payment in payments],
    }


def _release_words(payment: PlannedPayment) -> str:
    facts = payment.facts
    amount = f"{format_amount(facts.placed, facts.currency)} {facts.currency}"
    return f"{payment.method_label} of {amount} on {payment.value_on:%Y-%m-%d}"
