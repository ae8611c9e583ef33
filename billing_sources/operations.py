"""What the carrier's staff do about bills: decide about held bills, read files again. Linking accounts: `linking`.

Each is one transaction, by an actor, at a time. Loading is the workers' (only they may write invoices), so what is
decided here is a row that a worker picks up: `tasks.wake` it after the operation, or let the sweep find it.
"""

from __future__ import annotations

from datetime import datetime

from billing_sources import checks
from billing_sources.models import BillingSystem, ImportFile, ImportRun, QuarantinedInvoice
from billing_sources.normalize import normalize
from billing_sources.quarantine import held_bill
from billing_sources.registry import adapter_for
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

_CANNOT_BE_LOADED = frozenset({"CUR-01", "ACC-01", "LEN-01"})


class NotDone(ValueError):
    """The change was refused; the message says why, for the person."""


def release_invoice(*, actor: CarrierActor, held: QuarantinedInvoice, reason: str, now: datetime) -> None:
    """Let a held bill in as it stands. A worker loads it: wake `tasks.load_bill` with its id."""
    with carrier(actor.user_id):
        held = _undecided(held)
        _require_loadable(held)
        _decide(actor, held, QuarantinedInvoice.State.RELEASED, reason, now)


def discard_invoice(*, actor: CarrierActor, held: QuarantinedInvoice, reason: str, now: datetime) -> None:
    """Leave a held bill out for good; it stays on record."""
    with carrier(actor.user_id):
        _decide(actor, _undecided(held), QuarantinedInvoice.State.DISCARDED, reason, now)


def replay_file(*, actor: CarrierActor, file: ImportFile, reason: str, now: datetime) -> ImportRun:
    """Read a file again from the archive, under a new run: wake `tasks.import_cycle` with its id.

    The earlier reading is discarded; of its invoices those stay that come out the same.
    """
    reason = _required(reason)
    with carrier(actor.user_id):
        file = (
            ImportFile.objects.select_for_update(of=("self",)).select_related("run__system", "document").get(pk=file.pk)
        )
        if file.state not in (ImportFile.State.QUARANTINED, ImportFile.State.PUBLISHED):
            raise NotDone(f"{file.document.name} is {file.state}; only what was read can be read again.")
        _discard_file(actor, file, reason, now)
        run = _ready_run(actor, file.run.system, ImportRun.Trigger.REPLAY, now)
        ImportFile.objects.create(run=run, document=file.document, received_at=now)
        record(actor, "replayed", f"import file {file.document.name}", {"reason": reason}, now=now)
        return run


def start_import(*, actor: CarrierActor, system: BillingSystem, now: datetime) -> ImportRun:
    """Take now what a system has published, out of its night: wake `tasks.import_cycle` with the run's id."""
    with carrier(actor.user_id):
        run = _ready_run(actor, system, ImportRun.Trigger.STAFF, now)
        record(actor, "started import", f"billing system {system.name}", now=now)
        return run


def _undecided(held: QuarantinedInvoice) -> QuarantinedInvoice:
    waiting = QuarantinedInvoice.objects.select_for_update(of=("self",)).select_related("file__run__system")
    found = waiting.filter(pk=held.pk, state=QuarantinedInvoice.State.HELD).first()
    if found is None:
        raise NotDone(f"Bill {held.number} is decided already.")
    return found


def _require_loadable(held: QuarantinedInvoice) -> None:
    try:
        invoice = held_bill(held)
    except ValueError as error:
        raise NotDone(f"{error}.") from error
    bill = normalize(invoice, adapter_for(held.file.run.system.key))
    for issue in checks.check(bill):
        if issue.rule in _CANNOT_BE_LOADED:
            raise NotDone(f"{checks.explain(issue.rule)} It can only be corrected at its source.")


def _decide(actor: CarrierActor, held: QuarantinedInvoice, state: str, reason: str, now: datetime) -> None:
    held.state, held.reason = state, _required(reason)
    held.decided_by_id, held.decided_at = actor.user_id, now
    held.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    record(actor, state, f"held bill {held.number}", {"reason": held.reason}, now=now)


def _discard_file(actor: CarrierActor, file: ImportFile, reason: str, now: datetime) -> None:
    file.state, file.discard_reason = ImportFile.State.DISCARDED, reason
    file.save(update_fields=["state", "discard_reason"])
    for held in QuarantinedInvoice.objects.filter(file=file, state=QuarantinedInvoice.State.HELD):
        _decide(actor, held, QuarantinedInvoice.State.DISCARDED, f"Read again from the archive: {reason}", now)


def _ready_run(actor: CarrierActor, system: BillingSystem, trigger: str, now: datetime) -> ImportRun:
    return ImportRun.objects.create(system=system, trigger=trigger, started_at=now, started_by_id=actor.user_id)


def _required(reason: str) -> str:
    if not reason.strip():
        raise NotDone("Say why: the reason stays on record.")
    return reason.strip()
