"""Quarantine: what waits for a person's decision, and the decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources import tasks
from billing_sources.models import QuarantinedInvoice
from billing_sources.operations import NotDone, discard_invoice, release_invoice
from billing_sources.staff.figures import count
from billing_sources.staff.forms import codes_in, posted_reason
from billing_sources.staff.held_queries import SORTS, count_by_state, get_held, held_bills, held_files, held_sums
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest

_State = QuarantinedInvoice.State


@carrier_page("engineer")
def quarantine(request: CarrierRequest) -> HttpResponse:
    return _quarantine(request)


@carrier_page("engineer")
def held_invoice(request: CarrierRequest, code: UUID) -> HttpResponse:
    held = get_held(code, timezone.now())
    if held is None:
        raise Http404
    return render(request, "billing_sources/held_detail.html", {"held": held})


@carrier_page("engineer", methods=("POST",))
def invoice_release(request: CarrierRequest) -> HttpResponse:
    """Let held bills in as they stand; workers load them."""

    def release(held: QuarantinedInvoice, reason: str) -> None:
        release_invoice(actor=request.carrier, held=held, reason=reason, now=timezone.now())
        tasks.wake(tasks.load_bill, held.pk)

    return _decide(request, release, "released; workers are loading it", "released; workers are loading them")


@carrier_page("engineer", methods=("POST",))
def invoice_discard(request: CarrierRequest) -> HttpResponse:
    """Leave held bills out for good."""

    def discard(held: QuarantinedInvoice, reason: str) -> None:
        discard_invoice(actor=request.carrier, held=held, reason=reason, now=timezone.now())

    return _decide(request, discard, "left out", "left out")


def _decide(
    request: CarrierRequest, decide: Callable[[QuarantinedInvoice, str], None], one: str, many: str
) -> HttpResponse:
    """All of the chosen bills or, where one is refused, none of them."""
    chosen = _chosen(codes_in(request.POST, "invoice"))
    try:
        if not chosen:
            raise NotDone("Choose the bills first.")
        reason = posted_reason(request.POST)
        with transaction.atomic():
            for held in chosen:
                decide(held, reason)
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _quarantine(request, status=422)
    messages.success(request, f"{count(len(chosen), 'bill')} {one if len(chosen) == 1 else many}.")
    return redirect("quarantine")


def _chosen(codes: Sequence[UUID]) -> list[QuarantinedInvoice]:
    found = list(QuarantinedInvoice.objects.filter(code__in=codes).defer("canonical").order_by("pk"))
    if len(found) != len(codes):
        raise Http404
    return found


def _quarantine(request: CarrierRequest, status: int = 200) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in _State.values else _State.HELD.value
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "amount"
    now = timezone.now()
    bills = held_bills(state, sort, now)
    context = {
        "state": state,
        "sort": sort,
        "counts": count_by_state(),
        "files": held_files(now) if state == _State.HELD else [],
        "bills": bills,
        "sums": held_sums() if state == _State.HELD else [],
        "may_decide": state == _State.HELD and bool(bills),
    }
    return render(request, "billing_sources/quarantine.html", context, status=status)
