"""The rows that a run leaves: which system, which files, how often each was tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from billing_sources.adapter import Adapter
from billing_sources.archive import Fingerprint
from billing_sources.models import BillCycle, BillingSystem, ImportFile, ImportRun, RawDocument
from billing_sources.registry import adapter_for
from billing_sources.transports import Payload
from portal.tenancy import ingest

COLLISIONS = (DeadlockDetected, SerializationFailure, UniqueViolation)
"""What the database says to the one of two files that loses."""

_State = ImportFile.State
_CORRECTED = "Its sender corrected the control file; it was read again with that."
_DONE_WITH = (_State.PUBLISHED, _State.QUARANTINED, _State.DISCARDED)


def billing_system(key: str) -> BillingSystem:
    """Its row, made when its adapter is first used. Raises `UnknownSystem`."""
    adapter = adapter_for(key)
    with ingest():
        system, _ = BillingSystem.objects.get_or_create(key=key, defaults={"name": adapter.title})
    return system


def start(system: BillingSystem, trigger: str, now: datetime, cycle: BillCycle | None = None) -> ImportRun:
    """A run that is ready for a worker; whoever has its id can work on it."""
    with ingest():
        return ImportRun.objects.create(system=system, trigger=trigger, started_at=now, cycle=cycle)


def begin(run: ImportRun) -> None:
    with ingest():
        ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.RUNNING)


def finish(run: ImportRun, now: datetime, failure: str = "") -> None:
    state = ImportRun.State.FAILED if failure else ImportRun.State.FINISHED
    with ingest():
        ImportRun.objects.filter(pk=run.pk).update(state=state, finished_at=now, failure=failure)


def unfinished_files(run: ImportRun) -> Sequence[ImportFile]:
    with ingest():
        return list(
            ImportFile.objects.filter(run=run, state__in=ImportFile.UNFINISHED)
            .select_related("document", "run__system")
            .order_by("id")
        )


def receive(
    run: ImportRun, document: RawDocument, now: datetime, stamp: str = "", control: bytes = b""
) -> tuple[ImportFile, bool]:
    """The file to work on, and True; or a receipt for bytes that were dealt with before, and False.

    A file that a dead worker left goes over to the run that comes next and finishes it. One that is held whole is
    begun anew where its control file is another now. The caller holds the lock on the document.
    """
    with ingest():
        files = ImportFile.objects.select_related("document", "run__system").filter(document=document)
        if left := files.filter(state__in=ImportFile.UNFINISHED).first():
            return _taken_over(left, run, stamp), True
        if ours := files.filter(run=run).first():
            return ours, False
        is_known = files.filter(state__in=_DONE_WITH).exists() and not _is_corrected(document, control)
        state = _State.SEEN if is_known else _State.RECEIVED
        file = ImportFile.objects.create(run=run, document=document, state=state, received_at=now, stamp=stamp)
        return file, not is_known


def _is_corrected(document: RawDocument, control: bytes) -> bool:
    """Whether its sender now declares something else of a file that is held whole: then that is the word on it."""
    if not control or control == bytes(document.control):
        return False
    held = ImportFile.objects.filter(document=document, state=_State.QUARANTINED)
    if not held.update(state=_State.DISCARDED, discard_reason=_CORRECTED):
        return False
    document.control = control
    document.save(update_fields=["control"])
    return True


def _taken_over(file: ImportFile, run: ImportRun, stamp: str) -> ImportFile:
    if file.run_id != run.pk or file.stamp != stamp:
        file.run, file.stamp = run, stamp
        file.save(update_fields=["run", "stamp"])
    return file


def rehearsed_document(run: ImportRun, payload: Payload, print_: Fingerprint, now: datetime) -> RawDocument:
    """The document's row without its bytes."""
    with ingest():
        document, _ = RawDocument.objects.get_or_create(
            system=run.system,
            sha256=print_.sha256,
            defaults={"name": payload.name, "size": print_.size, "control": payload.control, "received_at": now},
        )
    return document


def begin_attempt(file: ImportFile, adapter: Adapter) -> None:
    """Count the attempt before it is made, in a transaction of its own."""
    file.state, file.attempts = _State.LOADING, file.attempts + 1
    file.mapping_version, file.vocabulary_version = adapter.mapping_version, adapter.vocabulary.version
    with ingest():
        ImportFile.objects.filter(pk=file.pk).update(
            state=file.state,
            attempts=F("attempts") + 1,
            mapping_version=file.mapping_version,
            vocabulary_version=file.vocabulary_version,
        )
