"""The night: each bill cycle's import is rung once, worked on by one worker at a time, and picked up when one dies.

All of it is rows. A wake-up that Redis loses costs a minute, until the sweep finds the run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from billing_sources import pipeline, runs
from billing_sources.locks import alone_or_not
from billing_sources.models import BillCycle, ImportRun, NightSlot, QuarantinedInvoice
from billing_sources.places import place_of
from billing_sources.registry import UnknownSystem, adapter_for
from billing_sources.transports import NotReached, Payload
from portal.tenancy import ingest

CATCH_UP_DAYS = 5
"""A bell that nobody rang (beat was down) is rung up to this many days later."""

_log = logging.getLogger(__name__)
_State = ImportRun.State
_Trigger = ImportRun.Trigger


def ring_night(now: datetime) -> list[int]:
    """A run for every bill cycle whose night it is, each night once, however many beats ring. Ids of the new runs."""
    with ingest():
        cycles = list(BillCycle.objects.select_related("system"))
    rung = (_ring(cycle, night, now) for cycle in cycles for night in _nights(cycle, now.date()))
    return [run.pk for run in rung if run]


def work_on(run_id: int, payloads: Iterable[Payload] | None = None) -> bool:
    """Bring a run to its end, unless it has ended or another worker is at it. Whether we did.

    Without `payloads` a night's run takes what its transport offers; others have only the files that they began with.
    """
    with alone_or_not("import run", run_id) as is_ours:
        run = _unended(run_id) if is_ours else None
        if run is None:
            return False
        runs.begin(run)
        failure = ""
        try:
            pipeline.import_run(run, _offered(run) if payloads is None else payloads)
        except (OSError, UnknownSystem) as error:  # the transport's; what a bill file does wrong is that file's
            failure = f"{type(error).__name__}: {error}"
        runs.finish(run, datetime.now(UTC), failure)
        return True


def unended_runs() -> Sequence[int]:
    """What a sweep wakes a worker for; one that is being worked on is left alone by `work_on`."""
    with ingest():
        ids = ImportRun.objects.filter(state__in=(_State.READY, _State.RUNNING)).order_by("pk")
        return list(ids.values_list("pk", flat=True))


def released_bills() -> Sequence[int]:
    """Bills that a person released and no worker has loaded yet."""
    with ingest():
        waiting = QuarantinedInvoice.objects.filter(state=QuarantinedInvoice.State.RELEASED, loaded_at=None)
        return list(waiting.order_by("pk").values_list("pk", flat=True))


def _nights(cycle: BillCycle, today: date) -> Iterator[date]:
    days = (today - timedelta(days=back) for back in range(CATCH_UP_DAYS, -1, -1))
    return (day for day in days if day.day == cycle.day)


def _ring(cycle: BillCycle, night: date, now: datetime) -> ImportRun | None:
    """The slot and its run come in one transaction: a claimed slot without a run cannot be."""
    slot_at = datetime.combine(night, time(), UTC)
    job = f"import {cycle.system.key} cycle {cycle.code}"
    with ingest():
        _, is_ours = NightSlot.objects.get_or_create(job=job, slot_at=slot_at, defaults={"claimed_at": now})
        return runs.start(cycle.system, _Trigger.NIGHTLY, now, cycle) if is_ours else None


def _unended(run_id: int) -> ImportRun | None:
    with ingest():
        unended = ImportRun.objects.filter(state__in=(_State.READY, _State.RUNNING)).select_related("system")
        return unended.filter(pk=run_id).first()


def _offered(run: ImportRun) -> Iterator[Payload]:
    """Whatever goes wrong in a transport, foreseen or not, ends the run as failed; the next night tries again."""
    if run.trigger not in (_Trigger.NIGHTLY, _Trigger.STAFF):
        return
    transport = adapter_for(run.system.key).transport
    try:
        yield from transport.fetch(place_of(run.system))
    except OSError:
        raise
    except Exception as error:
        _log.exception("the transport of %s failed", run.system.key)
        raise NotReached(f"{transport.describe()}: {type(error).__name__}: {error}") from error
