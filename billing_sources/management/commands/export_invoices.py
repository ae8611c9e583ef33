"""`export_invoices [SYSTEM] [--number N] [--run ID] [--all-revisions]`: canonical invoices, one JSON object a line."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_sources.export import exported
from billing_sources.models import ImportRun
from billing_sources.registry import UnknownSystem, adapter_for
from portal.tenancy import carrier


class Command(BaseCommand):
    help = "Prints canonical invoices, one JSON object a line; amounts as strings, dates as ISO 8601."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("system", nargs="?", default="", help="only this billing system's")
        parser.add_argument("--number", default="", help="only the bill of this number")
        parser.add_argument("--run", default="", help="only what this import run brought (its code)")
        parser.add_argument("--all-revisions", action="store_true", help="superseded and waiting revisions too")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            system = adapter_for(options["system"]).key if options["system"] else ""
        except UnknownSystem as error:
            raise CommandError(str(error), returncode=2) from error
        run = _run(options["run"]) if options["run"] else None
        for invoice in exported(system, number=options["number"], run=run, all_revisions=options["all_revisions"]):
            self.stdout.write(json.dumps(invoice, ensure_ascii=False))


def _run(code: str) -> ImportRun:
    try:
        wanted = {"pk": int(code)} if code.isdigit() else {"code": uuid.UUID(code)}
        with carrier(read_only=True):
            return ImportRun.objects.get(**wanted)
    except (ValueError, ImportRun.DoesNotExist) as error:
        raise CommandError(f"no import run {code}", returncode=2) from error
