"""Payments on their way to AR and back; and, for the carrier's engineers, the messages that carry them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from payments.ar.outbox import replay
from payments.models import ArPosting
from payments.tracking.page import payment_context
from payments.tracking.postings import list_postings, waiting_messages
from payments.tracking.queries import get_payment_for, list_payments_for, read_payment_filter
from portal.impersonation.policy import carrier_page, customer_page
from portal.requests import CarrierRequest, CustomerRequest


@customer_page("see")
def payments(request: CustomerRequest) -> HttpResponse:
    context = list_payments_for(request.actor, read_payment_filter(request.GET))
    return render(request, "payments/payment_list.html", context)


@customer_page("see")
def payment(request: CustomerRequest, code: UUID) -> HttpResponse:
    found = get_payment_for(request.actor, code)
    if found is None:
        raise Http404
    return render(request, "payments/payment_detail.html", payment_context(found))


@carrier_page("engineer")
def postings(request: CarrierRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    now = timezone.now()
    context = {**list_postings(state, now), "unread": waiting_messages(now)}
    return render(request, "payments/posting_list.html", context)


@carrier_page("engineer", methods=("POST",))
def posting_replay(request: CarrierRequest, code: UUID) -> HttpResponse:
    try:
        replay(request.carrier, posting=code, now=timezone.now())
    except ArPosting.DoesNotExist:
        messages.warning(request, "That message is not waiting for anybody; nothing was done.")
    else:
        messages.success(request, "It will be tried again at once.")
    return redirect("postings")
