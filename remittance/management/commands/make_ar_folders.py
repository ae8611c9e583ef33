"""Makes the drop folders for AR, once, when an installation is set up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from remittance.connector import x12_820


class Command(BaseCommand):
    help = "Makes the folders through which 820s and answers pass. For a first start only, never to mend an outage."

    def handle(self, **options: Any) -> None:
        x12_820().folders.make()
