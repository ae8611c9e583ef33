"""Change many invoices at once: say what, see what would happen, do it, undo it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.models import Invoice
from payments import operations
from payments.changes.queries import changes_for, get_change_for
from payments.changes.rows import foreseen
from payments.domain.bulk_change import AMOUNTS, BulkChange, in_words, mark_of
from payments.domain.reasons import SHORT_PAY_REASONS
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.filters import query, read_amount, read_filter
from payments.invoices.queries import on_nodes, tag_names
from payments.invoices.selection import read_code, read_selection, selected
from payments.operations.change_invoices import MOST, foresee
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

LEAVE = "leave"


@customer_page("see", "GET", "HEAD", "POST")
def invoice_changes(request: CustomerRequest) -> HttpResponse:
    """What was changed so far; a POST of a selection asks what to change, foresees it, and does it."""
    if request.method != "POST":
        return render(request, "payments/change_list.html", {"changes": changes_for(request.actor)})
    if not access.rights_of(request.actor) & {"tag", "prepare"}:
        raise Http404
    step = {"preview": _preview, "do": _do}.get(request.POST.get("act", ""), _ask)
    try:
        return step(request)
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        status = 409 if isinstance(refused, Conflict) else 422
        return _preview(request, status) if step is _do else _ask(request, status)


@customer_page("see")
def invoice_change(request: CustomerRequest, code: UUID) -> HttpResponse:
    found = get_change_for(request.actor, code)
    if found is None:
        raise Http404
    rights = access.rights_of(request.actor)
    context = {"change": found[0], "rows": found[1], "key": uuid4(), "may_undo": bool(rights & {"tag", "prepare"})}
    return render(request, "payments/change_detail.html", context)


@customer_page("see", "POST")
def invoice_change_undo(request: CustomerRequest, code: UUID) -> HttpResponse:
    key = read_code(request.POST.get("key", ""))
    if key is None or get_change_for(request.actor, code) is None:
        raise Http404
    try:
        done = operations.undo_change(request.actor, change=code, key=key, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("invoice_change", code)
    messages.success(request, done.message)
    return redirect("invoice_change", UUID(done.code))


def _ask(request: CustomerRequest, status: int = 200) -> HttpResponse:
    codes = _codes(request)
    if not codes or len(codes) > MOST:
        messages.warning(request, f"Select 1 to {MOST:,} invoices that you may change.")
        return redirect(_back(request))
    rights = access.rights_of(request.actor)
    context = {
        **_carried(request, codes),
        "may_tag": "tag" in rights,
        "may_prepare": "prepare" in rights,
        "amounts": AMOUNTS.items(),
        "reasons": SHORT_PAY_REASONS,
        "names": tag_names(),
        "posted": request.POST,
    }
    return render(request, "payments/change_form.html", context, status=status)


def _preview(request: CustomerRequest, status: int = 200) -> HttpResponse:
    change, codes = read_change(request.POST), _codes(request)
    outcome = foresee(request.actor, codes, change)
    context = {
        **_carried(request, codes),
        "key": uuid4(),
        "mark": mark_of(outcome),
        "words": in_words(change),
        "foreseen": foreseen(outcome),
        "asked": {name: request.POST.get(name, "") for name in _FIELDS},
    }
    return render(request, "payments/change_preview.html", context, status=status)


def _do(request: CustomerRequest) -> HttpResponse:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise Http404
    done = operations.change_invoices(
        request.actor,
        invoices=_codes(request),
        change=read_change(request.POST),
        seen=request.POST.get("mark", ""),
        key=key,
        now=timezone.now(),
    )
    messages.success(request, done.message)
    return redirect("invoice_change", UUID(done.code))


_FIELDS = ("add_tag", "remove_tag", "amount", "percent", "reason", "note")


def read_change(posted: QueryDict) -> BulkChange:
    """What is asked for; the operation judges it."""
    said = {name: " ".join(posted.get(name, "").split()) for name in _FIELDS}
    reason = said["reason"] or LEAVE
    return BulkChange(
        add_tag=said["add_tag"],
        remove_tag=said["remove_tag"],
        amount=said["amount"],
        percent=read_amount(said["percent"].removesuffix("%")) if said["amount"] == "percent" else None,
        reason=None if reason == LEAVE else "" if reason == "none" else reason,
        note=said["note"],
    )


def _codes(request: CustomerRequest) -> list[UUID]:
    """What of the selection this person may change, in the order of ids."""
    actor = request.actor
    change = read_change(request.POST)
    rights = [
        right for right, is_asked in (("tag", change.is_about_tags), ("prepare", change.is_about_paying)) if is_asked
    ]
    found = Invoice.objects.filter(selected(actor, read_selection(request), timezone.localdate()))
    for right in rights:
        found = found.filter(on_nodes(access.scope(actor, right)))
    return list(found.order_by("pk").values_list("code", flat=True)[: MOST + 1])


def _carried(request: CustomerRequest, codes: list[UUID]) -> dict[str, Any]:
    """The selection as the next form sends it on: the rows by name, or the filter with how many it holds."""
    chosen = read_selection(request)
    return {
        "codes": sorted(map(str, chosen.codes)),
        "whole_filter": chosen.whole_filter,
        "count": f"{len(codes):,}",
        "seen": len(codes),
        "back": request.POST.get("back", ""),
        "back_url": _back(request),
    }


def _back(request: CustomerRequest) -> str:
    """The list as it was left."""
    view = query(read_filter(QueryDict(request.POST.get("back", ""))))
    return f"{reverse('invoices')}?{view}" if view else reverse("invoices")
