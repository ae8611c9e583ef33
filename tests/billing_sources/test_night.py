"""Each cycle's night is rung once, by however many beats, and no run is lost with its worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.app.task import Task
from django.db import connection
from kombu.exceptions import OperationalError

from billing_sources import night, pipeline, tasks
from billing_sources.locks import alone_or_not
from billing_sources.models import BillCycle, ImportRun, NightSlot
from billing_sources.operations import start_import
from billing_sources.registry import adapter_for
from billing_sources.runs import billing_system
from billing_sources.transports import Payload
from portal.tenancy import carrier, ingest
from tests.billing_sources.bills import Desk, cycle_file, files_of, invoices
from tests.personas import Personas

EVENING = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


@pytest.fixture
def cycle(database: str) -> BillCycle:
    system = billing_system("atlas")
    with carrier():
        return BillCycle.objects.create(system=system, code="3", day=20)


@pytest.fixture
def inbound(desk: Desk, settings: Any) -> Desk:
    """The night's file lies where the billing system writes it."""
    folder = settings.INBOUND_DIR / "atlas" / "out"
    folder.mkdir(parents=True)
    desk.write(cycle_file()).rename(folder / "A3-20261120.x12")
    return desk


def all_runs() -> list[ImportRun]:
    with ingest():
        return list(ImportRun.objects.order_by("pk"))


def test_many_beats_ring_a_night_once(cycle: BillCycle) -> None:
    rung: list[int] = []

    def beat() -> None:
        rung.extend(night.ring_night(EVENING))
        connection.close()

    beats = [threading.Thread(target=beat) for _ in range(8)]
    for thread in beats:
        thread.start()
    for thread in beats:
        thread.join()
    assert len(rung) == 1
    assert [run.pk for run in all_runs()] == rung
    with ingest():
        assert NightSlot.objects.count() == 1


def test_a_night_that_nobody_rang_is_caught_up(cycle: BillCycle) -> None:
    assert night.ring_night(EVENING - timedelta(days=1)) == []
    assert len(night.ring_night(EVENING + timedelta(days=night.CATCH_UP_DAYS))) == 1
    assert night.ring_night(EVENING + timedelta(days=1)) == []


def test_a_night_long_past_is_left_to_a_person(cycle: BillCycle) -> None:
    assert night.ring_night(EVENING + timedelta(days=night.CATCH_UP_DAYS + 1)) == []


def test_next_month_is_another_night(cycle: BillCycle) -> None:
    assert len(night.ring_night(EVENING)) == 1
    assert len(night.ring_night(datetime(2026, 12, 20, 1, 0, tzinfo=UTC))) == 1


def test_a_nights_run_takes_what_the_folder_holds(cycle: BillCycle, inbound: Desk) -> None:
    (run_id,) = night.ring_night(EVENING)
    assert night.unended_runs() == [run_id]
    tasks.import_cycle(run_id)
    (run,) = all_runs()
    assert (run.state, run.trigger, run.cycle_id) == ("finished", "nightly", cycle.pk)
    (file,) = files_of(run)
    assert file.created == len(invoices()) > 30
    assert night.unended_runs() == []


def test_a_run_is_worked_on_by_one_worker(cycle: BillCycle, inbound: Desk) -> None:
    (run_id,) = night.ring_night(EVENING)
    worked: list[bool] = []

    def other_worker() -> None:
        worked.append(night.work_on(run_id))
        connection.close()

    with alone_or_not("import run", run_id) as is_ours:
        assert is_ours
        thread = threading.Thread(target=other_worker)
        thread.start()
        thread.join()
    assert worked == [False]
    assert night.work_on(run_id)
    assert not night.work_on(run_id)


def test_a_run_whose_worker_died_is_swept_up(cycle: BillCycle, inbound: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (run_id,) = night.ring_night(EVENING)
    with monkeypatch.context() as deadly:
        deadly.setattr(pipeline, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            night.work_on(run_id)
    assert invoices() == []
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "wake", lambda task, row_id: woken.append((task.name, row_id)))
    tasks.sweep_runs()
    assert woken == [("billing_sources.import_cycle", run_id)]
    tasks.import_cycle(run_id)
    (run,) = all_runs()
    assert (run.state, [file.state for file in files_of(run)]) == ("finished", ["published"])


def test_a_wake_up_that_no_broker_takes_is_no_error(cycle: BillCycle, monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[object] = []

    def deaf(*arguments: object, **__: object) -> None:
        rings.append(arguments)
        raise OperationalError("no broker")

    monkeypatch.setattr(Task, "apply_async", deaf)
    tasks.wake(tasks.import_cycle, 1)
    monkeypatch.setattr(night, "ring_night", lambda now: [7])
    tasks.ring_night()
    assert len(rings) == 2


def test_a_run_whose_folder_cannot_be_read_failed_and_says_why(
    cycle: BillCycle, inbound: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run_id,) = night.ring_night(EVENING)

    def unreachable(*_: object) -> None:
        raise PermissionError("atlas/out")

    monkeypatch.setattr(type(adapter_for("atlas").transport), "fetch", unreachable)
    night.work_on(run_id)
    (run,) = all_runs()
    assert (run.state, run.failure) == ("failed", "PermissionError: atlas/out")


def test_a_transport_that_fails_in_a_way_nobody_foresaw_fails_the_run_and_the_next_night_retries(
    cycle: BillCycle, inbound: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = night.ring_night(EVENING)

    def broken(*_: object) -> Iterator[Payload]:
        raise ZeroDivisionError("at 7")
        yield

    with monkeypatch.context() as broke:
        broke.setattr(type(adapter_for("atlas").transport), "fetch", broken)
        night.work_on(first)
    (run,) = all_runs()
    assert run.state == "failed"
    assert run.failure.startswith("NotReached: SFTP folder atlas/out/") and "ZeroDivisionError: at 7" in run.failure
    (second,) = night.ring_night(datetime(2026, 12, 20, 1, 0, tzinfo=UTC))
    night.work_on(second)
    assert invoices()


def test_staff_take_now_what_came_late(cycle: BillCycle, inbound: Desk, people: Personas) -> None:
    run = start_import(actor=people.erik, system=cycle.system, now=EVENING)
    assert night.work_on(run.pk)
    (run,) = all_runs()
    assert (run.state, run.trigger, run.started_by_id) == ("finished", "staff", people.erik.user_id)
    assert invoices()


def die(*_: object) -> None:
    raise KeyboardInterrupt
