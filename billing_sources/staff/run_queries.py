"""Import runs and their files for the carrier's engineers, as frozen rows. Call inside `carrier()`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.urls import reverse

from billing_sources.models import ImportFile, ImportRun, QuarantinedInvoice
from billing_sources.staff.figures import age, count, duration, instant
from billing_sources.staff.file_proof import Figures, FileFacts, ProofRow, proof_rows, verdict

RUNS_SHOWN, FILES_SHOWN, RECEIPTS_SHOWN = 100, 200, 100
_IMPATIENT = timedelta(minutes=2)  # the sweep wakes a worker every minute

_State = ImportFile.State
_TRIGGERS = {
    "nightly": "The night",
    "command": "A command",
    "staff": "Import now",
    "replay": "Read again from the archive",
}
_RUN_STATES = {
    "ready": ("Waiting for a worker", "info"),
    "running": ("Running", "info"),
    "finished": ("Finished", "good"),
    "failed": ("Failed", "bad"),
}


_IN_TROUBLE = (
    Q(state=ImportRun.State.FAILED)
    | Exists(ImportFile.objects.filter(run=OuterRef("pk"), state=_State.QUARANTINED))
    | Exists(QuarantinedInvoice.objects.filter(file__run=OuterRef("pk"), state=QuarantinedInvoice.State.HELD))
)


@dataclass(frozen=True)
class FileRow:
    """One file with its proof, and the verdict on the whole."""

    code: str
    url: str
    name: str
    received_at: str
    bills: ProofRow
    amount: ProofRow
    word: str
    tone: str

    @property
    def proof(self) -> tuple[ProofRow, ProofRow]:
        return self.bills, self.amount


@dataclass(frozen=True)
class RunRow:
    code: str
    url: str
    system: str
    cycle: str
    trigger: str
    started_by: str
    started_at: str
    took: str
    word: str
    tone: str
    files: str
    loaded: str
    held: str
    seen: str


@dataclass(frozen=True)
class Progress:
    """What components/progress.html shows. How many files there will be is not known before they are met."""

    id: str
    label: str
    note: str
    done: int
    total: int
    is_finished: bool
    is_failed: bool
    url: str


@dataclass(frozen=True)
class Receipt:
    """A file whose bytes were dealt with before, and where."""

    name: str
    url: str
    earlier: str


@dataclass(frozen=True)
class RunDetail:
    row: RunRow
    progress: Progress
    failure: str
    created: str
    revised: str
    unchanged: str
    charges: str
    files: tuple[FileRow, ...]
    files_left_out: int
    receipts: tuple[Receipt, ...]
    receipts_count: int


def list_runs(now: datetime, system: str = "", trouble_only: bool = False) -> list[RunRow]:
    """The newest runs first; `trouble_only`: those that failed or that still hold something for a person."""
    runs = ImportRun.objects.order_by("-pk")
    if system:
        runs = runs.filter(system__key=system)
    if trouble_only:
        runs = runs.filter(_IN_TROUBLE)
    newest = list(runs.values_list("pk", flat=True)[:RUNS_SHOWN])
    return [_run_row(run, now) for run in _with_figures(ImportRun.objects.filter(pk__in=newest)).order_by("-pk")]


def get_run(code: UUID, now: datetime) -> RunDetail | None:
    run = _with_figures(ImportRun.objects.filter(code=code)).first()
    if run is None:
        return None
    met = _files_of(run)
    return RunDetail(
        row=_run_row(run, now),
        progress=_progress(run, now),
        failure=run.failure,
        created=f"{run.created or 0:,}",
        revised=f"{run.revised or 0:,}",
        unchanged=f"{run.unchanged or 0:,}",
        charges=f"{run.charges or 0:,}",
        files=tuple(met),
        files_left_out=max(0, run.met - len(met)),
        receipts=tuple(_receipts(run)),
        receipts_count=run.seen,
    )


def with_decisions(files: QuerySet[ImportFile]) -> QuerySet[ImportFile]:
    """Files with what `file_row` needs of their held bills."""
    state = QuarantinedInvoice.State
    return files.select_related("document", "run__system").annotate(
        undecided=Count("held", filter=Q(held__state=state.HELD)),
        discarded=Count("held", filter=Q(held__state=state.DISCARDED)),
    )


def files_rows(files: Iterable[Any]) -> list[FileRow]:
    return [file_row(file) for file in files]


def file_row(file: Any) -> FileRow:
    """`file` comes from `with_decisions`."""
    facts = file_facts(file)
    bills, amount = proof_rows(facts)
    word, tone = verdict(facts)
    return FileRow(
        code=str(file.code),
        url=reverse("import_file", args=[file.code]),
        name=file.document.name,
        received_at=instant(file.received_at),
        bills=bills,
        amount=amount,
        word=word,
        tone=tone,
    )


def file_facts(file: Any) -> FileFacts:
    return FileFacts(
        state=file.state,
        bills=Figures(file.declared_bills, file.read_bills, file.loaded_bills, file.held_bills),
        amount=Figures(file.declared_amount, file.read_amount, file.loaded_amount, file.held_amount),
        undecided=file.undecided,
        discarded=file.discarded,
    )


def _with_figures(runs: QuerySet[ImportRun]) -> QuerySet[Any]:
    at_work = ImportFile.objects.filter(run=OuterRef("pk"), state=_State.LOADING).order_by("pk")
    return runs.select_related("system", "cycle", "started_by").annotate(
        met=Count("files", filter=~Q(files__state=_State.SEEN)),
        done=Count("files", filter=~Q(files__state__in=(_State.RECEIVED, _State.LOADING))),
        seen=Count("files", filter=Q(files__state=_State.SEEN)),
        quarantined=Count("files", filter=Q(files__state=_State.QUARANTINED)),
        loaded_bills=Sum("files__loaded_bills"),
        held_bills=Sum("files__held_bills"),
        created=Sum("files__created"),
        revised=Sum("files__revised"),
        unchanged=Sum("files__unchanged"),
        charges=Sum("files__charges"),
        reading=Subquery(at_work.values("document__name")[:1]),
    )


def _files_of(run: Any) -> list[FileRow]:
    """What waits for a person first."""
    files = with_decisions(ImportFile.objects.filter(run=run).exclude(state=_State.SEEN))
    trouble = Case(When(state=_State.QUARANTINED, then=0), When(undecided__gt=0, then=1), default=2)
    return files_rows(files.order_by(trouble, "pk")[:FILES_SHOWN])


def _run_row(run: Any, now: datetime) -> RunRow:
    word, tone = _RUN_STATES[run.state]
    return RunRow(
        code=str(run.code),
        url=reverse("import_run", args=[run.code]),
        system=run.system.name,
        cycle=run.cycle.code if run.cycle else "",
        trigger=_TRIGGERS.get(run.trigger, run.trigger),
        started_by=run.started_by.name if run.started_by else "",
        started_at=instant(run.started_at),
        took=duration((run.finished_at or now) - run.started_at),
        word=word,
        tone=tone,
        files=f"{run.met:,}",
        loaded=f"{run.loaded_bills or 0:,}",
        held=_held(run),
        seen=f"{run.seen:,}" if run.seen else "",
    )


def _held(run: Any) -> str:
    parts = [count(run.held_bills, "bill")] if run.held_bills else []
    parts += [count(run.quarantined, "file")] if run.quarantined else []
    return ", ".join(parts)


def _progress(run: Any, now: datetime) -> Progress:
    is_failed = run.state == ImportRun.State.FAILED
    is_finished = is_failed or run.state == ImportRun.State.FINISHED
    return Progress(
        id=run.code.hex,
        label=_progress_label(run, now),
        note=f"{count(run.done, 'file')} done · {count(run.loaded_bills or 0, 'bill')} loaded",
        done=1 if is_finished else 0,
        total=1 if is_finished else 0,
        is_finished=is_finished,
        is_failed=is_failed,
        url=reverse("import_run", args=[run.code]),
    )


def _progress_label(run: Any, now: datetime) -> str:
    waited = now - run.started_at
    if run.state == ImportRun.State.READY and waited > _IMPATIENT:
        return f"No worker has taken this run for {age(run.started_at, now)}: is one running?"
    return {
        "ready": "Waiting for a worker",
        "running": f"Reading {run.reading or 'what ' + run.system.name + ' has sent'}",
        "finished": "Finished",
        "failed": "Failed",
    }[str(run.state)]


def _receipts(run: Any) -> list[Receipt]:
    """Where the same bytes were dealt with: the file that is not a receipt itself, the newest first."""
    if not run.seen:
        return []
    seen = ImportFile.objects.filter(run=run, state=_State.SEEN).select_related("document").order_by("pk")
    receipts = list(seen[:RECEIPTS_SHOWN])
    documents = [receipt.document_id for receipt in receipts]
    known = ImportFile.objects.filter(document__in=documents).exclude(state=_State.SEEN).order_by("pk")
    earlier = {row[0]: row[1:] for row in known.values_list("document_id", "code", "state", "received_at")}
    return [_receipt(receipt, earlier.get(receipt.document_id)) for receipt in receipts]


def _receipt(file: ImportFile, earlier: tuple[Any, ...] | None) -> Receipt:
    if earlier is None:
        return Receipt(file.document.name, "", "")
    code, state, received_at = earlier
    return Receipt(file.document.name, reverse("import_file", args=[code]), f"{state} {instant(received_at)}")


def unended_runs() -> dict[int, str]:
    """Billing system → address of its run that has not come to its end."""
    states = (ImportRun.State.READY, ImportRun.State.RUNNING)
    runs = ImportRun.objects.filter(state__in=states, trigger__in=("nightly", "staff"))
    pairs = runs.order_by("pk").values_list(F("system_id"), F("code"))
    return {system: reverse("import_run", args=[code]) for system, code in pairs}


def files_by_id(ids: Iterable[int]) -> list[FileRow]:
    """The newest first."""
    return files_rows(with_decisions(ImportFile.objects.filter(pk__in=list(ids))).order_by("-pk")[:FILES_SHOWN])
