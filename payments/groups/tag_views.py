"""All tags, and one: rename it, merge it, remove it."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from payments import operations
from payments.commands import Done
from payments.groups.acts import attempt
from payments.groups.tag_queries import get_tag_for, list_tags_for, of_tag
from payments.invoices.selection import read_code
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest


@customer_page("see")
def tags(request: CustomerRequest) -> HttpResponse:
    return render(request, "payments/tag_list.html", {"tags": list_tags_for(request.actor)})


@customer_page("see")
def tag(request: CustomerRequest, code: UUID) -> HttpResponse:
    found = get_tag_for(request.actor, code)
    if found is None:
        raise Http404
    context = {
        "tag": found,
        "nodes": of_tag(request.actor, code),
        "others": [row for row in list_tags_for(request.actor) if row.code != found.code],
        "may_change": access.scope(request.actor, "tag").everything,
        "key": uuid4(),
    }
    return render(request, "payments/tag_detail.html", context)


@customer_page("tag", "POST")
def tag_changes(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Rename, merge or remove."""
    done = _change(request, code)
    if done is None:
        return redirect("tag", code=code)
    return redirect("tags") if done.verb == "tag removed" else redirect("tag", code=done.code)


def _change(request: CustomerRequest, code: UUID) -> Done | None:
    wanted = request.POST.get("do", "")
    if wanted == "remove":
        return attempt(request, operations.remove_tag, tag=code)
    if wanted == "merge":
        into = read_code(request.POST.get("into", ""))
        if into is None:
            raise Http404
        return attempt(request, operations.merge_tags, tag=code, into=into)
    return attempt(request, operations.rename_tag, tag=code, name=request.POST.get("name", ""))
