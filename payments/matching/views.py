"""The pages of paste and match: paste, say what the columns are, answer what is open, and do something with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.commands import Done
from payments.domain.pasting.amounts import Way
from payments.domain.pasting.columns import Kind
from payments.domain.refusals import Conflict, NotFound, Refused, Rule, refuse
from payments.invoices.filters import InvoiceFilter, query
from payments.invoices.selection import read_code
from payments.matching import acts
from payments.matching.acts import Asked
from payments.matching.edits import decided
from payments.matching.page import SHOWN, context_of
from payments.matching.queries import get_paste_for, matched, pastes_of
from payments.models import Paste, PayRun
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

KINDS: Final = frozenset(Kind)


@customer_page("see", "GET", "HEAD", "POST")
def pastes(request: CustomerRequest) -> HttpResponse:
    """The field to paste into, over what was pasted before. A POST keeps the text and goes on to what it is."""
    if request.method != "POST":
        return _paste_page(request, request.GET.get("run", ""), "")
    run = read_code(request.POST.get("run", ""))
    text = request.POST.get("text", "")
    try:
        done = operations.keep_paste(request.actor, text=text, run=run, key=_key(request), now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _paste_page(request, request.POST.get("run", ""), text, _status(refused))
    return redirect("paste", code=done.code)


@customer_page("see")
def paste(request: CustomerRequest, code: UUID) -> HttpResponse:
    return _page(request, _paste(request, code))


@customer_page("see", "POST")
def paste_columns(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Which column is what, and how amounts are written."""
    held = _paste(request, code)
    posted = [request.POST.get(f"kind-{at}", Kind.IGNORE) for at in range(len(held.layout["kinds"]))]
    kinds = [Kind(kind) if kind in KINDS else Kind.IGNORE for kind in posted]
    way = request.POST.get("way", "")
    wanted: dict[str, Any] = {
        "kinds": kinds,
        "has_header": request.POST.get("has_header") == "yes",
        "way": Way(way) if way in list(Way) else None,
    }
    return _change(request, held, lambda command: operations.read_columns(request.actor, **wanted, **command))


@customer_page("see", "POST")
def paste_rows(request: CustomerRequest, code: UUID) -> HttpResponse:
    """What was typed, chosen and checked in the rows."""
    held = _paste(request, code)
    decisions = decided(matched(request.actor, held), request.POST, _show(request))
    return _change(request, held, lambda command: operations.decide_rows(request.actor, decisions=decisions, **command))


@customer_page("see", "POST")
def paste_selection(request: CustomerRequest, code: UUID) -> HttpResponse:
    """On to the list of invoices, with those of the paste; or to what is done with a selection there."""
    done = _act(request, code, lambda asked: acts.list_found(request.actor, asked))
    if isinstance(done, HttpResponse):
        return done
    view = query(InvoiceFilter(paste=code, state="all"))
    if request.POST.get("do") in ("tag", "group"):
        onward = redirect("invoice_selection")
        onward.status_code = 307  # the browser sends the same form on
        return onward
    return redirect(f"{reverse('invoices')}?{view}")


@customer_page("prepare", "POST")
def paste_amounts(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The pasted amounts become what is to be paid."""
    done = _act(request, code, lambda asked: acts.set_amounts(request.actor, asked))
    if isinstance(done, HttpResponse):
        return done
    messages.success(request, done.message)
    return redirect("paste", code=code)


@customer_page("prepare", "POST")
def paste_pay_runs(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Into a draft or a new run, with the pasted amounts."""
    run, title = read_code(request.POST.get("run", "")), request.POST.get("title", "")
    done = _act(request, code, lambda asked: acts.add_to_run(request.actor, asked, run=run, title=title))
    if isinstance(done, HttpResponse):
        return done
    messages.success(request, done.message)
    return redirect("pay_run", code=done.code)


def _act(request: CustomerRequest, code: UUID, act: Callable[[Asked], Done]) -> Done | HttpResponse:
    """What came of it, or the page again with why nothing did."""
    held = _paste(request, code)
    try:
        return act(Asked(code, request.POST.get("seen", ""), _key(request), timezone.now()))
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _page(request, held, _status(refused))


def _change(request: CustomerRequest, held: Paste, operation: Callable[[dict[str, Any]], Done]) -> HttpResponse:
    try:
        command = {"paste": held.code, "seen": acts.version_of(request.POST.get("seen", "")), "key": _key(request)}
        done = operation({**command, "now": timezone.now()})
        messages.success(request, done.message)
    except Refused as refused:
        messages.error(request, str(refused))
        return _page(request, _paste(request, held.code), _status(refused))
    view = request.GET.urlencode()
    return redirect(f"{reverse('paste', args=[held.code])}{'?' if view else ''}{view}")


def _page(request: CustomerRequest, held: Paste, status: int = 200) -> HttpResponse:
    text = request.GET.get("first", "")
    first = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    context = context_of(matched(request.actor, held), _show(request), max(1, first))
    rights = access.rights_of(request.actor)
    drafts = PayRun.objects.filter(customer_id=request.actor.customer_id, state=PayRun.State.DRAFT).order_by("-number")
    context |= {
        "may_tag": "tag" in rights,
        "may_prepare": "prepare" in rights,
        "may_change": not request.actor.is_support,
        "drafts": list(drafts.values_list("code", "number", "title")[:50]) if "prepare" in rights else [],
        "new_title": f"Pay run of {timezone.localdate()}",
        "selection": query(InvoiceFilter(paste=held.code, state="all")),
    }
    return render(request, "payments/paste_detail.html", context, status=status)


def _paste_page(request: CustomerRequest, run: str, text: str, status: int = 200) -> HttpResponse:
    code = read_code(run)
    found = PayRun.objects.filter(customer_id=request.actor.customer_id, code=code).first() if code else None
    context = {"key": uuid4(), "run": found, "text": text, "pastes": pastes_of(request.actor)}
    return render(request, "payments/paste_list.html", context, status=status)


def _paste(request: CustomerRequest, code: UUID) -> Paste:
    found = get_paste_for(request.actor, code)
    if found is None:
        raise Http404
    return found


def _show(request: CustomerRequest) -> str:
    shown = request.GET.get("show", "")
    return shown if shown in SHOWN else ""


def _key(request: CustomerRequest) -> UUID:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise refuse(Rule.COMMAND_REUSED, "This form carries no key; reload the page.")
    return key


def _status(refused: Refused) -> int:
    return 409 if isinstance(refused, Conflict) else 422
