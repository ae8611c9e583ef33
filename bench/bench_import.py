"""Nightly import against COPY of the very same finished rows (design.md §6): one core, proof, lineage, idempotency on.

In a database of its own: a file of the same accounts comes first, and they are linked to a customer, as in any month
but the first. Then this month's file is imported and timed; its rows are taken out, the tables emptied, and the same
rows copied back into the same tables with their constraints, indexes and triggers on.

    python -m bench.bench_import [atlas|boreal|castle] [charges]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import PROJECT, database, url
from billing_sources.generator import CycleOrder, generate_cycle

DATABASE = "bench_import"
TABLES = ("billing_sources_invoice", "billing_sources_charge", "billing_sources_taxitem")
CHARGES = 200_000
CHARGES_PER_BILL = 50  # what an enterprise finds on one bill
MUST = {"atlas": 0.40, "boreal": 0.30, "castle": 0.45}
BILLED_ON = date(2026, 11, 1)
_CORE = {0}
_THIS_MONTH = f"SELECT id FROM billing_sources_invoice WHERE billed_on = '{BILLED_ON}'"


def bench_import(system: str, charges: int = CHARGES) -> dict[str, Any]:
    """Figures of one system. Seconds are wall time of one core; peaks are MiB of the importing process."""
    with tempfile.TemporaryDirectory() as folder, database(DATABASE) as owner:
        bills = charges // CHARGES_PER_BILL
        order = CycleOrder(
            system, customers=40, accounts=bills, invoices=bills, seed=7, billed_on=BILLED_ON, charges=CHARGES_PER_BILL
        )
        before = _write(replace(order, billed_on=date(2026, 9, 1), charges=2), Path(folder))
        tenth = _write(replace(order, billed_on=date(2026, 10, 1), invoices=bills // 10), Path(folder))
        path = _write(order, Path(folder))
        _import(system, before)
        _link_all(owner)
        small = _import(system, tenth)
        large = _import(system, path)
        again = _import(system, path)
        copied = _copy_back(owner)
        return {
            "system": system,
            "charges": large["charges"],
            "mebibytes": round(path.stat().st_size / 2**20, 1),
            "import_seconds": large["seconds"],
            "import_cpu": {"reading and writing rows": large["client_cpu"], "database": large["server_cpu"]},
            "copy_seconds": copied["seconds"],
            "copy_cpu": {"writing rows": copied["client_cpu"], "database": copied["server_cpu"]},
            "rows": copied["rows"],
            "ratio": round(_cpu(copied) / _cpu(large), 3),
            "ratio_of_wall_times": round(copied["seconds"] / large["seconds"], 3),
            "must": MUST[system],
            "again_times_faster": round(large["seconds"] / again["seconds"], 1),
            "peak_small_file": small["peak"],
            "peak_10x_file": large["peak"],
        }


def _cpu(figures: dict[str, Any]) -> float:
    """What one core spent on it, ours and the database's: the same on a busy machine, unlike the time on the wall."""
    return float(figures["client_cpu"] + figures["server_cpu"])


def _write(order: CycleOrder, folder: Path) -> Path:
    generated = next(iter(generate_cycle(order)))
    path = folder / generated.name
    with path.open("wb") as file:
        generated.write(file)
    return path


def _import(system: str, path: Path) -> dict[str, Any]:
    """In a process of its own, so that its peak is the import's."""
    command = [sys.executable, "-m", "bench.bench_import", "--child", system, str(path)]
    environment = {**os.environ, "DATABASE_URL": url(DATABASE), "TRIBUTARY_ROLE": "tributary_worker"}
    done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _child(system: str, path: Path) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from datetime import UTC, datetime

    from django.db import connection

    from billing_sources import night, runs
    from billing_sources.models import ImportRun
    from billing_sources.report import report
    from billing_sources.transports import Payload

    run = runs.start(runs.billing_system(system), ImportRun.Trigger.COMMAND, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend_pid,) = cursor.fetchone()
    with _Watch(backend_pid) as watch:
        night.work_on(run.pk, [Payload.of(path)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(watch.figures | {"peak": round(peak, 1), "charges": report(run).charges}))


class _Watch:
    """Time on the wall and on the processor, ours and that of the database's process, all on one core."""

    def __init__(self, backend_pid: int) -> None:
        self._pid = backend_pid
        self.figures: dict[str, Any] = {}

    def __enter__(self) -> _Watch:
        _on_one_core(self._pid)
        self._began = time.perf_counter(), time.process_time(), _cpu_seconds(self._pid)
        return self

    def __exit__(self, *_: object) -> None:
        ended = time.perf_counter(), time.process_time(), _cpu_seconds(self._pid)
        names = ("seconds", "client_cpu", "server_cpu")
        self.figures = {name: round(end - begin, 2) for name, end, begin in zip(names, ended, self._began, strict=True)}


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _on_one_core(backend_pid: int) -> None:
    os.sched_setaffinity(0, _CORE)
    try:
        os.sched_setaffinity(backend_pid, _CORE)
    except (PermissionError, ProcessLookupError):
        print("the server is not ours to bind: two cores were used", file=sys.stderr)


def _copy_back(owner: psycopg.Connection) -> dict[str, Any]:
    """The reference: finished rows, text ready in memory, one transaction with its commit."""
    texts = {table: _copied_out(owner, table) for table in TABLES}
    _take_out(owner)
    affinity = os.sched_getaffinity(0)
    with _Watch(owner.info.backend_pid) as watch, owner.transaction(), owner.cursor() as cursor:
        for table, (columns, blocks) in texts.items():
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for block in blocks:
                    copy.write(block)
    os.sched_setaffinity(0, affinity)
    return watch.figures | {"rows": sum(block.count(b"\n") for _, blocks in texts.values() for block in blocks)}


def _take_out(owner: psycopg.Connection) -> None:
    """This month's rows, leaving the tables and indexes as they were before the import."""
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES[1:]:
            owner.execute(f"DELETE FROM {table} WHERE invoice_id IN ({_THIS_MONTH})")
        owner.execute(f"DELETE FROM {TABLES[0]} WHERE id IN ({_THIS_MONTH})")
    for table in TABLES:
        owner.execute(f"VACUUM (FULL, ANALYZE) {table}")
    owner.execute("CHECKPOINT")


def _copied_out(owner: psycopg.Connection, table: str) -> tuple[str, list[bytes]]:
    columns = ", ".join(
        name
        for (name,) in owner.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = ''"
            " AND NOT attisdropped ORDER BY attnum",
            [table],
        )
    )
    invoice_id = "id" if table == TABLES[0] else "invoice_id"
    wanted = f"SELECT {columns} FROM {table} WHERE {invoice_id} IN ({_THIS_MONTH})"
    with owner.cursor() as cursor, cursor.copy(f"COPY ({wanted}) TO STDOUT") as copy:
        return columns, _blocks(bytes(row) for row in copy)


def _blocks(rows: Iterator[bytes], size: int = 1 << 19) -> list[bytes]:
    blocks, block = [], bytearray()
    for row in rows:
        block += row
        if len(block) >= size:
            blocks.append(bytes(block))
            block.clear()
    return [*blocks, bytes(block)]


def _link_all(owner: psycopg.Connection) -> None:
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


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], Path(sys.argv[3]))
    else:
        wanted = sys.argv[1:2] or list(MUST)
        for key in wanted:
            print(json.dumps(bench_import(key, int(sys.argv[2]) if len(sys.argv) > 2 else CHARGES), indent=1))
