"""The vocabulary board: what terms mean, trying a change on past files, and taking it into use."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from billing_sources import tasks
from billing_sources.models import BillingSystem, Rehearsal
from billing_sources.operations import NotDone
from billing_sources.rehearsal import ask_rehearsal
from billing_sources.staff.forms import posted_reason
from billing_sources.staff.rehearsal_queries import get_rehearsal
from billing_sources.staff.term_queries import list_terms, list_versions
from billing_sources.vocabularies import CATEGORIES, take_into_use
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest


@carrier_page("engineer")
def terms(request: CarrierRequest) -> HttpResponse:
    return _board(request)


@carrier_page("engineer", methods=("POST",))
def term_rehearsal(request: CarrierRequest) -> HttpResponse:
    """Try the changes of the form on the newest files of their system."""
    try:
        system, changes = _posted_changes(request.POST)
        files = int(request.POST.get("files", "") or 0)
        asked = ask_rehearsal(actor=request.carrier, system=system, changes=changes, files=files, now=timezone.now())
    except (NotDone, ValueError) as refusal:
        messages.error(request, str(refusal) if isinstance(refusal, NotDone) else "Say on how many files to try it.")
        return _board(request, status=422)
    tasks.wake(tasks.rehearse, asked.pk)
    return redirect("rehearsal", asked.code)


@carrier_page("engineer")
def rehearsal(request: CarrierRequest, code: UUID) -> HttpResponse:
    """How far it is; then what would change. Its bar asks again every second."""
    found = get_rehearsal(code)
    if found is None:
        raise Http404
    if "HX-Request" not in request.headers:
        return render(request, "billing_sources/rehearsal.html", {"rehearsal": found})
    if found.progress.is_finished:
        return HttpResponseClientRefresh()
    return render(request, "components/progress.html", {"progress": found.progress})


@carrier_page("engineer", methods=("POST",))
def vocabulary(request: CarrierRequest, code: UUID) -> HttpResponse:
    """Take what was rehearsed into use."""
    found = Rehearsal.objects.filter(code=code).first()
    if found is None:
        raise Http404
    try:
        made = take_into_use(
            actor=request.carrier, rehearsal=found, reason=posted_reason(request.POST), now=timezone.now()
        )
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return render(request, "billing_sources/rehearsal.html", {"rehearsal": get_rehearsal(code)}, status=422)
    messages.success(request, f"Version {made.version} is in use: files that come from now on are read with it.")
    return redirect("terms")


def _board(request: CarrierRequest, status: int = 200) -> HttpResponse:
    system, text = request.GET.get("system", ""), request.GET.get("q", "").strip()
    unknown_only = request.GET.get("show") == "unknown"
    context = {
        "terms": list_terms(system, text, unknown_only),
        "versions": list_versions(),
        "categories": CATEGORIES,
        "systems": BillingSystem.objects.order_by("name").values("key", "name"),
        "system": system,
        "text": text,
        "unknown_only": unknown_only,
    }
    return render(request, "billing_sources/term_list.html", context, status=status)


def _posted_changes(data: QueryDict) -> tuple[BillingSystem, dict[str, str]]:
    """Each `term` comes with the `was` and the `is` of its row, in one order. Raises `NotDone`.

    Without a change the files of the chosen system are read again by the mapping as it is today: what would a change
    of its code move?
    """
    rows = zip(data.getlist("term"), data.getlist("was"), data.getlist("is"), strict=False)
    changes = {key: new for key, old, new in rows if new and new != old}
    systems = {key.partition(":")[0] for key in changes} or {data.get("system", "")}
    if len(systems) != 1:
        raise NotDone("Change the terms of one system at a time: each has its own vocabulary.")
    system = BillingSystem.objects.filter(key=systems.pop()).first()
    if system is None:
        raise NotDone("Choose what a term means first, or the system whose files are to be read again as they are.")
    return system, {key.partition(":")[2]: category for key, category in changes.items()}
