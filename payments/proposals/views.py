"""Propose: choose the rules, look at what they come to beside what stands now, accept it, replay it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.domain.lifecycle import EDITABLE
from payments.domain.proposing.changes import changed
from payments.domain.proposing.inputs import Inputs, read_inputs
from payments.domain.proposing.result import Result
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.selection import posted_codes, read_code
from payments.models import Payment, PayRun, Proposal
from payments.proposals.facts import gather, lanes_of
from payments.proposals.forms import METHODS, RulesForm
from payments.proposals.queries import proposal_of, rules_used_last
from payments.proposals.replay import replay
from payments.proposals.rows import SHOWS, Row, Sheet
from payments.runs.queries import lines_of
from payments.runs.views import run_or_404
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

PAGE_SIZE: Final = 100
MOST_CHANGES: Final = 5


@customer_page("prepare")
def proposal_new(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The rules to choose: those of the proposal before, or sensible ones."""
    run = run_or_404(request, code)
    return _rules_page(request, run, RulesForm(lanes=lanes_of(_payments(run)), rules=rules_used_last(run)))


@customer_page("prepare", "POST")
def proposals(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Make a proposal by the posted rules, and show it."""
    run = run_or_404(request, code)
    form = RulesForm(request.POST, lanes=lanes_of(_payments(run)), rules=rules_used_last(run))
    if not form.is_valid():
        return _rules_page(request, run, form, status=422)
    try:
        done = operations.make_proposal(
            request.actor, run=code, rules=form.rules(), key=_key(request), now=timezone.now()
        )
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _rules_page(request, run, form, status=_status(refused))
    messages.success(request, done.message)
    return redirect("proposal", code=code, proposal=done.code)


@customer_page("see")
def proposal(request: CustomerRequest, code: UUID, proposal: UUID) -> HttpResponse:
    """What it says, beside what stands."""
    run = run_or_404(request, code)
    return _preview(request, run, _proposal_or_404(run, proposal))


@customer_page("prepare", "POST")
def proposal_acceptance(request: CustomerRequest, code: UUID, proposal: UUID) -> HttpResponse:
    """Bring it about, wholly or for the checked rows, if the run is still as it was."""
    run = run_or_404(request, code)
    kept = _proposal_or_404(run, proposal)
    chosen = None if request.POST.get("rows") == "all" else sorted(posted_codes(request))
    try:
        done = operations.accept_proposal(
            request.actor, proposal=proposal, invoices=chosen, key=_key(request), now=timezone.now()
        )
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _preview(request, run, kept, status=_status(refused))
    messages.success(request, done.message)
    return redirect("pay_run", code=code)


@customer_page("see")
def proposal_replay(request: CustomerRequest, code: UUID, proposal: UUID) -> HttpResponse:
    """Computed once more from its stored inputs: the same, to the last character?"""
    run = run_or_404(request, code)
    kept = _proposal_or_404(run, proposal)
    return render(request, "payments/proposal_replay.html", {"run": run, "proposal": kept, "replay": replay(kept)})


def _rules_page(request: CustomerRequest, run: PayRun, form: RulesForm, *, status: int = 200) -> HttpResponse:
    context = {"run": run, "form": form, "key": uuid4(), "is_editable": run.state in EDITABLE}
    return render(request, "payments/proposal_new.html", context, status=status)


def _preview(request: CustomerRequest, run: PayRun, kept: Proposal, *, status: int = 200) -> HttpResponse:
    inputs, result = read_inputs(kept.inputs), msgspec.json.decode(kept.result, type=Result)
    sheet = Sheet(inputs, result)
    rows = sheet.rows({str(line.code): line for line in lines_of(run)}, reverse("invoices"))
    may_prepare = access.has(request.actor, "prepare") and run.state in EDITABLE
    context = {
        "run": run,
        "proposal": kept,
        "lanes": sheet.lanes(METHODS),
        "sums": sheet.sums(),
        "moved": _moved(run, inputs) if may_prepare else (),
        "may_prepare": may_prepare,
        "changes": sum(row.is_change for row in rows),
        "key": uuid4(),
        **_table(request, rows),
    }
    return render(request, "payments/proposal_detail.html", context, status=status)


def _moved(run: PayRun, before: Inputs) -> list[str]:
    """What is not any more as it was when it was proposed."""
    words = changed(before, gather(run, _payments(run), before.rules))
    more = len(words) - MOST_CHANGES
    return words[:MOST_CHANGES] + ([f"And {more} more."] if more > 0 else [])


def _table(request: CustomerRequest, rows: list[Row]) -> dict[str, Any]:
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "changes"
    found = [row for row in rows if SHOWS[show][1](row)]
    asked = request.GET.get("page", "")
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(max(int(asked[:4]), 1), pages) if asked.isascii() and asked.isdecimal() else 1
    first = (number - 1) * PAGE_SIZE
    shown = found[first : first + PAGE_SIZE]
    return {
        "rows": shown,
        "chips": [_chip(each, rows, is_on=each == show) for each in SHOWS],
        "shown": f"{first + 1:,}–{first + len(shown):,} of {len(found):,}" if pages > 1 else "",
        "before_url": f"?show={show}&page={number - 1}" if number > 1 else "",
        "next_url": f"?show={show}&page={number + 1}" if number < pages else "",
    }


def _chip(show: str, rows: list[Row], *, is_on: bool) -> dict[str, Any]:
    label, wanted = SHOWS[show]
    return {"label": label, "count": f"{sum(map(wanted, rows)):,}", "url": f"?show={show}", "is_on": is_on}


def _payments(run: PayRun) -> list[Payment]:
    return list(Payment.objects.filter(run=run).exclude(state=Payment.State.CANCELLED).order_by("pk"))


def _proposal_or_404(run: PayRun, code: UUID) -> Proposal:
    kept = proposal_of(run, code)
    if kept is None:
        raise Http404
    return kept


def _key(request: CustomerRequest) -> UUID:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    return key


def _status(refused: Refused) -> int:
    return 409 if isinstance(refused, Conflict) else 422
