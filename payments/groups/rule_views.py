"""The rule builder: say what belongs into a group, and see at once what that holds.

The builder is a form that is read (GET), so its address is the rule. What it says comes back counted, with a form that
saves exactly what was counted; script only asks again by itself while somebody chooses.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from payments import operations
from payments.domain.refusals import NotFound, Refused
from payments.groups.acts import attempt
from payments.groups.forms import RuleForm, said_by
from payments.groups.queries import get_group_for, newest_rule
from payments.groups.rules import matching_rule
from payments.groups.words import in_words
from payments.invoices.listing import totals_of
from payments.invoices.queries import visible_to
from payments.invoices.rows import Total, sums
from payments.models import InvoiceGroup
from payments.operations.rule_groups import resolve
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


class NewForm(forms.Form):
    """What a new group is called, and from which day on its rule judges."""

    name = forms.CharField(max_length=80)
    effective_on = forms.DateField(required=False)


class ChangeForm(forms.Form):
    """From which day on the rule is another, and which version it replaces."""

    effective_on = forms.DateField()
    based_on = forms.IntegerField(min_value=0)


@customer_page("tag", "GET", "HEAD", "POST")
def group_new(request: CustomerRequest) -> HttpResponse:
    if request.method == "POST":
        said, rule = NewForm(request.POST), _posted_rule(request)
        if said.is_valid() and rule.is_valid():
            done = attempt(request, operations.make_group, rule=rule.wish(), **said.cleaned_data)
            if done:
                return redirect("group", code=done.code)
        else:
            messages.error(request, "Give the group a name, and a day as 2026-12-31 or none.")
        return _builder(request, rule, None, status=422)
    return _builder(request, RuleForm(request.actor, request.GET), None)


@customer_page("tag", "GET", "HEAD", "POST")
def group_rule(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Another version of the rule; the builder begins with the one there is."""
    group = get_group_for(request.actor, code)
    if group is None:
        raise Http404
    if request.method == "POST":
        said, rule = ChangeForm(request.POST), _posted_rule(request)
        if said.is_valid() and rule.is_valid():
            if attempt(request, operations.change_rule, group=code, rule=rule.wish(), **said.cleaned_data):
                return redirect("group", code=code)
        else:
            messages.error(request, "Give a day as 2026-12-31.")
        return _builder(request, rule, group, status=422)
    newest = newest_rule(group)
    begun = said_by(newest) if newest and not request.GET else None
    form = RuleForm(request.actor, request.GET if begun is None else _as_query(begun))
    return _builder(request, form, group)


def _posted_rule(request: CustomerRequest) -> RuleForm:
    return RuleForm(request.actor, QueryDict(request.POST.get("rule", "")))


def _builder(request: CustomerRequest, form: RuleForm, group: InvoiceGroup | None, status: int = 200) -> HttpResponse:
    """The whole page, or only what came of the rule, where script asks."""
    newest = newest_rule(group) if group else None
    context = {
        "group": group,
        "form": form,
        "based_on": newest.number if newest else 0,
        "next_number": newest.number + 1 if newest else 1,
        "today": timezone.localdate().isoformat(),
        "posted": request.POST,
        "key": request.POST.get("key") or uuid4(),
        **_held(request, form),
    }
    part = "#held" if "HX-Request" in request.headers else ""
    return render(request, f"payments/group_rule.html{part}", context, status=status)


def _held(request: CustomerRequest, form: RuleForm) -> dict[str, Any]:
    """What the rule says and holds of the bills so far, and the rule itself as a query string."""
    if not form.is_valid():
        return {"problem": " ".join(dict.fromkeys(str(e) for errors in form.errors.values() for e in errors))}
    try:
        rule = resolve(request.actor, form.wish())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        return {"problem": str(refused)}
    totals = totals_of(visible_to(request.actor) & matching_rule(rule)) if rule else []
    return {"words": in_words(rule), "held": _figures(totals), "count": _count(totals), "rule": _query(form)}


def _figures(totals: list[Total]) -> list[tuple[str, str, list[str]]]:
    """(currency, count, [billed, open]) a currency."""
    rows = zip(totals, sums(totals), strict=True)
    return [(each.currency, f"{each.count:,}", [f.amount for f in row.figures[1:3]]) for each, row in rows]


def _count(totals: list[Total]) -> str:
    return f"{sum(each.count for each in totals):,}"


def _query(form: RuleForm) -> str:
    return urlencode([(name, value) for name in form.fields for value in _values(form, name) if value])


def _values(form: RuleForm, name: str) -> list[str]:
    data = form.data
    return data.getlist(name) if isinstance(data, QueryDict) else [str(data.get(name, ""))]


def _as_query(said: dict[str, Any]) -> QueryDict:
    asked = QueryDict(mutable=True)
    for name, value in said.items():
        asked.setlist(name, value if isinstance(value, list) else ["" if value is None else str(value)])
    return asked
