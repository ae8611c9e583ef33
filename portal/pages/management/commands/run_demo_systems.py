"""Runs the demo carrier's billing systems until it is stopped: SFTP, S3, REST and a database, on loopback ports."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.demo import systems


class Command(BaseCommand):
    help = "The demo's billing systems. Not real ones."

    def handle(self, **options: Any) -> None:
        systems.serve_forever()
