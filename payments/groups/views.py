"""Groups: the list, one group, and what is said about it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.groups.acts import attempt
from payments.groups.changes import moved, tell
from payments.groups.forms import DayForm, DefaultsForm, approver_choices, defaults_of
from payments.groups.queries import (
    by_hand,
    get_group_for,
    list_groups_for,
    paid_with,
    rule_in_force,
    versions_for,
)
from payments.groups.rules import holding, rule_of
from payments.groups.words import in_words
from payments.invoices.columns import columns_of
from payments.invoices.filters import InvoiceFilter, query, read_filter
from payments.invoices.listing import InvoicePage, page_of
from payments.invoices.markup import Look, table_rows
from payments.invoices.queries import visible_to
from payments.invoices.rows import sums
from payments.invoices.selection import posted_codes, read_code
from payments.models import InvoiceGroup
from payments.operations.rule_groups import Defaults
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

COLUMNS: Final = ("number", "account", "due", "billed", "open", "state")


@customer_page("see")
def group_list(request: CustomerRequest) -> HttpResponse:
    context = {
        "groups": list_groups_for(request.actor, timezone.localdate()),
        "may_tag": access.has(request.actor, "tag"),
    }
    return render(request, "payments/group_list.html", context)


@customer_page("see")
def group_detail(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The members, paid ones too, a page at a time; as of a day, where one is asked for."""
    group, today = _group(request, code), timezone.localdate()
    asked, day = read_filter(request.GET), DayForm(request.GET).chosen()
    chosen = InvoiceFilter(state="all", size=200, after=asked.after, before=asked.before, first=asked.first)
    page = page_of(visible_to(request.actor) & holding(group.pk, day), chosen, today)
    columns, may_tag = columns_of(COLUMNS, shows_currency=True), access.has(request.actor, "tag") and day is None
    context = {
        "group": group,
        "rows": table_rows(page.rows, columns, Look(today, reverse("invoices"), may_tag)),
        "columns": columns,
        "sums": sums(page.totals),
        "grid_url": f"{reverse('invoices')}?{query(InvoiceFilter(group=code, state='all'))}",
        "may_tag": may_tag,
        "may_prepare": access.has(request.actor, "prepare"),
        **{name: uuid4() for name in ("key", "readmit_key", "run_key", "right_key")},
        **_turns(page, day),
        **_beside(request, group, day or today),
    }
    return render(request, "payments/group_detail.html", context)


@customer_page("tag", "POST")
def group_removals(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Take the checked invoices out of the group."""
    attempt(request, operations.ungroup_invoices, invoices=sorted(posted_codes(request)), group=code)
    return redirect("group", code=code)


@customer_page("tag", "POST")
def group_readmissions(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Keep the checked invoices out no longer."""
    attempt(request, operations.readmit_invoices, invoices=sorted(posted_codes(request)), group=code)
    return redirect("group", code=code)


@customer_page("tag", "GET", "HEAD", "POST")
def group_defaults(request: CustomerRequest, code: UUID) -> HttpResponse:
    """What the group is called, and what its invoices are paid with."""
    group = _group(request, code)
    form = DefaultsForm(request.actor, request.POST or None, initial=defaults_of(group))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        defaults = Defaults(said["method"], said["reference"], said["days_before_due"], tuple(said["approvers"]))
        if attempt(request, operations.change_group, group=code, name=said["name"], defaults=defaults):
            return redirect("group", code=code)
    status = 422 if request.method == "POST" else 200
    context = {"group": group, "form": form, "key": request.POST.get("key") or uuid4()}
    return render(request, "payments/group_defaults.html", context, status=status)


@customer_page("tag", "POST")
def group_places(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Put it before another: the first group of an invoice decides."""
    attempt(request, operations.order_groups, group=code, before=read_code(request.POST.get("before", "")))
    return redirect("groups")


@customer_page("prepare", "POST")
def group_pay_runs(request: CustomerRequest, code: UUID) -> HttpResponse:
    """A pay run about what is open of it, with what it is paid with filled in."""
    done = attempt(request, operations.open_group_run, group=code)
    return redirect("pay_run", code=done.code) if done else redirect("group", code=code)


@customer_page("administer", "POST")
def group_rights(request: CustomerRequest, code: UUID) -> HttpResponse:
    """A right for somebody on the nodes of the group's rule."""
    user = request.POST.get("user", "")
    if not re.fullmatch("[0-9]{1,9}", user):
        raise Http404
    right = request.POST.get("right", "")
    attempt(request, operations.give_group_right, group=code, user=int(user), right=right)
    return redirect("group", code=code)


def _group(request: CustomerRequest, code: UUID) -> InvoiceGroup:
    group = get_group_for(request.actor, code)
    if group is None:
        raise Http404
    return group


def _turns(page: InvoicePage, day: date | None) -> dict[str, str]:
    """Where the next page each way is, and the day that all of it is shown as of."""
    on = f"&on={day}" if day else ""
    return {
        "day": str(day or ""),
        "newer_url": f"?{query(InvoiceFilter(before=UUID(page.newer)))}{on}" if page.newer else "",
        "older_url": f"?{query(InvoiceFilter(after=UUID(page.older)))}{on}" if page.older else "",
    }


def _beside(request: CustomerRequest, group: InvoiceGroup, day: date) -> dict[str, Any]:
    """What decides on the group, and what came of it."""
    visible = visible_to(request.actor)
    rule, may_administer = rule_in_force(group, day), access.has(request.actor, "administer")
    changes = tell(group.pk, moved(request.actor, [group.pk], day)[group.pk])
    return {
        "rule": in_words(rule_of(rule)) if rule else (),
        "people": approver_choices(request.actor) if rule and rule.nodes and may_administer else (),
        "rights": access.RIGHTS,
        "paid_with": paid_with(request.actor, group),
        "versions": versions_for(group, day),
        "entered": [change for change in changes if change.entered],
        "left": [change for change in changes if not change.entered],
        "pins": by_hand(group, visible, is_excluded=False),
        "exclusions": by_hand(group, visible, is_excluded=True),
    }
