"""Start, stop or name the embedded PostgreSQL and Valkey of TRIBUTARY_VAR."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import embedded


class Command(BaseCommand):
    help = "start | stop | url"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["start", "stop", "url"])

    def handle(self, **options: Any) -> None:
        if options["act"] == "stop":
            embedded.stop()
            return
        embedded.ensure()
        if options["act"] == "url":
            self.stdout.write(f"DATABASE_URL={os.environ['DATABASE_URL']}\nREDIS_URL={os.environ['REDIS_URL']}")
