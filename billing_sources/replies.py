"""Replies: what a billing system is told about its file, written with the file's end and sent until it arrives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db.models import Exists, OuterRef, QuerySet

from billing_sources.adapter import Acknowledge, Adapter, Outcome, Reply
from billing_sources.canonical import Issue
from billing_sources.locks import alone_or_not
from billing_sources.models import FileReply, ImportFile, ImportIssue
from billing_sources.places import place_of
from billing_sources.proof import Proof
from billing_sources.quarantine import write_issues
from billing_sources.registry import adapter_for
from portal.money import ZERO
from portal.tenancy import ingest

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_log = logging.getLogger(__name__)


def write(
    file: ImportFile,
    adapter: Adapter,
    opener: Callable[[], BinaryIO],
    proof: Proof,
    *,
    is_accepted: bool,
    now: datetime,
) -> None:
    """What the sender shall hear, in the transaction that publishes the file or holds it whole."""
    acknowledge = adapter.acknowledge
    if acknowledge is None:
        return
    outcome = Outcome(
        name=file.document.name,
        is_accepted=is_accepted,
        bills=proof.loaded_bills if is_accepted else 0,
        amount=proof.loaded_amount if is_accepted else ZERO,
        held=proof.held_bills if is_accepted else proof.read_bills,
        issues=_issues(file),
        ended_at=now,
    )
    FileReply.objects.bulk_create(
        FileReply(file=file, name=reply.name, content=reply.content, written_at=now, next_attempt_at=now)
        for reply in _written(file, acknowledge, opener, outcome)
    )


def send(reply_id: int, now: datetime) -> bool:
    """Deliver one reply, unless it is sent or somebody else is at those of the same file. Whether we tried.

    What goes wrong, whatever it is, is written down and tried again, ever more seldom.
    """
    with alone_or_not("replies to document", _document(reply_id)) as is_ours:
        reply = _find(reply_id) if is_ours else None
        if reply is None:
            return False
        system = reply.file.run.system
        try:
            adapter_for(system.key).transport.deliver(place_of(system), reply.name, bytes(reply.content))
        except Exception as error:
            if not isinstance(error, OSError):
                _log.exception("reply %s could not be sent", reply_id)
            _put_off(reply, f"{type(error).__name__}: {error}", now)
        else:
            _tick_off(reply, now)
        return True


def due(now: datetime) -> Sequence[int]:
    """Replies whose time has come."""
    with ingest():
        return list(_unsent().filter(next_attempt_at__lte=now).order_by("pk").values_list("pk", flat=True))


def is_overtaken() -> Exists:
    """Whether the same bytes were read again since, so that a later reply says what became of them."""
    later = FileReply.objects.filter(file__document=OuterRef("file__document"), pk__gt=OuterRef("pk"))
    return Exists(later.exclude(file=OuterRef("file")))


def _issues(file: ImportFile) -> tuple[Issue, ...]:
    found = ImportIssue.objects.filter(file=file).order_by("pk")
    columns = ("rule", "position", "field", "expected", "found", "number", "is_fatal")
    return tuple(Issue(*row) for row in found.values_list(*columns))


def _written(
    file: ImportFile, acknowledge: Acknowledge, opener: Callable[[], BinaryIO], outcome: Outcome
) -> Sequence[Reply]:
    """A reply that cannot be written holds up no bill: it is noted."""
    try:
        with opener() as stream:
            return acknowledge(stream, outcome)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        _log.exception("the reply to %s failed", outcome.name)
        found = f"{type(error).__name__}: {error}"[:500]
        write_issues(file, [Issue("REPLY-01", expected="an answer for the sender", found=found, is_fatal=False)])
        return ()


def _document(reply_id: int) -> int:
    with ingest():
        return FileReply.objects.values_list("file__document_id", flat=True).filter(pk=reply_id).first() or 0


def _find(reply_id: int) -> FileReply | None:
    with ingest():
        return _unsent().filter(pk=reply_id).first()


def _unsent() -> QuerySet[FileReply]:
    waiting = FileReply.objects.filter(~is_overtaken(), sent_at=None)
    return waiting.select_related("file__run__system")


def _put_off(reply: FileReply, why: str, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(reply.attempts, 10), LONGEST_PAUSE)
    with ingest():
        FileReply.objects.filter(pk=reply.pk).update(
            attempts=reply.attempts + 1, last_error=why, next_attempt_at=now + pause
        )


def _tick_off(reply: FileReply, now: datetime) -> None:
    with ingest():
        FileReply.objects.filter(pk=reply.pk).update(attempts=reply.attempts + 1, last_error="", sent_at=now)
