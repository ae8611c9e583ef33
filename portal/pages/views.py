"""Home, and what a load balancer asks."""

from __future__ import annotations

from typing import cast

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.impersonation.policy import customer_page, public_page, signed_in_page
from portal.pages.inbox import arrivals_for, tiles_for
from portal.requests import CustomerRequest, PortalRequest


@signed_in_page()
def home(request: PortalRequest) -> HttpResponse:
    """Each to what concerns them: a customer's people to their inbox, the carrier's to their own pages."""
    if request.actor:
        return inbox(cast(CustomerRequest, request))
    if request.carrier:
        return redirect("bill_cycles" if request.carrier.role == "engineer" else "customers")
    return render(request, "pages/no_customer.html")


@customer_page("see")
def inbox(request: CustomerRequest) -> HttpResponse:
    today = timezone.localdate()
    context = {"tiles": tiles_for(request.actor, today), "arrivals": arrivals_for(request.actor, today)}
    return render(request, "pages/inbox.html", context)


@public_page()
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"database": "answers"})
