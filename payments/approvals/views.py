"""An approver's own page, and the policy that administrators propose and consent to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from payments import operations
from payments.approvals.forms import (
    DelegationForm,
    LimitForms,
    RuleForms,
    limits_initial,
    read_policy_forms,
    rules_initial,
)
from payments.approvals.policies import policy_in_force, read_policy
from payments.approvals.policy_page import policy_context
from payments.approvals.queries import choices, delegations_of, limits_of, runs_to_approve
from payments.approvals.words import group_names
from payments.commands import Done
from payments.domain.approval_policy import Policy
from payments.domain.refusals import NotFound, Refused
from payments.invoices.selection import read_code
from payments.models import ApprovalPolicy
from payments.runs.queries import summaries
from payments.runs.views import run_row
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


@customer_page("approve")
def approvals(request: CustomerRequest) -> HttpResponse:
    return _approvals(request, None)


@customer_page("approve", "POST")
def delegations(request: CustomerRequest) -> HttpResponse:
    form = DelegationForm(request.POST, people=_others(request))
    if not form.is_valid():
        return _approvals(request, form, status=422)
    said = dict(form.cleaned_data)
    try:
        done = operations.delegate_approval(request.actor, now=timezone.now(), **said)
    except Refused as refused:
        messages.error(request, str(refused))
        return _approvals(request, form, status=422)
    messages.success(request, done.message)
    return redirect("approvals")


@customer_page("approve", "POST")
def delegation_withdrawal(request: CustomerRequest, code: UUID) -> HttpResponse:
    key = _key(request)
    return _do(
        request,
        lambda: operations.withdraw_delegation(request.actor, delegation=code, key=key, now=timezone.now()),
        "approvals",
    )


@customer_page("administer")
def approval_policy(request: CustomerRequest) -> HttpResponse:
    return _policy(request, None)


@customer_page("administer", "POST")
def policy_proposals(request: CustomerRequest) -> HttpResponse:
    """A whole policy in place of the last one; what is wrong with it is said above everything that was typed."""
    rules, limits = _policy_forms(request, request.POST)
    after = request.POST.get("after", "")
    if not (rules.is_valid() and limits.is_valid()) or not after.isdecimal() or len(after) > 6:
        messages.error(request, "Some of it cannot be read: look at the fields that say so.")
        return _policy(request, (rules, limits), status=422)
    policy, reason = read_policy_forms(rules, limits), request.POST.get("reason", "")
    try:
        done = operations.propose_policy(
            request.actor, policy=policy, reason=reason, after=int(after), key=_key(request), now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return _policy(request, (rules, limits), status=422)
    messages.success(request, done.message)
    return redirect("approval_policy")


@customer_page("administer", "POST")
def policy_decision(request: CustomerRequest, code: UUID) -> HttpResponse:
    verdict, key = request.POST.get("verdict", ""), _key(request)
    return _do(
        request,
        lambda: operations.decide_policy(request.actor, policy=code, verdict=verdict, key=key, now=timezone.now()),
        "approval_policy",
    )


def _do(request: CustomerRequest, act: Callable[[], Done], then: str) -> HttpResponse:
    try:
        messages.success(request, act().message)
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(then)


def _key(request: CustomerRequest) -> UUID:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    return key


def _others(request: CustomerRequest) -> list[tuple[Any, str]]:
    return choices(access.people_with(request.actor.customer_id, "approve"), request.actor)


def _approvals(request: CustomerRequest, form: DelegationForm | None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    people = _others(request)
    days = {"from_on": now.date(), "until_on": now.date(), "key": uuid4()}
    context = {
        "rows": [run_row(summary) for summary in summaries(runs_to_approve(request.actor, now))],
        "limits": limits_of(request.actor, now),
        "delegations": delegations_of(request.actor, now),
        "form": (form or DelegationForm(people=people, initial=days)) if people else None,
        "key": uuid4(),
    }
    return render(request, "payments/approvals.html", context, status=status)


def _policy(request: CustomerRequest, forms: tuple[Any, Any] | None, status: int = 200) -> HttpResponse:
    rules, limits = forms or _policy_forms(request, None)
    context = {
        "rules": rules,
        "limits": limits,
        "reason": request.POST.get("reason", ""),
        "key": uuid4(),
        **policy_context(request.actor),
    }
    return render(request, "payments/approval_policy.html", context, status=status)


def _policy_forms(request: CustomerRequest, posted: Any) -> tuple[Any, Any]:
    """Filled with the last version that was proposed and not refused, or with what was posted."""
    people = [(f"{person}", name) for person, name in access.people_with(request.actor.customer_id, "approve")]
    groups = list(group_names(request.actor.customer_id).items())
    policy = _last(request) if posted is None else Policy()
    return (
        RuleForms(
            posted, prefix="rule", initial=rules_initial(policy), form_kwargs={"people": people, "groups": groups}
        ),
        LimitForms(posted, prefix="limit", initial=limits_initial(policy), form_kwargs={"people": people}),
    )


def _last(request: CustomerRequest) -> Policy:
    last = (
        ApprovalPolicy.objects.filter(customer_id=request.actor.customer_id, decision=None).order_by("-version").first()
    )
    return read_policy(last.document) if last else policy_in_force(request.actor.customer_id)
