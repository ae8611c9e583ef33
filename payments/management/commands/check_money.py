"""`manage.py check_money`: do the books hold?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from payments.checks import differences
from portal.tenancy import carrier


class Command(BaseCommand):
    help = "Re-derives every counter and total of the ledger and prints each difference; exit 1 if there is any."

    def handle(self, **options: Any) -> None:
        with carrier(read_only=True):
            found = differences()
        for one in found:
            self.stdout.write(f"{one.invariant}: {one.subject}: expected {one.expected}, found {one.found}")
        self.stdout.write("The books hold." if not found else f"{len(found)} differences.")
        if found:
            sys.exit(1)
