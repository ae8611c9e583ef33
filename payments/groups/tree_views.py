"""The tree of accounts with the tags on its nodes, and the page where tags are put on one node."""

from __future__ import annotations

from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from billing_sources.account_tree.views import tree_page
from payments import operations
from payments.groups.acts import attempt
from payments.groups.tag_queries import from_above, on_node, tags_by_node
from payments.invoices.selection import read_code
from payments.models import Tag
from portal.customers import access
from portal.customers.models import Account
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


class DayForm(forms.Form):
    """From which day on; empty: always, where a tag is put on."""

    on = forms.DateField(required=False)


@customer_page("see")
def accounts(request: CustomerRequest) -> HttpResponse:
    return tree_page(request, lambda day: tags_by_node(request.actor, day))


@customer_page("see")
def node_tags(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The tags of a node: its own, with their history, and those from above."""
    account, today = _node(request, code), timezone.localdate()
    living = Tag.objects.filter(customer_id=request.actor.customer_id, removed_at=None)
    context = {
        "code": str(code),
        "name": account.name,
        "own": on_node(account),
        "inherited": from_above(account, today),
        "tags": list(living.order_by("name").values_list("name", flat=True)),
        "today": today.isoformat(),
        "may_tag": account.pk in access.scope(request.actor, "tag"),
        "key": uuid4(),
    }
    return render(request, "payments/node_tags.html", context)


@customer_page("tag", "POST")
def node_tag_changes(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Put a tag on the node, or take one off, from a day on."""
    form = DayForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give a day as 2026-12-31.")
    elif request.POST.get("do") == "take_off":
        tag = read_code(request.POST.get("tag", ""))
        if tag is None:
            raise Http404
        day = form.cleaned_data["on"] or timezone.localdate()
        attempt(request, operations.untag_node, node=code, tag=tag, until_on=day)
    else:
        day = form.cleaned_data["on"]
        attempt(request, operations.tag_node, node=code, tag=request.POST.get("tag", ""), from_on=day)
    return redirect("node_tags", code=code)


def _node(request: CustomerRequest, code: UUID) -> Account:
    found = Account.objects.filter(customer_id=request.actor.customer_id, code=code).first()
    if found is None or found.pk not in access.scope(request.actor, "see"):
        raise Http404
    return found
