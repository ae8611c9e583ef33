"""Carry what was released to AR: each posting has its effect once, wherever a worker dies (decision 0006).

    pending → leased → staged → sent → acknowledged        (dead: given up, waits for a person)

A worker leases a posting, writes its bytes to the staging folder under a name of this lease alone, commits `staged`
with that name, and moves the file into the drop folder. The move is the delivery: whoever finds a staged posting
whose staging file is gone knows that it was delivered. Every step is fenced by the lease's token.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet

from payments.ar.gateway import Connector, DropFolders, Undeliverable
from payments.models import Allocation, ArPosting, Payment
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.tenancy import carrier

LEASE: Final = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=15)
MAX_ATTEMPTS: Final = 200  # with pauses of up to a quarter of an hour about a day: AR may be down for a night

Clock = Callable[[], datetime]


def push_due(connector: Connector, *, clock: Clock, limit: int = 1000) -> int:
    """Deliver what is due, oldest first; how many were delivered. Any number of workers may do so at once."""
    delivered = 0
    for _ in range(limit):
        posting = _lease(connector, clock())
        if posting is None:
            break
        delivered += _push(connector, posting, clock)
    return delivered


def replay(actor: CarrierActor, *, posting: UUID, now: datetime) -> None:
    """Try a dead posting again, from where it stood: one that was staged is never written a second time."""
    with carrier(actor.user_id):
        dead = ArPosting.objects.select_for_update().get(code=posting, state=ArPosting.State.DEAD)
        dead.state = ArPosting.State.STAGED if dead.staged_name else ArPosting.State.PENDING
        dead.attempts, dead.next_attempt_at, dead.lease_token, dead.lease_until = 0, now, None, None
        dead.save(update_fields=["state", "attempts", "next_attempt_at", "lease_token", "lease_until"])
        subject = f"posting {dead.control_number}"
        record(actor, "posting replayed", subject, {"reason": dead.last_error}, now=now, customer_id=dead.customer_id)


# --- Lease ----------------------------------------------------------------------------------------------------------

_LEASE: Final = """
    UPDATE payments_arposting SET state = CASE state WHEN 'staged' THEN 'staged' ELSE 'leased' END,
        lease_token = %(token)s, lease_until = %(until)s, attempts = attempts + 1
    WHERE id = (
        SELECT id FROM payments_arposting p
        WHERE connector = %(connector)s AND state IN ('pending', 'leased', 'staged') AND next_attempt_at <= %(now)s
          AND (lease_until IS NULL OR lease_until < %(now)s)
          AND NOT EXISTS (SELECT FROM payments_arposting older
                          WHERE older.payment_id = p.payment_id AND older.version < p.version
                            AND older.state NOT IN ('sent', 'acknowledged'))
        ORDER BY next_attempt_at, id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id
"""


def _lease(connector: Connector, now: datetime) -> ArPosting | None:
    with carrier(), connection.cursor() as cursor:
        cursor.execute(_LEASE, {"token": uuid4(), "until": now + LEASE, "connector": connector.name, "now": now})
        row = cursor.fetchone()
        return ArPosting.objects.get(pk=row[0]) if row else None


# --- One posting ----------------------------------------------------------------------------------------------------


def _push(connector: Connector, posting: ArPosting, clock: Clock) -> bool:
    """Bring a leased posting as far as it goes; whether this call delivered it."""
    if posting.attempts > MAX_ATTEMPTS:
        _give_up(posting, f"Gave up after {MAX_ATTEMPTS} attempts: {posting.last_error}", clock())
        return False
    try:
        if posting.state != ArPosting.State.STAGED and not _stage(connector, posting):
            return False
        _deliver(connector, posting)
    except Undeliverable as error:
        _give_up(posting, str(error), clock())
        return False
    except OSError as error:
        _try_later(posting, f"{type(error).__name__}: {error.strerror or error}", clock())
        return False
    return mark_sent(posting, clock())


def _stage(connector: Connector, posting: ArPosting) -> bool:
    """Write the bytes and commit `staged`; False where another worker has taken the lease over."""
    with carrier(read_only=True):
        body = connector.render(posting)
    name = f"{posting.code}.{posting.lease_token}"
    write_durably(connector.folders.staging / name, body)
    if _record_staged(posting, name, body):
        return True
    (connector.folders.staging / name).unlink(missing_ok=True)
    return False


def _record_staged(posting: ArPosting, name: str, body: bytes) -> bool:
    posting.staged_name = name
    with carrier():
        changed = _ours(posting).filter(state=ArPosting.State.LEASED)
        return bool(
            changed.update(
                state=ArPosting.State.STAGED,
                staged_name=name,
                payload=body,
                payload_sha256=hashlib.sha256(body).hexdigest(),
            )
        )


def _deliver(connector: Connector, posting: ArPosting) -> None:
    """Move the staging file into the drop folder. That it is gone means that it was delivered before."""
    folders = connector.folders
    staged = folders.staging / posting.staged_name
    try:
        staged.rename(folders.out / connector.file_name(posting))
    except FileNotFoundError:
        folders.staging.stat()  # without the folder itself nothing is known
        if staged.exists():
            raise  # it is the drop folder that is missing
    _sync(folders)


def mark_sent(posting: ArPosting, now: datetime) -> bool:
    """Record the delivery, and tell payment and allocations; False where that was done before."""
    with carrier():
        staged = ArPosting.objects.filter(pk=posting.pk).exclude(staged_name="")
        unsent = staged.filter(state__in=[ArPosting.State.STAGED, ArPosting.State.DEAD])
        if not unsent.update(
            state=ArPosting.State.SENT, sent_at=now, lease_token=None, lease_until=None, last_error=""
        ):
            return False
        Payment.objects.filter(pk=posting.payment_id, state=Payment.State.RELEASED).update(state=Payment.State.SENT)
        told = Allocation.objects.filter(payment_id=posting.payment_id, verdict=Allocation.Verdict.NONE)
        told.exclude(held=0).update(verdict=Allocation.Verdict.SENT)
        return True


# --- Failures: a closed set ----------------------------------------------------------------------------------------


def _try_later(posting: ArPosting, error: str, now: datetime) -> None:
    with carrier():
        due = now + pause(posting.attempts)
        _ours(posting).update(next_attempt_at=due, lease_token=None, lease_until=None, last_error=error)


def _give_up(posting: ArPosting, error: str, now: datetime) -> None:
    with carrier():
        done = _ours(posting).update(state=ArPosting.State.DEAD, lease_token=None, lease_until=None, last_error=error)
        if done:
            subject = f"posting {posting.control_number}"
            record(None, "posting given up", subject, {"reason": error}, now=now, customer_id=posting.customer_id)


def pause(attempts: int, rng: Callable[[float, float], float] = random.uniform) -> timedelta:
    """Full jitter between attempts, so that workers do not come back all at once: up to 5 s, 10 s, … 15 min."""
    ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts - 1, 10))
    return timedelta(seconds=rng(0, ceiling.total_seconds()))


def _ours(posting: ArPosting) -> QuerySet[ArPosting]:
    """The posting, unless the lease has passed on: then nothing of it may be written by us any more."""
    return ArPosting.objects.filter(pk=posting.pk, lease_token=posting.lease_token)


# --- Files ----------------------------------------------------------------------------------------------------------


def write_durably(path: Path, body: bytes) -> None:
    """The bytes are on the disk when this returns."""
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _sync(folders: DropFolders) -> None:
    """Both names of a move are on the disk when this returns."""
    for folder in (folders.out, folders.staging):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
