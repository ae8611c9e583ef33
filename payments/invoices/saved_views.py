"""The saved views of the grid: the switcher in its head, and what is done with a view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.commands import Done
from payments.domain.refusals import NotFound, Refused
from payments.invoices.filters import first_page, read_filter
from payments.invoices.selection import read_code
from payments.models import DefaultView, SavedView
from portal.actor import Actor
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

# What is called by this address, the reader's own first, and what the reader's list opens with.
_HERE: Final = """
    SELECT view.name, view.query, preferred.id IS NOT NULL AND preferred.user_id = %s FROM payments_savedview view
    LEFT JOIN payments_defaultview preferred ON preferred.view_id = view.id
    WHERE view.query = %s OR preferred.user_id = %s ORDER BY view.user_id <> %s, view.name
"""


@dataclass(frozen=True)
class ViewLine:
    """A view to choose; `owner` is whose it is, where it is not the reader's own."""

    code: str
    name: str
    url: str
    owner: str
    is_shared: bool
    is_default: bool
    is_here: bool


@dataclass(frozen=True)
class Here:
    """What a list is called, and the query string that the reader's list opens with."""

    name: str
    default: str


def here(actor: Actor, query: str) -> Here:
    """Call inside `acting(actor)`; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE, [actor.user_id, query, actor.user_id, actor.user_id])
        found = cursor.fetchall()
    names = [name for name, kept, _ in found if kept == query]
    defaults = [kept for _, kept, is_default in found if is_default]
    return Here(names[0] if names else "", defaults[0] if defaults else "")


@customer_page("see", "GET", "HEAD", "POST")
def invoice_views(request: CustomerRequest) -> HttpResponse:
    """The switcher; a POST keeps the list under a name."""
    if request.method == "POST":
        posted = request.POST
        return _do(
            request,
            lambda **command: operations.save_view(
                request.actor,
                name=posted.get("name", ""),
                query=_view(posted),
                is_shared="is_shared" in posted,
                **command,
            ),
        )
    view = first_page(read_filter(request.GET))
    context = {"views": list_views_for(request.actor, view), "back": view, "key": uuid4()}
    part = "#panel" if "HX-Request" in request.headers else ""
    return render(request, f"payments/invoice_views.html{part}", context)


@customer_page("see", "POST")
def invoice_view(request: CustomerRequest, code: UUID) -> HttpResponse:
    """`do` says what is done with the view."""
    posted, actor = request.POST, request.actor
    acts: dict[str, Callable[..., Done]] = {
        "open_with": lambda **command: operations.set_default_view(actor, view=code, **command),
        "open_plain": lambda **command: operations.set_default_view(actor, view=None, **command),
        "save_over": lambda **command: operations.overwrite_view(actor, view=code, query=_view(posted), **command),
        "rename": lambda **command: operations.rename_view(
            actor, view=code, name=posted.get("name", ""), is_shared="is_shared" in posted, **command
        ),
        "delete": lambda **command: operations.delete_view(actor, view=code, **command),
    }
    if posted.get("do", "") not in acts:
        raise Http404
    return _do(request, acts[posted["do"]])


def list_views_for(actor: Actor, query: str) -> list[ViewLine]:
    """The reader's own views by name, then those that others share."""
    preferred = set(DefaultView.objects.filter(user_id=actor.user_id).values_list("view_id", flat=True))
    found = SavedView.objects.filter(customer_id=actor.customer_id).select_related("user").order_by("name", "pk")
    lines = [
        ViewLine(
            code=str(view.code),
            name=view.name,
            url=f"{reverse('invoices')}?{view.query}",
            owner="" if view.user_id == actor.user_id else view.user.name,
            is_shared=view.is_shared,
            is_default=view.pk in preferred,
            is_here=view.query == query,
        )
        for view in found
    ]
    return sorted(lines, key=lambda line: bool(line.owner))


def _do(request: CustomerRequest, act: Callable[..., Done]) -> HttpResponse:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    try:
        messages.success(request, act(key=key, now=timezone.now()).message)
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(f"{reverse('invoices')}?{_view(request.POST)}")


def _view(posted: QueryDict) -> str:
    """The list that the form was opened over, as its canonical query string."""
    return first_page(read_filter(QueryDict(posted.get("back", ""))))
