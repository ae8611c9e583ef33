"""The engineer's night: the board of bill cycles, import runs, and the files in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from billing_sources import tasks
from billing_sources.models import BillingSystem, ImportFile, ImportRun
from billing_sources.operations import NotDone, replay_file, start_import
from billing_sources.registry import UnknownSystem, adapter_for
from billing_sources.staff.board import Month, never_heard_of, read_month
from billing_sources.staff.board_cells import NO_CYCLE, board_page
from billing_sources.staff.file_operations import discard_file
from billing_sources.staff.file_queries import get_file
from billing_sources.staff.forms import posted_reason
from billing_sources.staff.run_queries import files_by_id, get_run, list_runs, unended_runs
from billing_sources.staff.term_queries import count_terms
from portal.impersonation.policy import carrier_page
from portal.requests import CarrierRequest


@carrier_page("engineer")
def bill_cycles(request: CarrierRequest) -> HttpResponse:
    """The board of a month; the files of one cell stand below it."""
    now = timezone.now()
    month, cycle = _month(request.GET.get("month", ""), now.date()), request.GET.get("cycle", "")
    wanted = request.GET.get("system", ""), "" if cycle == NO_CYCLE else cycle
    systems = read_month(month)
    systems += never_heard_of({system.key for system in systems})
    board = board_page(systems, month, now, wanted, unended_runs())
    context = {
        "board": board,
        "files": files_by_id(board.chosen.files) if board.chosen else [],
        "unknown_terms": count_terms(),
    }
    return render(request, "billing_sources/cycle_board.html", context)


@carrier_page("engineer", methods=("POST",))
def import_now(request: CarrierRequest, system: str) -> HttpResponse:
    """Start an import out of its night, or show the one that is under way."""
    found = _system(system)
    if under_way := unended_runs().get(found.pk):
        messages.info(request, f"An import of {found.name} is under way already.")
        return redirect(under_way)
    return _begin(start_import(actor=request.carrier, system=found, now=timezone.now()))


@carrier_page("engineer")
def import_runs(request: CarrierRequest) -> HttpResponse:
    system, trouble_only = request.GET.get("system", ""), request.GET.get("state") == "trouble"
    context = {
        "runs": list_runs(timezone.now(), system, trouble_only),
        "systems": BillingSystem.objects.order_by("name").values("key", "name"),
        "system": system,
        "trouble_only": trouble_only,
    }
    return render(request, "billing_sources/run_list.html", context)


@carrier_page("engineer")
def import_run(request: CarrierRequest, code: UUID) -> HttpResponse:
    """A run. Its bar asks again every second: it is answered with what is new, and at the end with the whole page."""
    run = _found(get_run(code, timezone.now()))
    if "HX-Request" not in request.headers:
        return render(request, "billing_sources/run_detail.html", {"run": run})
    if run.progress.is_finished:
        return HttpResponseClientRefresh()
    return render(request, "billing_sources/run_progress.html", {"run": run})


@carrier_page("engineer")
def import_file(request: CarrierRequest, code: UUID) -> HttpResponse:
    return _file_page(request, code)


@carrier_page("engineer", methods=("POST",))
def file_replay(request: CarrierRequest, code: UUID) -> HttpResponse:
    """Read it again from the archive, under a run of its own."""

    def replay(file: ImportFile) -> HttpResponse:
        reason = posted_reason(request.POST)
        return _begin(replay_file(actor=request.carrier, file=file, reason=reason, now=timezone.now()))

    return _decided(request, code, replay)


@carrier_page("engineer", methods=("POST",))
def file_discard(request: CarrierRequest, code: UUID) -> HttpResponse:
    """Leave a file out that was held whole."""

    def discard(file: ImportFile) -> HttpResponse:
        discard_file(actor=request.carrier, file=file, reason=posted_reason(request.POST), now=timezone.now())
        messages.success(request, "The file is left out; its bytes stay in the archive.")
        return redirect("import_file", code)

    return _decided(request, code, discard)


def _decided(request: CarrierRequest, code: UUID, decide: Callable[[ImportFile], HttpResponse]) -> HttpResponse:
    file = _found(ImportFile.objects.filter(code=code).first())
    try:
        return decide(file)
    except NotDone as refusal:
        messages.error(request, str(refusal))
        return _file_page(request, code, status=422)


def _file_page(request: CarrierRequest, code: UUID, status: int = 200) -> HttpResponse:
    return render(request, "billing_sources/file_detail.html", {"file": _found(get_file(code))}, status=status)


def _system(key: str) -> BillingSystem:
    """Any that we can read; its first import makes its row."""
    try:
        name = adapter_for(key).title
    except UnknownSystem:
        raise Http404 from None
    return BillingSystem.objects.get_or_create(key=key, defaults={"name": name})[0]


def _begin(run: ImportRun) -> HttpResponse:
    """A worker hears of the run once it is committed; then everybody sees how far it is."""
    tasks.wake(tasks.import_cycle, run.pk)
    return redirect(reverse("import_run", args=[run.code]))


def _found(thing: Any) -> Any:
    if thing is None:
        raise Http404
    return thing


def _month(text: str, today: date) -> Month:
    """`2026-11`; anything else is the month of today."""
    try:
        chosen = date.fromisoformat(f"{text}-01")
    except ValueError:
        chosen = today
    return Month(chosen.year, chosen.month)
