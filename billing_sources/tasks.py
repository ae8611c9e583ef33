"""What workers do about bills. A message carries a row's id at most, and losing it loses nothing but half a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from billing_sources import archive, night, rehearsal, replies
from billing_sources.released import load_released

LONGEST_COPY = timedelta(days=1)
"""An unfinished copy in the archive that nobody touched for so long is a dead worker's."""


@shared_task(name="billing_sources.ring_night")
def ring_night() -> None:
    """From beat: make the runs whose night it is, and wake a worker for each; clear what killed workers half copied."""
    archive.clear_unfinished(datetime.now(UTC) - LONGEST_COPY)
    for run_id in night.ring_night(datetime.now(UTC)):
        wake(import_cycle, run_id)


@shared_task(name="billing_sources.sweep_runs")
def sweep_runs() -> None:
    """From beat: wake workers for whatever has not come to its end. Runs that are being worked on are left alone."""
    for run_id in night.unended_runs():
        wake(import_cycle, run_id)
    for held_id in night.released_bills():
        wake(load_bill, held_id)
    for rehearsal_id in rehearsal.unended():
        wake(rehearse, rehearsal_id)


@shared_task(name="billing_sources.import_cycle")
def import_cycle(run_id: int) -> None:
    """Bring one import run to its end, and have the senders told of their files."""
    night.work_on(run_id)
    sweep_replies()


@shared_task(name="billing_sources.sweep_replies")
def sweep_replies() -> None:
    """From beat: wake workers for the replies whose time has come."""
    for reply_id in replies.due(datetime.now(UTC)):
        wake(send_reply, reply_id)


@shared_task(name="billing_sources.send_reply")
def send_reply(reply_id: int) -> None:
    """Tell a billing system what became of its file."""
    replies.send(reply_id, datetime.now(UTC))


@shared_task(name="billing_sources.load_bill")
def load_bill(held_id: int) -> None:
    """Load one bill that staff released."""
    load_released(held_id, datetime.now(UTC))


@shared_task(name="billing_sources.rehearse")
def rehearse(rehearsal_id: int) -> None:
    """Read past files again with a changed vocabulary, and compare."""
    rehearsal.rehearse(rehearsal_id)


def wake(task: Any, row_id: int) -> None:
    """Tell a worker about a row, once it is committed. Where no broker answers, the next sweep finds the row."""
    transaction.on_commit(lambda: _send(task, row_id))


def _send(task: Any, row_id: int) -> None:
    try:
        task.delay(row_id)
    except OperationalError:
        return
