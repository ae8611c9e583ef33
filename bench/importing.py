"""Import one file in a process of its own, and watch what it costs.

On one core the worker's way of a night, reading and loading in turn; on two the way of a file that a person waits
for, reading ahead.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import PROJECT, url
from billing_sources.generator import CycleOrder, generate_cycle

CORES = {1: {0}, 2: {0, 1}}
Figures = dict[str, Any]


def write_file(order: CycleOrder, folder: Path, **changed: Any) -> Path:
    """The first file of a generated cycle."""
    generated = next(iter(generate_cycle(replace(order, **changed))))
    path = folder / generated.name
    with path.open("wb") as file:
        generated.write(file)
    return path


def import_file(database: str, system: str, path: Path, cores: int = 1) -> Figures:
    """Seconds on the wall, of our processor time and of the database's; `peak` is MiB of the importing process."""
    command = [sys.executable, "-m", "bench.importing", system, str(path), str(cores)]
    environment = {**os.environ, "DATABASE_URL": url(database), "TRIBUTARY_ROLE": "tributary_worker"}
    done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    if not figures["is_balanced"]:
        raise RuntimeError(f"{path.name} was not imported as a whole: {figures}")
    return figures


def link_all(owner: psycopg.Connection) -> None:
    """Every account to one customer, as in any month but the first."""
    owner.execute(
        """
        INSERT INTO customers_customer (code, name, number, address_lines, allows_support, created_at)
            VALUES (gen_random_uuid(), 'Bench', 'B-1', '{}', true, now());
        INSERT INTO customers_account (code, customer_id, path, system, external_id, level, name, cost_center)
            SELECT gen_random_uuid(), id, '', '', '', '', 'Bench', '' FROM customers_customer;
        UPDATE billing_sources_accountlink
            SET account_id = a.id, customer_id = a.customer_id FROM customers_account a;
        """
    )
    owner.execute("VACUUM ANALYZE")


class Watch:
    """Time on the wall and on the processor, ours and that of the database's process, on so many cores."""

    def __init__(self, backend_pid: int, cores: int) -> None:
        self._pid, self._cores = backend_pid, CORES[cores]
        self.figures: Figures = {}

    def __enter__(self) -> Watch:
        self._usual = os.sched_getaffinity(0)
        _bind(0, self._cores)
        _bind(self._pid, self._cores)
        self._began = time.perf_counter(), time.process_time(), _cpu_seconds(self._pid)
        return self

    def __exit__(self, *_: object) -> None:
        ended = time.perf_counter(), time.process_time(), _cpu_seconds(self._pid)
        names = ("seconds", "client_cpu", "server_cpu")
        self.figures = {name: round(end - begin, 2) for name, end, begin in zip(names, ended, self._began, strict=True)}
        os.sched_setaffinity(0, self._usual)


def _bind(pid: int, cores: set[int]) -> None:
    try:
        os.sched_setaffinity(pid, cores & set(range(os.cpu_count() or 1)))
    except (PermissionError, ProcessLookupError):
        print("the server is not ours to bind: it used the cores it liked", file=sys.stderr)


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _child(system: str, path: Path, cores: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from datetime import UTC, datetime

    from django.db import connection

    from bench.bench_usage import BENCH
    from billing_sources import night, registry, runs
    from billing_sources.models import ImportRun
    from billing_sources.report import report
    from billing_sources.transports import Payload

    registry.ADAPTERS[BENCH.key] = BENCH
    trigger = ImportRun.Trigger.NIGHTLY if cores == 1 else ImportRun.Trigger.COMMAND
    run = runs.start(runs.billing_system(system), trigger, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend_pid,) = cursor.fetchone()
    with Watch(backend_pid, cores) as watch:
        night.work_on(run.pk, [Payload.of(path)])
    done = report(run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counted = {"invoices": done.created, "charges": done.charges, "usage_records": done.usage_records}
    print(json.dumps(watch.figures | {"peak": round(peak, 1), "is_balanced": done.balanced, **counted}))


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
