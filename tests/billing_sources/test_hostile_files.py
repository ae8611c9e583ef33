"""Files that were made to do harm: held with a clear word, within bounds, and the next good file comes in."""

from __future__ import annotations

import os
import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from billing_sources import night, registry, runs
from billing_sources.models import ImportFile, ImportRun
from billing_sources.registry import ADAPTERS
from billing_sources.transports import Payload
from portal.tenancy import ingest
from tests.billing_sources.bills import bill, charge, cycle_file, files_of, paper, rules
from tests.billing_sources.hostile_files import HOSTILE

MEMORY_BYTES = 512 << 20
SECONDS = 5  # of the processor's time, a file
_PAGE = resource.getpagesize()


@pytest.mark.parametrize("system", ADAPTERS)
def test_hostile_files_are_held_with_a_clear_word_and_the_next_good_one_comes_in(
    system: str, database: str, tmp_path: Path
) -> None:
    files = [hostile for hostile in HOSTILE if hostile.system == system]
    paths = [tmp_path / hostile.name for hostile in files]
    for path, hostile in zip(paths, files, strict=True):
        path.write_bytes(hostile.content())
    good = tmp_path / "good"
    with good.open("wb") as target:
        cycle_file(system, customers=2, accounts=2, invoices=2).write(target)

    *held, next_one = take_within_bounds(system, *paths, good, seconds=SECONDS * len(files))

    for hostile, file in zip(files, held, strict=True):
        said = set(rules(file))
        assert said & set(hostile.rules.split()), (hostile.name, said)
        assert "READ-01" not in said, f"{hostile.name} was foreseen by no reader"
        assert file.state == ("quarantined" if hostile.is_held_whole else "published"), hostile.name
        assert file.loaded_bills == 0, hostile.name
    assert (next_one.state, next_one.loaded_bills, next_one.held_bills) == ("published", 2, 0)


def test_a_bill_of_a_hundred_thousand_accounts_comes_in_within_bounds(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = 100_000
    charges = [charge("0.01", position=at, account=f"S-{at}") for at in range(1, accounts + 1)]
    monkeypatch.setitem(registry.ADAPTERS, "paper", paper(bill("1000.00", charges=charges)))
    (tmp_path / "large").write_bytes(b"1")
    (file,) = take_within_bounds("paper", tmp_path / "large", seconds=60)
    assert (file.state, file.loaded_bills, file.charges) == ("published", 1, accounts)


def take_within_bounds(system: str, *paths: Path, seconds: int) -> list[ImportFile]:
    """In a child that may take so much more memory and time; what is more ends it, and then its run has no end."""
    run = runs.start(runs.billing_system(system), ImportRun.Trigger.NIGHTLY, datetime.now(UTC))
    payloads = [Payload.of(path) for path in paths]
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            bound(seconds)
            night.work_on(run.pk, payloads)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    with ingest():
        assert ImportRun.objects.get(pk=run.pk).state == "finished"
    return list(files_of(run))


def bound(seconds: int) -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
