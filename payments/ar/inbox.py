"""What AR answers: keep the bytes first, then apply each file once, in whatever order they come."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.db import connection

from payments.ar.acknowledgements import Acknowledgement, Level, read_acknowledgements
from payments.ar.gateway import Connector
from payments.ar.judgement import Difference
from payments.ar.outbox import Clock
from payments.ar.verdicts import Answered, apply_answers, open_break
from payments.models import ArMessage, ArPosting
from payments.x12.documents import UnreadableX12
from portal.tenancy import carrier

UNFINISHED = (".part", ".tmp")


def collect_answers(connector: Connector, *, clock: Clock) -> int:
    """Take in every finished file and apply what was not applied yet; how many files were applied.

    A file that cannot be read waits for a person. Raises an `ExceptionGroup` of what went wrong otherwise, after all
    other files were applied; the failed ones are tried again next time.
    """
    for path in finished(connector.folders.answers):
        keep(path, clock())
    failures: list[Exception] = []
    applied = 0
    for message_id in _waiting():
        try:
            applied += apply(message_id, clock())
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("some answers of AR could not be applied", failures)
    return applied


def finished(folder: Path) -> list[Path]:
    """The files that are no longer being written, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.is_symlink() and path.suffix not in UNFINISHED and path.name[0] != "."
    )


def keep(path: Path, now: datetime) -> None:
    """Commit the bytes, then remove the file. The same bytes under any name are kept once."""
    body = path.read_bytes()
    with carrier(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_armessage (sha256, name, body, received_at, failure) VALUES (%s, %s, %s, %s, '')"
            " ON CONFLICT (sha256) DO NOTHING",
            [hashlib.sha256(body).hexdigest(), path.name[:255], body, now],
        )
    path.unlink(missing_ok=True)


def apply(message_id: int, now: datetime) -> bool:
    """Apply one kept file, all of it or nothing; False if it was applied before or cannot be read."""
    with carrier():
        message = ArMessage.objects.select_for_update(no_key=True).get(pk=message_id)
        if message.applied_at or message.failure:
            return False
        try:
            answers = read_acknowledgements(bytes(message.body), message.name)
        except UnreadableX12 as error:
            message.failure = str(error)
            message.save(update_fields=["failure"])
            return False
        apply_answers(list(_known(answers, message, now)), message, now)
        message.applied_at = now
        message.save(update_fields=["applied_at"])
        return True


def _waiting() -> Sequence[int]:
    with carrier(read_only=True):
        return list(ArMessage.objects.filter(applied_at=None, failure="").order_by("pk").values_list("pk", flat=True))


def _known(answers: Sequence[Acknowledgement], message: ArMessage, now: datetime) -> Iterator[Answered]:
    """The answers with the postings that they are about; one about nothing of ours waits for a person."""
    for answer in answers:
        posting = _posting(answer)
        if posting is None or not posting.staged_name:  # never written, so never sent
            found = answer.reference or f"control number {_control(answer)}"
            open_break(Difference("unknown_reference", f"file {message.name}"[:160], "a payment we sent", found), now)
        else:
            yield Answered(answer, posting)


def _posting(answer: Acknowledgement) -> ArPosting | None:
    """By control number, and where an 824 names the payment, only if it is that payment's."""
    postings = ArPosting.objects.all()
    control = _control(answer)
    if answer.reference:
        postings = postings.filter(payment__reference=answer.reference)
    elif control is None:
        return None
    if control is not None:
        postings = postings.filter(control_number=control)
    return postings.order_by("-version").first()


def _control(answer: Acknowledgement) -> int | None:
    return answer.interchange_control if answer.level is Level.ENVELOPE else answer.group_control
