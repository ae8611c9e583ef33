"""The worker that brings bills in is killed anywhere: nothing is lost, nothing is there twice, nothing is left over."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from billing_sources import archive, load, night, pipeline, runs
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.models import ImportFile, ImportRun, RawDocument
from billing_sources.transports import Payload
from portal.tenancy import ingest

KILLS, FILES = (1_000, 600) if os.environ.get("TRIBUTARY_SOAK") else (100, 60)
POINTS: tuple[tuple[Any, str], ...] = (
    (archive, "_store"),
    (archive, "_sync_folder"),
    (runs, "receive"),
    (runs, "begin_attempt"),
    (load, "_reserve"),
    (load, "_copy"),
    (pipeline, "load"),
    (pipeline, "publish"),
    (pipeline, "import_file"),
    (runs, "finish"),
)
_ROWS = """
    SELECT i.number, i.series, i.revision, i.state, i.is_current, i.payable, i.content_sha256, i.position,
           count(c), sum(c.amount), string_agg(c.position || c.origin || c.description, ',' ORDER BY c.position)
    FROM billing_sources_invoice i LEFT JOIN billing_sources_charge c ON c.invoice_id = i.id
    GROUP BY i.id ORDER BY i.number, i.series, i.revision
    """


def test_a_hundred_kills_lose_nothing_and_double_nothing(database: str, tmp_path: Path) -> None:
    payloads = [bill_file(tmp_path, number) for number in range(FILES)]
    unkilled = digest_of_an_import_that_nobody_kills(payloads)
    kills: Counter[str] = Counter()
    waiting, number = list(payloads), 0
    while waiting:
        run_id = night.unended_runs()[:1] or [new_run()]
        is_spared = kills["killed"] >= KILLS or has_died_twice()
        kills[take_in(run_id[0], waiting[:1], number, is_spared)] += 1
        number += 1
        if not night.unended_runs():
            waiting.pop(0)

    assert kills["killed"] >= KILLS, kills
    assert digest() == unkilled
    with ingest():
        assert set(ImportFile.objects.values_list("state", flat=True)) <= {"published", "seen"}
        assert ImportFile.objects.filter(state="published").count() == FILES
        assert set(ImportRun.objects.values_list("state", flat=True)) == {"finished"}
        for document in RawDocument.objects.all():
            with archive.open_document(document) as kept:
                assert hashlib.sha256(kept.read()).hexdigest() == document.sha256


def bill_file(folder: Path, number: int) -> Payload:
    billed_on = date(2026, 1 + number % 12, 20)
    order = CycleOrder("atlas", customers=4, accounts=6, invoices=6, seed=7, billed_on=billed_on, cycle=str(number))
    buffer = BytesIO()
    next(iter(generate_cycle(order))).write(buffer)
    path = folder / f"{number}.x12"
    path.write_bytes(buffer.getvalue())
    return Payload.of(path)


def digest_of_an_import_that_nobody_kills(payloads: list[Payload]) -> str:
    with ingest():
        run = ImportRun.objects.get(pk=new_run())
        for payload in payloads:
            pipeline.rehearse(run, payload)
        rows = digest()
        transaction.set_rollback(True)
    return rows


def digest() -> str:
    with ingest(), connection.cursor() as cursor:
        cursor.execute(_ROWS)
        rows = cursor.fetchall()
    assert len(rows) > FILES * 5
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def new_run() -> int:
    return runs.start(runs.billing_system("atlas"), ImportRun.Trigger.COMMAND, datetime.now(UTC)).pk


def has_died_twice() -> bool:
    """One more death would make the file poison, which is another story."""
    with ingest():
        return ImportFile.objects.filter(state__in=("received", "loading"), attempts__gte=2).exists()


def take_in(run_id: int, payloads: list[Payload], number: int, is_spared: bool) -> str:
    """Fork a worker; it dies at a named step (even numbers) or at any moment (odd ones), unless spared."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            if number % 2 == 0 and not is_spared:
                die_at(*POINTS[number // 2 % len(POINTS)], after=number // 2 // len(POINTS) % 2 == 1)
            night.work_on(run_id, payloads)
        finally:
            os._exit(0)
    if number % 2 and not is_spared:
        time.sleep(0.003 + number * 7 % 41 / 1000)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "finished"


def die_at(module: Any, name: str, *, after: bool) -> None:
    step: Callable[..., Any] = getattr(module, name)

    def deadly(*arguments: Any, **options: Any) -> Any:
        if after:
            step(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, deadly)
