"""The workers that bring bills in are killed anywhere: nothing is lost, nothing is there twice, nothing is left over.

A night of all six systems is brought in twice: once by workers that nobody kills, once by workers that die at a named
step, at any moment, or with their connection to the database. All that the nights leave must be the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, connections

from billing_sources import archive, corrections, load, night, pipeline, quarantine, replies, revisions, runs
from billing_sources.models import FileReply, ImportFile, ImportRun, RawDocument
from billing_sources.transports import Payload
from portal.tenancy import ingest
from tests import databases
from tests.faults.nights import Night, digest, half_visible
from tests.faults.nights import night as night_of

KILLS = int(os.environ.get("TRIBUTARY_KILLS", 1_000 if os.environ.get("TRIBUTARY_SOAK") else 40))
FILES = KILLS * 3 // 2  # some workers bring in two or three before they die
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
Step = tuple[Any, str]
POINTS: tuple[Step, ...] = (
    (archive, "_store"),
    (archive, "_sync_folder"),
    (runs, "receive"),
    (runs, "begin_attempt"),
    (load, "_reserve"),
    (load, "_copy"),
    (revisions, "place"),
    (corrections, "voids_for"),
    (pipeline, "load"),
    (pipeline, "publish"),
    (replies, "write"),
    (quarantine, "quarantine_file"),
    (pipeline, "import_file"),
    (runs, "finish"),
)
REPLY_POINTS: tuple[Step, ...] = ((replies, "_find"), (replies, "_tick_off"))
LIFETIME_SECONDS = 0.08
"""Of a worker that waits for a step which few files reach; its alarm is as sudden as a kill."""
BETWEEN_FILES: Step = (pipeline, "_import_again")
"""Where a worker dies whose file has killed two: the third time would be poison, which is another story."""
_TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    """


def test_a_night_of_kills_ends_as_one_that_nobody_disturbed(
    database: str, template_database: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pipeline, "_now", lambda: NOW)
    offered = night_of(tmp_path / "out", FILES)
    begun = begin(offered)
    for system, run_id in begun.items():
        assert night.work_on(run_id, offered[system])
    undisturbed = digest(database)
    start_again(database, template_database)

    kills = disturbed(offered, begin(offered), database)

    assert kills["killed"] + kills["cut off"] >= KILLS, kills
    assert digest(database) == undisturbed
    nothing_is_left_over()
    every_reply_arrives_once_however_often_its_worker_dies()


def begin(offered: Night) -> dict[str, int]:
    """System → its run. A night's own are read in one process, a person's in two threads: both must bear it."""
    triggers = (ImportRun.Trigger.NIGHTLY, ImportRun.Trigger.COMMAND)
    return {
        system: runs.start(runs.billing_system(system), triggers[at % 2], NOW).pk for at, system in enumerate(offered)
    }


def start_again(database: str, template: str) -> None:
    """The same database, empty once more, and an empty archive."""
    connections.close_all()
    databases.clone(template, connection.settings_dict["NAME"])
    shutil.rmtree(settings.MEDIA_ROOT)
    assert digest(database)["invoice"].startswith("0 rows")


def disturbed(offered: Night, begun: dict[str, int], database: str) -> Counter[str]:
    kills: Counter[str] = Counter()
    systems = {run_id: system for system, run_id in begun.items()}
    number = 0
    while left := night.unended_runs():
        run_id = left[number % len(left)]
        step = POINTS[number // 3 % len(POINTS)] if number % 3 == 0 else None
        if has_died_twice(run_id):
            step = BETWEEN_FILES
        if kills["killed"] + kills["cut off"] >= KILLS:
            assert night.work_on(run_id, not_known(run_id, offered[systems[run_id]]))
            continue
        work = partial(night.work_on, run_id, not_known(run_id, offered[systems[run_id]]))
        kills[disturb(work, number, step, database)] += 1
        assert half_visible(database) == []
        number += 1
    return kills


def not_known(run_id: int, payloads: Sequence[Payload]) -> list[Payload]:
    """As transports that list files do: what was dealt with is not fetched again."""
    with ingest():
        ended = ImportFile.objects.filter(run=run_id).exclude(state__in=ImportFile.UNFINISHED)
        known = set(ended.values_list("document__name", flat=True))
    return [payload for payload in payloads if payload.name not in known]


def disturb(work: Callable[[], object], number: int, step: Step | None, database: str) -> str:
    """Fork a worker. It dies at a step, or at any moment, or loses its connection at any moment."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            if step and step != BETWEEN_FILES:
                signal.setitimer(signal.ITIMER_REAL, LIFETIME_SECONDS)
            if step:
                die_at(*step, after=step == BETWEEN_FILES or number // 3 // len(POINTS) % 2 == 1)
            work()
        finally:
            os._exit(0)
    is_cut_off = False
    if not step:
        time.sleep(0.002 + number * 37 % 67 / 1000)
        if number % 3 == 1:
            os.kill(child, signal.SIGKILL)
        else:
            is_cut_off = cut_off(database)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "cut off" if is_cut_off else "finished"


def cut_off(database: str) -> bool:
    """End every other connection of the database. Whether there was one."""
    with psycopg.connect(database, autocommit=True) as owner:
        found = owner.execute(_TERMINATE).fetchone()
    return bool(found and found[0])


def has_died_twice(run_id: int) -> bool:
    with ingest():
        unfinished = ImportFile.objects.filter(run=run_id, state__in=ImportFile.UNFINISHED)
        return unfinished.filter(attempts__gte=2).exists()


def nothing_is_left_over() -> None:
    with ingest():
        assert set(ImportRun.objects.values_list("state", flat=True)) == {"finished"}
        assert not ImportFile.objects.filter(state__in=ImportFile.UNFINISHED).exists()
        for document in RawDocument.objects.all():
            with archive.open_document(document) as kept:
                assert hashlib.sha256(kept.read()).hexdigest() == document.sha256
    archive.clear_unfinished(datetime.now(UTC))
    assert list(Path(settings.MEDIA_ROOT).rglob("*.part")) == []


def every_reply_arrives_once_however_often_its_worker_dies() -> None:
    """It dies before its delivery and behind it; the same name again replaces what lies there."""
    with ingest():  # delta's go to its own address, which is not set
        ours = list(FileReply.objects.filter(file__run__system__key__in=("atlas", "castle")).order_by("pk"))
        expected = {(reply.file.run.system.key, reply.name): bytes(reply.content) for reply in ours}
    for number, reply in enumerate(ours):
        work = partial(replies.send, reply.pk, NOW)
        if number < 6:
            assert disturb(work, number, REPLY_POINTS[number % len(REPLY_POINTS)], "") == "killed"
        assert work()
        assert not work(), "it is sent"
    found = {(path.parts[-3], path.name): path.read_bytes() for path in settings.INBOUND_DIR.glob("*/in/*")}
    assert found == expected


def test_what_a_killed_copy_left_is_cleared_and_a_copy_under_way_is_not(database: str) -> None:
    raw = Path(settings.MEDIA_ROOT) / "raw"
    raw.mkdir(parents=True)
    for name, age in (("old.part", 90_000), ("new.part", 10)):
        (raw / name).write_bytes(b"half")
        os.utime(raw / name, (time.time() - age,) * 2)
    assert archive.clear_unfinished(datetime.now(UTC) - timedelta(days=1)) == 1
    assert [path.name for path in raw.iterdir()] == ["new.part"]


def die_at(module: Any, name: str, *, after: bool) -> None:
    step: Callable[..., Any] = getattr(module, name)

    def deadly(*arguments: Any, **options: Any) -> Any:
        if after:
            step(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, deadly)
