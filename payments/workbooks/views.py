"""The pages of the Excel round trip: download, send back, see what would change, take it over, get it returned."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing_sources.archive import keep_bytes
from payments import operations
from payments.disputes.evidence import clean_name
from payments.domain.refusals import Conflict, NotFound, Refused, Rule, refuse
from payments.invoices.filters import query, read_filter
from payments.invoices.selection import read_code
from payments.models import PayRun, WorkbookUpload
from payments.operations.workbooks import workbook_of
from payments.runs.commands import key_of, seen_of
from payments.runs.views import run_or_404
from payments.workbooks.applying import apply
from payments.workbooks.choices import taken
from payments.workbooks.judging import Judged, judge, judge_sheets, workbook_in
from payments.workbooks.page import context_of
from payments.workbooks.reading import LARGEST_BYTES, read_workbook, sheets_of
from payments.workbooks.returning import returned_sheet
from payments.workbooks.snapshots import (
    MOST_ROWS,
    Snapshot,
    keep_snapshot,
    open_snapshot,
    run_snapshot,
    tags_snapshot,
)
from payments.workbooks.specs import LINES, TAGS
from payments.workbooks.writing import render as render_workbook
from portal.customers import access
from portal.impersonation.policy import customer_page
from portal.requests import CustomerRequest

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_LISTED: Final = 20


@customer_page("prepare", "POST")
def pay_run_workbook(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Download a pay run."""
    run = run_or_404(request, code)
    snapshot = run_snapshot(run, request.actor.name, timezone.now())
    return _download(request, snapshot, run, reverse("pay_run", args=[code]), f"pay-run-{run.number}.xlsx")


@customer_page("tag", "POST")
def tag_workbook(request: CustomerRequest) -> HttpResponse:
    """Download the tags of a filter's invoices."""
    chosen = read_filter(QueryDict(request.POST.get("filter", "")))
    back = f"{reverse('invoices')}?{query(chosen)}"
    snapshot = tags_snapshot(request.actor, chosen, request.actor.name, timezone.now(), timezone.localdate())
    if len(snapshot.tables[TAGS]) > MOST_ROWS:
        messages.error(request, f"A workbook holds at most {MOST_ROWS:,} invoices: narrow the filter.")
        return redirect(back)
    return _download(request, snapshot, None, back, "tags.xlsx")


@customer_page("see", "GET", "HEAD", "POST")
def workbooks(request: CustomerRequest) -> HttpResponse:
    """Where a workbook is sent back, over what was sent before."""
    if request.method != "POST":
        return _list(request)
    try:
        done = _kept(request)
    except Refused as refused:
        messages.error(request, str(refused))
        return _list(request, _status(refused))
    return redirect("workbook", code=done)


@customer_page("see")
def workbook(request: CustomerRequest, code: UUID) -> HttpResponse:
    return _page(request, _upload(request, code))


@customer_page("see", "POST")
def workbook_application(request: CustomerRequest, code: UUID) -> HttpResponse:
    """Take over what is checked."""
    upload = _upload(request, code)
    if not access.has(request.actor, _right(upload)):
        raise Http404
    run = upload.workbook.run
    was_further = run is not None and run.state != PayRun.State.DRAFT
    try:
        apply(request, upload, lambda judged: taken(judged, request.POST))
    except NotFound as missing:
        raise Http404 from missing
    except Refused as refused:
        messages.error(request, str(refused))
        return _page(request, _upload(request, code), refused)
    upload.refresh_from_db()
    voided = " The pay run is a draft again, and must be approved anew." if was_further else ""
    messages.success(request, f"{upload.applied}.{voided}")
    return redirect("workbook", code=code)


@customer_page("see")
def workbook_returned(request: CustomerRequest, code: UUID) -> HttpResponse:
    """The sheet as it came, with a reason beside every cell that is not taken."""
    upload = _upload(request, code)
    return _file(returned_sheet(_judged(request, upload)), f"returned-{upload.name.removesuffix('.xlsx')}.xlsx")


def _download(request: CustomerRequest, snapshot: Snapshot, run: PayRun | None, back: str, name: str) -> HttpResponse:
    rows = len(snapshot.tables[LINES if run else TAGS])
    try:
        if not rows:
            raise refuse(Rule.EMPTY, "There is no invoice to put into a workbook.")
        done = operations.keep_workbook(
            request.actor,
            run=run.code if run else None,
            rows=rows,
            base_sha256=keep_snapshot(snapshot),
            key=uuid4(),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(back)
    kept = workbook_of(request.actor, UUID(done.code))
    return _file(render_workbook(done.code, open_snapshot(kept.base_sha256)), name)


def _kept(request: CustomerRequest) -> UUID:
    """The upload that the posted file became; judged once before it is kept, so that its page opens."""
    file, key = request.FILES.get("file"), key_of(request)
    if not isinstance(file, UploadedFile) or not file.size or file.size > LARGEST_BYTES:
        raise refuse(Rule.TOO_LARGE, f"Choose a workbook of at most {LARGEST_BYTES >> 20} MB.")
    body = file.read()
    answer = read_workbook(body)
    sheets = sheets_of(answer)
    found = workbook_in(request.actor, sheets)
    wanted = read_code(request.POST.get("run", ""))
    if wanted and found.run and found.run.code != wanted:
        raise refuse(Rule.NOT_FOUND, f"This is the workbook of pay run {found.run.number}: send it back there.")
    judge_sheets(request.actor, found, sheets)
    done = operations.keep_upload(
        request.actor,
        workbook=found.code,
        name=clean_name(file.name or ""),
        size=len(body),
        sha256=keep_bytes(body).sha256,
        cells_sha256=keep_bytes(answer).sha256,
        key=key,
        now=timezone.now(),
    )
    return UUID(done.code)


def _list(request: CustomerRequest, status: int = 200) -> HttpResponse:
    actor = request.actor
    code = read_code(request.POST.get("run", "") or request.GET.get("run", ""))
    own = WorkbookUpload.objects.filter(customer_id=actor.customer_id, user_id=actor.user_id)
    context = {
        "key": uuid4(),
        "run": PayRun.objects.filter(customer_id=actor.customer_id, code=code).first() if code else None,
        "uploads": own.select_related("workbook__run").order_by("-sent_at")[:MOST_LISTED],
        "may_send": not actor.is_support,
        "largest": LARGEST_BYTES >> 20,
    }
    return render(request, "payments/workbook_list.html", context, status=status)


def _page(request: CustomerRequest, upload: WorkbookUpload, refused: Refused | None = None) -> HttpResponse:
    judged = _judged(request, upload)
    is_stale = refused is not None and refused.rule is Rule.CHANGED_SINCE and request.POST.get("mark") != judged.mark
    run = judged.run
    context: dict[str, Any] = {
        **context_of(judged, request.POST if refused and not is_stale else None),
        "upload": upload,
        "run": run,
        "key": uuid4(),
        "seen": seen_of(run) if run else "",
        "may_apply": access.has(request.actor, _right(upload)),
        "voids": run is not None and run.state in (PayRun.State.SUBMITTED, PayRun.State.APPROVED),
    }
    status = _status(refused) if refused else 200
    return render(request, "payments/workbook_detail.html", context, status=status)


def _judged(request: CustomerRequest, upload: WorkbookUpload) -> Judged:
    try:
        return judge(request.actor, upload)
    except NotFound as missing:
        raise Http404 from missing


def _upload(request: CustomerRequest, code: UUID) -> WorkbookUpload:
    own = WorkbookUpload.objects.filter(customer_id=request.actor.customer_id, user_id=request.actor.user_id)
    found = own.select_related("workbook__run").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _right(upload: WorkbookUpload) -> str:
    return "prepare" if upload.workbook.run_id else "tag"


def _file(body: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_ascii(name)}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")


def _status(refused: Refused) -> int:
    return 409 if isinstance(refused, Conflict) else 422
