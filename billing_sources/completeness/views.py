"""Expected bills: for the carrier those that are absent, for a customer's people what came and what did not."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing_sources.completeness.queries import absent_accounts, expected_bills, rows_of
from billing_sources.models import BillingSystem
from billing_sources.staff.coverage_queries import stage_words
from portal.customers import access
from portal.impersonation.policy import carrier_page, customer_page
from portal.requests import CarrierRequest, CustomerRequest


@customer_page("see")
def bills_expected(request: CustomerRequest) -> HttpResponse:
    reach = access.scope(request.actor, "see")
    visible = Q(customer_id=request.actor.customer_id)
    if not reach.everything:
        visible &= Q(account_id__in=reach.ids)
    today = timezone.localdate()
    rows = expected_bills(visible, today)
    words = ("absent", "late", "expected", "received")
    context = {
        "rows": rows,
        "month": f"{today:%B %Y}",
        "counts": [(word, count) for word in words if (count := sum(row.word == word for row in rows))],
        "coverage": stage_words(),
    }
    return render(request, "billing_sources/bills_expected.html", context)


@carrier_page("engineer")
def accounts_absent(request: CarrierRequest, system: str) -> HttpResponse:
    """The accounts that a cycle was learnt to bill, and did not in a month."""
    found = BillingSystem.objects.filter(key=system).first()
    if found is None:
        raise Http404
    month, cycle = _month(request.GET.get("month", "")), request.GET.get("cycle", "")
    links = absent_accounts(month).get((found.pk, cycle), [])
    context = {
        "rows": rows_of(links, cycle, month),
        "count": len(links),
        "system": found.name,
        "cycle": cycle,
        "month": f"{month:%B %Y}",
        "month_code": f"{month:%Y-%m}",
    }
    return render(request, "billing_sources/accounts_absent.html", context)


def _month(text: str) -> date:
    """`2026-11`; anything else is the month of today."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return timezone.localdate().replace(day=1)
