"""`import_invoices SYSTEM [PATH …] [--dry-run] [--json]`: one source over the given files, or over what it offers.

Exit 0: all balanced and published; 3: something was held; 2: bad arguments (design.md §5).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from billing_sources import night, pipeline, runs
from billing_sources.adapter import Adapter
from billing_sources.models import ImportRun
from billing_sources.places import place_of
from billing_sources.registry import UnknownSystem, adapter_for
from billing_sources.report import Report, report
from billing_sources.transports import Payload
from portal.tenancy import ingest

BAD_ARGUMENTS, SOMETHING_HELD = 2, 3


class Command(BaseCommand):
    help = "Imports bill files: keeps, reads, checks, loads, proves and publishes them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system")
        parser.add_argument("paths", nargs="*", type=Path, metavar="path")
        parser.add_argument("--dry-run", action="store_true", help="do all of it and keep nothing")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: object, **options: Any) -> None:
        payloads = _payloads(options["system"], options["paths"])
        now = datetime.now(UTC)
        run_all = _rehearsed if options["dry_run"] else _imported
        result = run_all(options["system"], payloads, now)
        self.stdout.write(result.as_json() if options["json"] else result.as_text())
        if result.is_anything_held:
            sys.exit(SOMETHING_HELD)


def _payloads(key: str, paths: Sequence[Path]) -> list[Payload]:
    try:
        adapter = adapter_for(key)
    except UnknownSystem as error:
        raise CommandError(str(error), returncode=BAD_ARGUMENTS) from error
    if not paths:
        return _offered(adapter)
    if missing := [str(path) for path in paths if not path.exists()]:
        raise CommandError(f"no such file: {', '.join(missing)}", returncode=BAD_ARGUMENTS)
    suffix = adapter.control_suffix
    return [Payload.of(path, suffix) for given in paths for path in _files(given, suffix)]


def _offered(adapter: Adapter) -> list[Payload]:
    try:
        return list(adapter.transport.fetch(place_of(runs.billing_system(adapter.key))))
    except OSError as error:
        raise CommandError(f"nothing could be fetched: {error}") from error


def _files(path: Path, control_suffix: str) -> Iterator[Path]:
    """A folder stands for the files in it; a control file is no bill file but goes with one."""
    if path.is_dir():
        files = sorted(entry for entry in path.iterdir() if entry.is_file())
        yield from (entry for entry in files if not (control_suffix and entry.name.endswith(control_suffix)))
    else:
        yield path


def _imported(key: str, payloads: list[Payload], now: datetime) -> Report:
    run = runs.start(runs.billing_system(key), ImportRun.Trigger.COMMAND, now)
    night.work_on(run.pk, payloads)
    return report(run)


def _rehearsed(key: str, payloads: list[Payload], now: datetime) -> Report:
    with ingest():
        run = runs.start(runs.billing_system(key), ImportRun.Trigger.COMMAND, now)
        for payload in payloads:
            pipeline.rehearse(run, payload)
        result = report(run)
        transaction.set_rollback(True)
    return result
