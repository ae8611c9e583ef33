"""A night of bill cycles through real Celery workers: two against one.

Files are archived and their runs made ready beforehand, so that what is timed is what workers do: take a wake-up, read
from the archive, load, publish. Each measure has a database of its own and fresh workers of one process each. Workers
read and load in turn (see `pipeline._load_bills`): one keeps one core busy, two keep two.

    python -m bench.bench_night [charges] [cycles of each system]

Sized to end in a few minutes; 2,000,000 charges over 7 cycles is the night of an incumbent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from bench.bench_import import CHARGES_PER_BILL
from bench.bench_import import MUST as SYSTEMS
from bench.databases import PROJECT, database, url
from bench.importing import write_file
from billing_sources.generator import CycleOrder

DATABASE = "bench_night"
CHARGES = 200_000
CYCLES = 7
MUST = 1.6
_WORKER = (
    "-m",
    "celery",
    "--app",
    "portal",
    "worker",
    "--queues",
    "ingest",
    "--concurrency",
    "1",
    "--loglevel",
    "ERROR",
)
_LEFT = "SELECT count(*) FROM billing_sources_importrun WHERE state IN ('ready', 'running')"
_LOADED = "SELECT count(*), (SELECT count(*) FROM billing_sources_charge) FROM billing_sources_invoice"


def bench_night(charges: int = CHARGES, cycles: int = CYCLES) -> dict[str, Any]:
    """Seconds of both nights; `ratio` is how many times faster two workers are than one."""
    one, two = (_night(charges, cycles, workers) for workers in (1, 2))
    ratio = round(one["seconds"] / two["seconds"], 2)
    return {"cycles": cycles * len(SYSTEMS), "must": MUST, "ratio": ratio, "one_worker": one, "two_workers": two}


def _night(charges: int, cycles: int, workers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, database(DATABASE) as owner:
        environment = {**os.environ, "DATABASE_URL": url(DATABASE), "TRIBUTARY_ROLE": "tributary_worker"}
        files = list(_files(Path(folder), charges, cycles))
        _call(environment, "--prepare", json.dumps(files))
        with _workers(environment, workers):
            began = time.perf_counter()
            _call(environment, "--wake")
            seconds = _until_done(owner, began)
        invoices, loaded = owner.execute(_LOADED).fetchone() or (0, 0)
    return {"workers": workers, "invoices": invoices, "charges": loaded, "seconds": round(seconds, 1)}


def _files(folder: Path, charges: int, cycles: int) -> Iterator[tuple[str, str]]:
    bills = max(1, charges // CHARGES_PER_BILL // cycles // len(SYSTEMS))
    for system in SYSTEMS:
        for cycle in range(cycles):
            there = folder / f"{system}-{cycle}"
            there.mkdir()
            order = CycleOrder(
                system,
                customers=10,
                accounts=bills,
                invoices=bills,
                seed=100 + cycle,
                billed_on=date(2026, 11, 1 + 3 * cycle),
                cycle=str(cycle + 1),
                charges=CHARGES_PER_BILL,
            )
            yield system, str(write_file(order, there))


@contextmanager
def _workers(environment: dict[str, str], how_many: int) -> Iterator[None]:
    """Real workers, ready to work."""
    names = [f"bench{number}@night" for number in range(how_many)]
    workers = [
        subprocess.Popen([sys.executable, *_WORKER, "--hostname", name], cwd=PROJECT, env=environment) for name in names
    ]
    try:
        _call(environment, "--await", str(how_many))
        yield
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)


def _until_done(owner: psycopg.Connection, began: float) -> float:
    while owner.execute(_LEFT).fetchone() != (0,):
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    states = owner.execute("SELECT state, count(*) FROM billing_sources_importfile GROUP BY 1").fetchall()
    if [state for state, _ in states] != ["published"]:
        raise RuntimeError(f"not every file was published: {states}")
    return seconds


def _call(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "bench.bench_night", *arguments]
    subprocess.run(command, check=True, cwd=PROJECT, env=environment)


def _child(act: str, given: str = "") -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    if act == "--prepare":
        _prepare(json.loads(given))
    elif act == "--wake":
        _wake()
    else:
        _await(int(given))


def _prepare(files: list[tuple[str, str]]) -> None:
    from datetime import UTC, datetime

    from billing_sources import archive, runs
    from billing_sources.models import ImportRun
    from billing_sources.transports import Payload

    for system, path in files:
        now = datetime.now(UTC)
        run = runs.start(runs.billing_system(system), ImportRun.Trigger.REPLAY, now)
        runs.receive(run, archive.keep(Payload.of(Path(path)), run.system, now), now)


def _wake() -> None:
    from billing_sources import night, tasks

    for run_id in night.unended_runs():
        tasks.import_cycle.delay(run_id)


def _await(how_many: int) -> None:
    from portal.celery import app

    while len(app.control.ping(timeout=0.5) or []) < how_many:
        time.sleep(0.1)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        _child(*sys.argv[1:])
    else:
        from portal import embedded

        embedded.ensure()
        print(json.dumps(bench_night(*map(int, sys.argv[1:])), indent=1))
