"""The carrier's dispute desk: the queue, and what is done with one dispute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from payments.disputes.desk_queries import credit_notes_for, get_desk_dispute, list_queue
from payments.disputes.evidence import download_of, kept_evidence
from payments.disputes.forms import read_money, read_parts, read_seen
from payments.disputes.queries import conversation_of, facts_of
from payments.domain.dispute import DECIDED, OPEN
from payments.domain.refusals import NotFound, Refused, Rule, refuse
from payments.models import DisputeFile
from payments.operations import dispute_desk
from portal.impersonation.policy import carrier_page
from portal.money import ZERO
from portal.requests import CarrierRequest

STAFF = ("engineer", "rep")


@carrier_page(*STAFF)
def desk(request: CarrierRequest) -> HttpResponse:
    context = list_queue(request.carrier, request.GET, timezone.localdate())
    return render(request, "payments/dispute_queue.html", context)


@carrier_page(*STAFF)
def desk_dispute(request: CarrierRequest, code: UUID) -> HttpResponse:
    return _page(request, code)


@carrier_page(*STAFF)
def desk_file(request: CarrierRequest, code: UUID, file: UUID) -> HttpResponse:
    found = DisputeFile.objects.filter(code=file, dispute__code=code).first()
    if found is None:
        raise Http404
    return download_of(found)


@carrier_page(*STAFF, methods=("POST",))
def desk_steps(request: CarrierRequest, code: UUID) -> HttpResponse:
    """One step, named by the button. A refusal shows the page as it is now, with what was typed."""
    step = STEPS.get(request.POST.get("do", ""))
    if step is None or get_desk_dispute(code) is None:
        raise Http404
    try:
        said = step(request, dispute=code, seen=read_seen(request), now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _page(request, code, status=422)
    messages.success(request, said)
    return redirect("desk_dispute", code)


def _page(request: CarrierRequest, code: UUID, status: int = 200) -> HttpResponse:
    dispute = get_desk_dispute(code)
    if dispute is None:
        raise Http404
    context = {
        **facts_of(dispute, timezone.localdate(), "desk_dispute"),
        "conversation": conversation_of(dispute, "desk_file"),
        "is_open": dispute.state in OPEN,
        "is_decided": dispute.state == DECIDED,
        "is_mine": dispute.owner_id == request.carrier.user_id,
        "credit_notes": credit_notes_for(dispute) if dispute.state == DECIDED else [],
        "posted": request.POST,
        "step": request.POST.get("do", "answer"),
    }
    return render(request, "payments/dispute_desk.html", context, status=status)


def _answer(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.answer_dispute(request.carrier, words=_words(request), evidence=kept_evidence(request), **step)


def _ask(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.ask_in_dispute(request.carrier, words=_words(request), **step)


def _note(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.note_in_dispute(request.carrier, words=_words(request), **step)


def _take(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.take_dispute(request.carrier, **step)


def _propose(request: CarrierRequest, **step: Any) -> str:
    credit = read_money(request, "credit")
    if credit is None:
        raise refuse(Rule.NOT_POSITIVE, "Say how much is to be credited.")
    return dispute_desk.propose_credit(request.carrier, credit=credit, words=_words(request), **step)


def _decide(request: CarrierRequest, **step: Any) -> str:
    """Accept all, accept what is typed, or refuse all."""
    credit = read_money(request, "credit")
    if credit is None:
        raise refuse(Rule.NOT_POSITIVE, "Say how much is to be credited.")
    return dispute_desk.decide_dispute(request.carrier, credit=credit, words=_words(request), **step)


def _refuse(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.decide_dispute(request.carrier, credit=ZERO, words=_words(request), **step)


def _split(request: CarrierRequest, **step: Any) -> str:
    return dispute_desk.split_dispute(request.carrier, parts=read_parts(request), words=_words(request), **step)


def _settle(request: CarrierRequest, **step: Any) -> str:
    note = request.POST.get("credit_note", "").replace("\0", "")
    return dispute_desk.settle_dispute(request.carrier, credit_note=note, words=_words(request), **step)


def _words(request: CarrierRequest) -> str:
    return request.POST.get("words", "")


STEPS: Final[dict[str, Callable[..., str]]] = {
    "answer": _answer,
    "ask": _ask,
    "note": _note,
    "take": _take,
    "propose": _propose,
    "decide": _decide,
    "refuse": _refuse,
    "split": _split,
    "settle": _settle,
}
