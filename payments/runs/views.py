"""Pay runs: the list, a new one, one of them, and its way to whoever approves it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.domain.refusals import NotFound, Refused, Rule
from payments.invoices.selection import read_code
from payments.models import PayRun
from payments.runs.commands import Step, perform
from payments.runs.page import STATES, run_page
from payments.runs.queries import RunSummary, get_run_for, runs_for, summaries
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.money import format_amount
from portal.requests import CustomerRequest
from portal.users.confirmation import to_confirm

LIST_SIZE = 50


@customer_page("see")
def pay_runs(request: CustomerRequest) -> HttpResponse:
    """Newest first; by keyset over their numbers."""
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    runs = runs_for(request.actor).select_related("created_by")
    found = runs.filter(state=state) if state else runs
    before = _number_of(runs, request.GET.get("before", ""))
    page = found.filter(number__lt=before) if before else found
    shown = list(page.order_by("-number")[: LIST_SIZE + 1])
    has_older = len(shown) > LIST_SIZE
    del shown[LIST_SIZE:]
    context = {
        "rows": [run_row(summary) for summary in summaries(shown)],
        "chips": [("", "All", not state), *((key, label, key == state) for key, (label, _) in STATES.items())],
        "older_url": f"?state={state}&before={shown[-1].number}" if has_older else "",
        "newest_url": f"?state={state}" if before else "",
        "may_prepare": access.has(request.actor, "prepare"),
        "key": uuid4(),
    }
    return render(request, "payments/pay_run_list.html", context)


def _number_of(runs: QuerySet[PayRun], text: str) -> int | None:
    """Where the page begins; a run that there is not is as if none were named."""
    if not re.fullmatch(r"[0-9]{1,8}", text):
        return None
    return runs.filter(number=int(text)).values_list("number", flat=True).first()


@customer_page("prepare", "POST")
def pay_run_new(request: CustomerRequest) -> HttpResponse:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    title = request.POST.get("title", "")
    try:
        done = operations.open_run(request.actor, title=title, invoices=[], key=key, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("pay_runs")
    messages.success(request, done.message)
    return redirect("pay_run", code=done.code)


@customer_page("see")
def pay_run(request: CustomerRequest, code: UUID) -> HttpResponse:
    return run_page(request, run_or_404(request, code))


@customer_page("prepare", "POST")
def pay_run_cancellation(request: CustomerRequest, code: UUID) -> HttpResponse:
    return act(request, code, Step(operations.cancel_run, {"run": code}), "pay_run")


def act(request: CustomerRequest, code: UUID, step: Step, then: str) -> HttpResponse:
    """One operation on a whole run, and the page `then`; a refusal leads back to its page, with the reason."""
    run_or_404(request, code)
    try:
        messages.success(request, perform(request, code, lambda run: [step]))
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        if refused.rule is Rule.NOT_CONFIRMED:
            return to_confirm(request, reverse("pay_run_review", args=[code]))
        messages.error(request, str(refused))
        then = "pay_run_review" if request.POST.get("from") == "review" else "pay_run"
    return redirect(then, code=code)


def run_or_404(request: CustomerRequest, code: UUID) -> PayRun:
    run = get_run_for(request.actor, code)
    if run is None:
        raise Http404
    return run


def run_row(summary: RunSummary) -> dict[str, Any]:
    run = summary.run
    state, tone = STATES[run.state]
    return {
        "url": reverse("pay_run", args=[run.code]),
        "name": f"Pay run {run.number}",
        "title": run.title,
        "state": state,
        "tone": tone,
        "who": run.created_by.name,
        "edited": f"{run.edited_at:%Y-%m-%d %H:%M}",
        "payments": summary.payments,
        "invoices": f"{summary.invoices:,}",
        "amounts": [f"{format_amount(amount, currency)} {currency}" for currency, amount in summary.amounts],
    }
