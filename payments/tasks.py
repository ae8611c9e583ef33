"""What workers do about payments. What AR hears and answers is wired in remittance/tasks.py, which knows the words."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from billing_sources.tasks import wake
from payments.exports import writing
from payments.operations import meet_credit_notes as credit_notes
from payments.operations import meet_revisions as revisions


@shared_task(name="payments.meet_revisions")
def meet_revisions() -> None:
    """Bills that were changed take their place where no money of theirs is on its way; credit notes settle disputes."""
    revisions.meet_revisions(datetime.now(UTC))
    credit_notes.meet_credit_notes(datetime.now(UTC))


@shared_task(name="payments.write_export")
def write_export(export_id: int) -> None:
    """Write one list that somebody asked for."""
    writing.write(export_id)


@shared_task(name="payments.sweep_exports")
def sweep_exports() -> None:
    """From beat: wake workers for lists that are not written, and remove files whose days are over."""
    writing.remove_old(datetime.now(UTC))
    for export_id in writing.to_write():
        wake(write_export, export_id)
