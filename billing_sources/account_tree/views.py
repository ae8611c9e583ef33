"""The account tree of a customer, and the page where its administrator arranges one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.account_tree.queries import MOST_ROWS, account_tree, get_node, history, places_for
from portal.customers import access
from portal.customers.arranging import make_group, move_account, rename_account
from portal.customers.models import Account
from portal.customers.operations import NotDone
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


class DayForm(forms.Form):
    """Which tree, and whose money: the tree as of a day (the last one of the month, unless said), a month's bills."""

    month = forms.DateField(required=False, input_formats=["%Y-%m"])
    on = forms.DateField(required=False)


class ArrangeForm(forms.Form):
    """One act on a node. What each of them needs is the operation's to say."""

    do = forms.ChoiceField(choices=[("move", "Move"), ("rename", "Rename"), ("group", "Make a node")])
    parent = forms.UUIDField(required=False)
    name = forms.CharField(required=False, max_length=120)
    level = forms.CharField(required=False, max_length=40)
    effective_on = forms.DateField(required=False)


def tree_page(request: CustomerRequest, tags_on: Callable[[date], Mapping[str, tuple[str, ...]]]) -> HttpResponse:
    """The tree; `tags_on` a day gives the tags of its nodes by their codes (payments.groups.tree_views)."""
    month, day, is_asked = _chosen(request)
    rows, tags = account_tree(request.actor, day, month), tags_on(day)
    rows = [replace(row, tags=tags.get(row.code, ())) for row in rows]
    context = {
        "rows": rows[:MOST_ROWS],
        "left_out": max(0, len(rows) - MOST_ROWS),
        "month": f"{month:%Y-%m}",
        "month_words": f"{month:%B %Y}",
        "day": f"{day:%Y-%m-%d}",
        "asked_day": f"{day:%Y-%m-%d}" if is_asked else "",
        "may_tag": access.has(request.actor, "tag"),
        "may_arrange": access.has(request.actor, "administer"),
    }
    return render(request, "billing_sources/account_tree.html", context)


@customer_page("administer", "GET", "HEAD", "POST")
def tree_node(request: CustomerRequest, code: UUID) -> HttpResponse:
    node = get_node(request.actor, code)
    if node is None:
        raise Http404
    if request.method != "POST":
        return _node_page(request, node)
    form = ArrangeForm(request.POST)
    try:
        if not form.is_valid():
            raise NotDone("Give a day as 2026-12-31, and choose what to do.")
        said = _arrange(request, node, form.cleaned_data)
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _node_page(request, node, status=422)
    messages.success(request, said)
    return redirect("tree_node", code)


def _chosen(request: CustomerRequest) -> tuple[date, date, bool]:
    """The first of the month, the day of the tree, and whether that was asked for.

    Else it is the last day of the month, or today; what cannot be read is this month.
    """
    form = DayForm(request.GET)
    form.is_valid()
    today = timezone.localdate()
    month = (form.cleaned_data.get("month") or today).replace(day=1)
    if month.year >= date.max.year:
        month = today.replace(day=1)
    end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    asked = form.cleaned_data.get("on")
    return month, asked or (today if month <= today <= end else end), bool(asked)


def _arrange(request: CustomerRequest, node: Account, fields: dict[str, Any]) -> str:
    """Do it; what was done, in words."""
    now, actor = timezone.now(), request.actor
    day = fields["effective_on"] or timezone.localdate()
    if fields["do"] == "group":
        made = make_group(actor=actor, parent_code=node.code, name=fields["name"], level=fields["level"], now=now)
        return f"{made.name} stands below {node.name}. Move accounts below it, from the day you choose."
    if fields["do"] == "rename":
        rename_account(actor=actor, code=node.code, name=fields["name"], effective_on=day, now=now)
        return f"It is called {fields['name']} from {day} on."
    if fields["parent"] is None:
        raise NotDone("Choose the node that it is to stand below.")
    move_account(actor=actor, code=node.code, parent_code=fields["parent"], effective_on=day, now=now)
    return f"{node.name} stands there from {day} on."


def _node_page(request: CustomerRequest, node: Account, status: int = 200) -> HttpResponse:
    context = {
        "code": str(node.code),
        "name": node.name,
        "level": node.level,
        "external_id": node.external_id,
        "above": node.parent.name if node.parent else "",
        "places": places_for(request.actor, node),
        "history": history(node),
        "today": f"{timezone.localdate():%Y-%m-%d}",
    }
    return render(request, "billing_sources/tree_node.html", context, status=status)
