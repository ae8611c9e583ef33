"""A bill file's way in: fetch → archive → read → normalize → check → load → publish.

Every step is a file of this package, in this order; this one is the table of contents. The bytes of a file are kept
before anything interprets them. All that a file brings is loaded and published in one transaction, so a death anywhere
leaves the file as it was, to be read again from the archive.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import localcontext
from functools import partial
from typing import BinaryIO

import psycopg
from django.db import DatabaseError, transaction

from billing_sources import archive, quarantine, reading, replies, runs
from billing_sources.adapter import Adapter
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.load import Leftover, check_at_once, load
from billing_sources.locks import alone_on
from billing_sources.models import ImportFile, ImportRun
from billing_sources.normalize import Bill
from billing_sources.proof import Proof
from billing_sources.publish import publish
from billing_sources.read_ahead import read_ahead
from billing_sources.reading import Item
from billing_sources.rows import Written
from billing_sources.transports import Payload
from billing_sources.vocabularies import current_adapter
from portal.tenancy import ingest

MAX_ATTEMPTS = 3
_ALLOCATIONS = 1_000_000  # between two looks for cycles
_log = logging.getLogger(__name__)

Opener = Callable[[], BinaryIO]


def import_run(run: ImportRun, payloads: Iterable[Payload]) -> None:
    """Finish what a dead worker left of this run, then take every payload."""
    for file in runs.unfinished_files(run):
        with alone_on("document", file.document_id):
            _import_again(file)
    for payload in payloads:
        import_payload(run, payload)


def import_payload(run: ImportRun, payload: Payload) -> ImportFile:
    """Keep the bytes, and load them unless they are known: then a receipt is all that is written."""
    document = archive.keep(payload, run.system, _now())
    with alone_on("document", document.pk):
        file, is_new = runs.receive(run, document, _now(), payload.stamp, payload.control)
        return _import_again(file) if is_new else file


def rehearse(run: ImportRun, payload: Payload) -> ImportFile:
    """Everything but the keeping: to be called inside a transaction that is rolled back."""
    document = runs.rehearsed_document(run, payload, archive.fingerprint(payload), _now())
    file, is_new = runs.receive(run, document, _now(), control=payload.control)
    if is_new:
        import_file(file, _adapter(run), payload.open)
    return file


def import_file(file: ImportFile, adapter: Adapter, opener: Opener) -> None:
    """Load and publish a file, or hold it whole with the reason."""
    proof = Proof()
    try:
        with ingest(), transaction.atomic(), _in_bulk(), localcontext(prec=reading.DIGITS), opener() as stream:
            check_at_once()
            _countersign(file, adapter, proof)
            _load_bills(file, adapter, stream, proof)
            publish(file, proof, _now())
            replies.write(file, adapter, opener, proof, is_accepted=True, now=_now())
    except FileRejected as rejected:
        with ingest():
            quarantine.quarantine_file(file, rejected.issue, proof, _now())
            replies.write(file, adapter, opener, proof, is_accepted=False, now=_now())


def _import_again(file: ImportFile) -> ImportFile:
    """One attempt at a file from the archive. It is counted before it begins: what kills us thrice is poison."""
    adapter = _adapter(file.run)
    if file.attempts >= MAX_ATTEMPTS:
        _give_up(file, adapter)
        return file
    runs.begin_attempt(file, adapter)
    _with_patience(lambda: import_file(file, adapter, lambda: archive.open_document(file.document)))
    return file


def _give_up(file: ImportFile, adapter: Adapter) -> None:
    """Hold it whole. Its sender is answered in a transaction of its own: should that kill us too, it stays held."""
    issue = Issue("POISON-01", expected="an import", found=f"{file.attempts} that did not come back")
    quarantine.quarantine_file(file, issue, Proof(), _now())
    with ingest():
        opener = partial(archive.open_document, file.document)
        replies.write(file, adapter, opener, Proof(), is_accepted=False, now=_now())


def _adapter(run: ImportRun) -> Adapter:
    with ingest():
        return current_adapter(run.system)


def _with_patience(work: Callable[[], None]) -> None:
    """Two files may bring the same new bill or account at once; the one that loses begins again and finds it."""
    for _ in range(MAX_ATTEMPTS):
        try:
            return work()
        except (DatabaseError, psycopg.Error) as error:  # Django does not wrap what COPY raises
            cause = error if isinstance(error, psycopg.Error) else error.__cause__
            if not isinstance(cause, runs.COLLISIONS):
                raise
            _log.warning("import collided, beginning again: %s", error)
    return work()


@contextmanager
def _in_bulk() -> Iterator[None]:
    """Segments, elements and charges are millions of small lists and no cycles: look for cycles seldom."""
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _countersign(file: ImportFile, adapter: Adapter, proof: Proof) -> None:
    """Raises `FileRejected` where its control file cannot be read."""
    if adapter.read_control and file.document.control:
        proof.countersign(adapter.read_control(bytes(file.document.control)), file.document.sha256)


def _load_bills(file: ImportFile, adapter: Adapter, stream: BinaryIO, proof: Proof) -> None:
    """Workers are as many as there are cores; a command, which a person waits for, gets a second one."""
    batches = reading.batches(adapter, stream)
    for batch in read_ahead(batches) if file.run.trigger == ImportRun.Trigger.COMMAND else batches:
        _load_batch(file, batch, proof)


def _load_batch(file: ImportFile, batch: Sequence[Item], proof: Proof) -> None:
    tied: list[Written] = []
    issues: list[Issue] = []
    for item in batch:
        if isinstance(item, ControlTotals):
            proof.declare(item)
        elif isinstance(item, Issue):
            _note_unread(file, item, proof)
            issues.append(item)
        elif isinstance(item, FileRejected):
            raise item
        else:
            proof.read(item.bill.total)
            issues += item.issues
            if item.written:
                tied.append(item.written)
            else:
                _hold(file, item.bill, proof)
    leftover = load(file, tied, proof, _now())
    for bill in leftover.twice:
        _hold(file, bill, proof)
        issues.append(_on(bill, "DUP-01", "each number once", "twice"))
    quarantine.write_issues(file, [*issues, *_notes_on(leftover)])


def _note_unread(file: ImportFile, issue: Issue, proof: Proof) -> None:
    if issue.is_fatal:
        proof.hold_unreadable()
        quarantine.hold_unreadable(file, issue)


def _hold(file: ImportFile, bill: Bill, proof: Proof) -> None:
    proof.hold(bill.total)
    quarantine.hold(file, bill)


def _notes_on(leftover: Leftover) -> Iterator[Issue]:
    for bill in leftover.outdated:
        yield _on(bill, "OLD-01", "the newest word on a bill", "one that a newer file has revised", is_fatal=False)
    for bill in leftover.taken_back:
        yield _on(
            bill, "OLD-02", "a bill that stands", "one that was voided or replaced before it came", is_fatal=False
        )
    for bill in leftover.unknown:
        yield _on(bill, "REBILL-01", "a bill that came before", bill.invoice.replaces, is_fatal=False)


def _on(bill: Bill, rule: str, expected: str, found: str, *, is_fatal: bool = True) -> Issue:
    invoice = bill.invoice
    return Issue(rule, invoice.origin, "number", expected, found, invoice.number, is_fatal)


def _now() -> datetime:
    return datetime.now(UTC)
