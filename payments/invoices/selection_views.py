"""What is done with the invoices selected in the list: tagged, grouped, put into a pay run.

The list posts its selection to a form that says what it comes to; the form posts it on, with a command key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.models import Invoice
from payments import operations
from payments.commands import Done
from payments.domain.refusals import Conflict, NotFound, Refused
from payments.invoices.filters import query, read_filter
from payments.invoices.listing import totals_of
from payments.invoices.queries import on_nodes
from payments.invoices.rows import sums
from payments.invoices.selection import Selection, read_code, read_selection, selected
from payments.models import InvoiceGroup, PayRun, Tag
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

FORMS: Final = {
    "tag": ("tag", "payments/tag_form.html"),
    "group": ("tag", "payments/group_form.html"),
    "pay": ("prepare", "payments/pay_form.html"),
}


@customer_page("see", "POST")
def selection(request: CustomerRequest) -> HttpResponse:
    """The form of what is to be done; nothing is changed yet."""
    wanted = request.POST.get("do", "")
    if wanted not in FORMS:
        return redirect(_back(request))
    right, template = FORMS[wanted]
    if not access.has(request.actor, right):
        raise Http404
    return _form(request, template, right)


@customer_page("tag", "POST")
def tags(request: CustomerRequest) -> HttpResponse:
    tag = request.POST.get("tag", "")
    act = operations.untag_invoices if request.POST.get("act") == "take_off" else operations.tag_invoices
    return _do(request, "tag", lambda codes, **command: act(request.actor, invoices=codes, tag=tag, **command))


@customer_page("tag", "POST")
def groups(request: CustomerRequest) -> HttpResponse:
    group = request.POST.get("group", "")
    return _do(
        request,
        "group",
        lambda codes, **command: operations.group_invoices(request.actor, invoices=codes, group=group, **command),
    )


@customer_page("prepare", "POST")
def pay_runs(request: CustomerRequest) -> HttpResponse:
    """Into a draft, or into a new run."""
    run = read_code(request.POST.get("run", ""))
    title = request.POST.get("title", "")

    def act(codes: list[UUID], **command: Any) -> Done:
        if run:
            return operations.choose_invoices(request.actor, run=run, invoices=codes, **command)
        return operations.open_run(request.actor, title=title, invoices=codes, **command)

    return _do(request, "pay", act)


def _do(request: CustomerRequest, wanted: str, act: Callable[..., Done]) -> HttpResponse:
    """Perform it on what is selected, and say what came of it; a refusal shows the form again."""
    right, template = FORMS[wanted]
    key = read_code(request.POST.get("key", ""))
    chosen = read_selection(request)
    found = Invoice.objects.filter(_touchable(request, chosen, right))
    if key is None or not _holds_what_was_seen(chosen, found):
        messages.warning(request, "The list has changed since; look at it again. Nothing was done.")
        return redirect(_back(request))
    try:
        done = act(sorted(found.values_list("code", flat=True)), key=key, now=timezone.now())
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _form(request, template, right, status=409 if isinstance(refused, Conflict) else 422)
    messages.success(request, done.message)
    return redirect(reverse("pay_run", args=[done.code]) if wanted == "pay" else _back(request))


def _form(request: CustomerRequest, template: str, right: str, status: int = 200) -> HttpResponse:
    chosen, today = read_selection(request), timezone.localdate()
    everything = totals_of(selected(request.actor, chosen, today))
    totals = totals_of(_touchable(request, chosen, right))
    count, of_all = (sum(total.count for total in found) for found in (totals, everything))
    if not count:
        why = (
            "Select invoices first."
            if not of_all
            else "Nothing can be done with these: see their state and your rights."
        )
        messages.warning(request, why)
        return redirect(_back(request))
    context = {
        "key": uuid4(),
        "codes": sorted(map(str, chosen.codes)),
        "whole_filter": chosen.whole_filter,
        "seen": count,
        "count": f"{count:,}",
        "left_out": f"{of_all - count:,}" if of_all > count else "",
        "sums": sums(totals),
        "back": request.POST.get("back", ""),
        "back_url": _back(request),
        "posted": request.POST,
        **_offers(request, right),
    }
    return render(request, template, context, status=status)


def _touchable(request: CustomerRequest, chosen: Selection, right: str) -> Q:
    """What of the selection this person may do it with; only what has something open can be paid."""
    found = selected(request.actor, chosen, timezone.localdate()) & on_nodes(access.scope(request.actor, right))
    return found & ~Q(open=0) if right == "prepare" else found


def _holds_what_was_seen(chosen: Selection, found: QuerySet[Invoice]) -> bool:
    """A whole filter is counted once for the form; bills that came in since must not slip in unseen."""
    return chosen.whole_filter is None or str(found.count()) == chosen.seen


def _offers(request: CustomerRequest, right: str) -> dict[str, Any]:
    if right == "prepare":
        drafts = PayRun.objects.filter(customer_id=request.actor.customer_id, state=PayRun.State.DRAFT)
        newest = list(drafts.order_by("-number").values_list("code", "number", "title")[:50])
        return {"drafts": newest, "new_title": f"Pay run of {timezone.localdate()}"}
    return {
        "tags": list(Tag.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True)),
        "groups": list(InvoiceGroup.objects.order_by("name").values_list("name", flat=True)),
    }


def _back(request: CustomerRequest) -> str:
    """The list as it was left."""
    view = query(read_filter(QueryDict(request.POST.get("back", ""))))
    return f"{reverse('invoices')}?{view}" if view else reverse("invoices")
