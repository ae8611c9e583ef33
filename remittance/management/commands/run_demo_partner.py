"""Runs the demo's own AR partner: answers 820s as they come, until it is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from payments.ar.gateway import DropFolders
from remittance.demo_partner import answer_all


class Command(BaseCommand):
    help = "The demo's AR: takes 820s from the drop folder and leaves TA1, 997 and 824. Not a real AR system."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between looks")

    def handle(self, **options: Any) -> None:
        folders = DropFolders.under(Path(settings.AR_DIR))
        while True:
            answer_all(folders, timezone.now())
            time.sleep(options["every"])
