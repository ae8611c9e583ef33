"""The customer's pages of disputes: the list, one dispute with its conversation, and opening them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from payments import operations
from payments.commands import Done
from payments.disputes.evidence import download_of, kept_evidence
from payments.disputes.forms import read_seen
from payments.disputes.queries import (
    conversation_of,
    facts_of,
    get_dispute_for,
    get_file_for,
    list_disputes_for,
)
from payments.domain.dispute import OPEN, OVER
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.selection import read_code
from payments.models import Dispute
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


@customer_page("see")
def dispute_list(request: CustomerRequest) -> HttpResponse:
    context = list_disputes_for(request.actor, request.GET, timezone.localdate())
    return render(request, "payments/dispute_list.html", context)


@customer_page("see")
def dispute_detail(request: CustomerRequest, code: UUID) -> HttpResponse:
    return _page(request, _dispute_or_404(request, code))


@customer_page("see")
def dispute_file(request: CustomerRequest, code: UUID, file: UUID) -> HttpResponse:
    found = get_file_for(request.actor, code, file)
    if found is None:
        raise Http404
    return download_of(found)


@customer_page("prepare", "POST")
def dispute_replies(request: CustomerRequest, code: UUID) -> HttpResponse:
    def act(**command: Any) -> Done:
        words = request.POST.get("words", "")
        return operations.reply_in_dispute(request.actor, words=words, evidence=kept_evidence(request), **command)

    return _step(request, code, act)


@customer_page("prepare", "POST")
def dispute_agreement(request: CustomerRequest, code: UUID) -> HttpResponse:
    return _step(request, code, lambda **command: operations.agree_in_dispute(request.actor, **command))


@customer_page("prepare", "POST")
def dispute_withdrawal(request: CustomerRequest, code: UUID) -> HttpResponse:
    words = request.POST.get("words", "")
    return _step(request, code, lambda **command: operations.withdraw_dispute(request.actor, words=words, **command))


def _step(request: CustomerRequest, code: UUID, act: Callable[..., Done]) -> HttpResponse:
    """Perform it; a refusal shows the page as it is now, with the words that were typed."""
    found = _dispute_or_404(request, code)
    try:
        key = read_code(request.POST.get("key", "")) or uuid4()
        done = act(dispute=code, seen=read_seen(request), key=key, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        found = _dispute_or_404(request, code)
        return _page(request, found, status=409 if isinstance(refused, Conflict) else 422)
    messages.success(request, done.message)
    return redirect("dispute", code)


def _page(request: CustomerRequest, dispute: Dispute, status: int = 200) -> HttpResponse:
    may_prepare = access.has(request.actor, "prepare")
    context = {
        **facts_of(dispute, timezone.localdate(), "dispute"),
        "conversation": conversation_of(dispute, "dispute_file"),
        "may_prepare": may_prepare,
        "may_reply": may_prepare and dispute.state not in OVER,
        "may_withdraw": may_prepare and dispute.state in OPEN,
        "may_agree": may_prepare and dispute.state == "proposed",
        "key": uuid4(),
        "posted": request.POST,
    }
    return render(request, "payments/dispute_detail.html", context, status=status)


def _dispute_or_404(request: CustomerRequest, code: UUID) -> Dispute:
    found = get_dispute_for(request.actor, code)
    if found is None:
        raise Http404
    return found
