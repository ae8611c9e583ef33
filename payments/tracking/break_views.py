"""Breaks: the carrier's people see them, take them and close them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from payments.ar.breaks import close_break, take_break
from payments.domain.refusals import NotFound, Refused
from payments.tracking.breaks import list_breaks
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest

STAFF = ("engineer", "rep")


@carrier_page(*STAFF)
def breaks(request: CarrierRequest) -> HttpResponse:
    return render(request, "payments/break_list.html", list_breaks(request.carrier, request.GET, timezone.now()))


@carrier_page(*STAFF, methods=("POST",))
def break_owner(request: CarrierRequest, code: UUID) -> HttpResponse:
    try:
        take_break(request.carrier, code=code, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    messages.success(request, "It is yours now.")
    return redirect("breaks")


@carrier_page(*STAFF, methods=("POST",))
def break_explanation(request: CarrierRequest, code: UUID) -> HttpResponse:
    explanation, leaves_credit = request.POST.get("explanation", ""), request.POST.get("credit") == "yes"
    now = timezone.now()
    try:
        close_break(request.carrier, code=code, explanation=explanation, leaves_credit=leaves_credit, now=now)
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It is closed, with what explains it.")
    return redirect("breaks")
