"""The carrier's rules about methods: a table, a new one, the end of one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.models import BillingSystem
from payments.domain.refusals import NotFound, Refused
from payments.eligibility.operations import end_rule, make_rule
from payments.models import MethodRule, Payment
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest

LABELS = dict(Payment.Method.choices)
MOST = 200


@carrier_page("engineer", "rep")
def method_rules(request: CarrierRequest) -> HttpResponse:
    found = MethodRule.objects.filter(ended_at=None).select_related("system", "account", "customer", "made_by")
    context = {
        "rows": [_row(rule) for rule in found.order_by("system__name", "pk")[:MOST]],
        "systems": BillingSystem.objects.order_by("name").values_list("key", "name"),
        "methods": Payment.Method.choices,
        "may_change": request.carrier.role == "engineer",
    }
    return render(request, "payments/method_rule_list.html", context)


@carrier_page("engineer", methods=("POST",))
def method_rule_new(request: CarrierRequest) -> HttpResponse:
    said = {name: request.POST.get(name, "") for name in ("system", "account", "why")}
    currency = request.POST.get("currency", "").strip().upper()
    methods = request.POST.getlist("method")
    try:
        make_rule(request.carrier, **said, currency=currency, methods=methods, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The rule holds from now on.")
    return redirect("method_rules")


@carrier_page("engineer", methods=("POST",))
def method_rule_end(request: CarrierRequest, code: UUID) -> HttpResponse:
    try:
        end_rule(request.carrier, code=code, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    messages.success(request, "The rule holds no more.")
    return redirect("method_rules")


def _row(rule: MethodRule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "why": rule.why,
        "system": rule.system.name if rule.system else "every system",
        "account": f"{rule.account.name}, {rule.customer.name}" if rule.account and rule.customer else "every account",
        "currency": rule.currency or "every currency",
        "methods": ", ".join(LABELS[method] for method in rule.methods),
        "made": f"{rule.made_at:%Y-%m-%d}" + (f" by {rule.made_by.name}" if rule.made_by else ""),
    }
