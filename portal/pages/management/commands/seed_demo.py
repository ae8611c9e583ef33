"""Fills an empty database with the demo carrier. A second time it does nothing."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing_sources import night, tasks
from billing_sources.models import BillingSystem, ImportFile, ImportRun, Invoice
from billing_sources.operations import start_import
from portal import tenancy
from portal.actor import CarrierActor
from portal.demo import bills, history, people, plan
from portal.users.models import User

PATIENCE = 900  # seconds for the night's import


class Command(BaseCommand):
    help = "Customers, people, months of bills through the real night, and the pay runs of their past. Needs workers."

    def handle(self, **options: Any) -> None:
        if User.objects.filter(email=people.PERSONAS[0].email).exists():
            return
        today = timezone.localdate()
        self._say("Customers, account trees and people")
        people.settle_in(datetime.now(UTC), plan.latest_cycles(today))
        people.confirm_addresses()
        people.keep_in_shadow(_engineer(), datetime.now(UTC))
        self._say(f"{len(bills.write_bills(today))} bill files where the billing systems leave them")
        bills.write_cut_file(today)
        people.set_calendar()
        self._import(today)
        self._say("Pay runs of the past months, and this month's")
        history.live(today)
        people.state_methods(_engineer(), datetime.now(UTC))
        bills.write_reissue(today)
        self._import(today)

    def _import(self, today: date) -> None:
        """Ring the night as beat does; where no cycle is due, let the engineer start it, as on the page."""
        ids = night.ring_night(datetime.now(UTC))
        systems = self._systems_without_a_run(ids)
        engineer = _engineer()
        ids += [start_import(actor=engineer, system=system, now=datetime.now(UTC)).pk for system in systems]
        for run_id in ids:
            tasks.wake(tasks.import_cycle, run_id)
        self._watch(ids)

    def _systems_without_a_run(self, ids: list[int]) -> list[BillingSystem]:
        with tenancy.carrier():
            busy = ImportRun.objects.filter(pk__in=ids).values("system")
            return list(BillingSystem.objects.filter(key__in=plan.SYSTEMS).exclude(pk__in=busy))

    def _watch(self, ids: list[int]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            files, invoices, unended = _progress(ids)
            self._show(f"Nightly import by the workers: {files} files, {invoices:,} invoices")
            if not unended:
                self.stdout.write("")
                return
            if time.monotonic() > deadline:
                raise TimeoutError("the workers did not finish the night's import")
            time.sleep(0.5)

    def _say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()

    def _show(self, line: str) -> None:
        """One line that is written over on a terminal; elsewhere only its end counts."""
        if sys.stdout.isatty():
            self.stdout.write(f"\r  {line}", ending="")
            self.stdout.flush()


def _progress(ids: list[int]) -> tuple[int, int, bool]:
    with tenancy.carrier(read_only=True):
        files = ImportFile.objects.filter(run__in=ids, state=ImportFile.State.PUBLISHED).count()
        unended = ImportRun.objects.filter(pk__in=ids).exclude(state__in=["finished", "failed"]).exists()
        return files, Invoice.objects.count(), unended


def _engineer() -> CarrierActor:
    user = User.objects.get(email="erik@meridian.example")
    return CarrierActor(user.pk, user.name, user.carrier_role)
