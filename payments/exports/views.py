"""Ask for a list as a file, see how far it is, fetch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.tasks import wake
from payments import tasks
from payments.exports.writing import KEPT
from payments.invoices.filters import query, read_filter
from payments.invoices.listing import totals_of
from payments.invoices.queries import matching, visible_to
from payments.models import Export
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_LISTED = 50
MOST_AT_ONCE = 2_000  # invoices: a list of so many is there before anybody could look at a progress


@dataclass(frozen=True)
class Progress:
    """components/progress.html."""

    id: str
    label: str
    done: int
    total: int
    note: str
    url: str
    is_finished: bool
    is_failed: bool


@customer_page("see", "GET", "HEAD", "POST")
def exports(request: CustomerRequest) -> HttpResponse:
    """One's own exports; a POST asks for another one."""
    if request.method == "POST":
        return _ask(request)
    own = Export.objects.filter(by_id=request.actor.user_id).order_by("-pk")[:MOST_LISTED]
    return render(request, "payments/export_list.html", {"exports": [_shown(each) for each in own]})


@customer_page("see")
def export(request: CustomerRequest, code: UUID) -> HttpResponse:
    """How far it is; asks again by itself, by htmx, or without script by the browser."""
    found = _own(request, code)
    shown = _shown(found)
    if "HX-Request" in request.headers and not shown["progress"].is_finished:
        return render(request, "components/progress.html", shown)
    response = render(request, "payments/export_detail.html", {"export": shown, "progress": shown["progress"]})
    if "HX-Request" in request.headers:
        response.headers["HX-Refresh"] = "true"
    return response


@customer_page("see")
def export_file(request: CustomerRequest, code: UUID) -> HttpResponse:
    found = _own(request, code)
    if found.state != Export.State.READY or not default_storage.exists(found.file):
        raise Http404
    name = f"invoices-{timezone.localtime(found.asked_at):%Y-%m-%d-%H%M}.{found.kind}"
    response = FileResponse(
        default_storage.open(found.file), as_attachment=True, filename=name, content_type=KINDS[found.kind]
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, response)  # the stubs know a streamed answer under another class


def _ask(request: CustomerRequest) -> HttpResponse:
    kind, actor = request.POST.get("kind", ""), request.actor
    if kind not in KINDS:
        raise Http404
    chosen = read_filter(QueryDict(request.POST.get("view", "")))
    totals = totals_of(visible_to(actor) & matching(chosen, timezone.localdate()))
    view, total = query(chosen, after=None, before=None, first=1), sum(each.count for each in totals)
    if total <= MOST_AT_ONCE:
        return redirect(f"{reverse(f'invoices_{kind}')}?{view}")
    asked = Export.objects.create(
        customer_id=actor.customer_id, by_id=actor.user_id, view=view, kind=kind, asked_at=timezone.now(), total=total
    )
    wake(tasks.write_export, asked.pk)
    return redirect("export", asked.code)


def _own(request: CustomerRequest, code: UUID) -> Export:
    found = Export.objects.filter(code=code, by_id=request.actor.user_id).first()
    if found is None:
        raise Http404
    return found


def _shown(each: Export) -> dict[str, Any]:
    is_finished = each.state != Export.State.ASKED
    words, tone = {
        "asked": ("Being written", "info"),
        "ready": ("Ready", "good"),
        "failed": ("Failed", "bad"),
        "gone": ("Removed", "off"),
    }[each.state]
    return {
        "code": each.code,
        "kind": "Excel" if each.kind == "xlsx" else "CSV",
        "total": f"{each.total:,}",
        "asked_at": timezone.localtime(each.asked_at).strftime("%Y-%m-%d %H:%M"),
        "state": words,
        "tone": tone,
        "size": f"{each.size / 1024:,.0f} KiB" if each.size else "",
        "is_ready": each.state == Export.State.READY,
        "until": (timezone.localtime(each.ready_at) + KEPT).strftime("%Y-%m-%d") if each.ready_at else "",
        "view_url": f"{reverse('invoices')}?{each.view}" if each.view else reverse("invoices"),
        "progress": Progress(
            id=f"e{each.pk}",
            label=words,
            done=each.done,
            total=each.total,
            note=f"{each.done:,} of {each.total:,} invoices",
            url=reverse("export", args=[each.code]),
            is_finished=is_finished,
            is_failed=each.state == Export.State.FAILED,
        ),
    }
