"""A night for the tests of the engineer's pages: one file with faults, and the engineer at the screen.

Its fixtures come into a test module by `pytest_plugins`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from billing_sources import night, runs, tasks
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.models import (
    AccountLink,
    BillCycle,
    BillingSystem,
    ImportFile,
    ImportRun,
    Invoice,
    QuarantinedInvoice,
)
from billing_sources.transports import Payload
from portal.tenancy import carrier
from portal.users.models import User
from tests.personas import Personas

ORDER = CycleOrder(
    "atlas",
    customers=2,
    accounts=24,
    invoices=24,
    seed=3,
    billed_on=date(2026, 11, 5),
    cycle="2",
    faults=("unknown_term", "wrong_total", "bad_date"),
)
BILLS, HELD = 24, 2  # an unknown term holds nothing back


@dataclass
class Night:
    """One atlas file with faults in it, imported; nobody has linked an account yet."""

    people: Personas
    erik: Client
    run: ImportRun
    folder: Path

    def import_order(self, order: CycleOrder) -> ImportRun:
        return self.import_files([write(order, self.folder)], order.system)

    def import_files(self, payloads: list[Payload], system: str = "atlas") -> ImportRun:
        run = runs.start(runs.billing_system(system), ImportRun.Trigger.COMMAND, datetime.now(UTC))
        night.work_on(run.pk, payloads)
        return run

    def file(self, run: ImportRun | None = None) -> ImportFile:
        with carrier():
            return ImportFile.objects.select_related("document").get(run=run or self.run)

    def held(self, readable: bool = True) -> QuarantinedInvoice:
        with carrier():
            return QuarantinedInvoice.objects.get(canonical__isnull=not readable)

    def link(self, **wanted: Any) -> AccountLink:
        with carrier():
            bills = Invoice.objects.filter(state=Invoice.State.HELD)
            return AccountLink.objects.filter(pk__in=bills.values("account_link"), **wanted).order_by("pk")[0]


@pytest.fixture
def bills_came_in(people: Personas, tmp_path: Path, woken: list[int]) -> Night:
    with carrier():
        system = BillingSystem.objects.create(key="atlas", name="Atlas")
        for code, day in (("1", 1), ("2", 5), ("3", 20)):
            BillCycle.objects.create(system=system, code=code, day=day)
    made = Night(people, signed_in(people.erik.user_id), ImportRun(), tmp_path)
    made.run = made.import_order(ORDER)
    return made


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids that workers were woken for, instead of a worker."""
    heard: list[int] = []
    for task in (tasks.import_cycle, tasks.load_bill):
        monkeypatch.setattr(task, "delay", heard.append)
    return heard


def signed_in(user_id: int) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user_id), backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def write(order: CycleOrder, folder: Path) -> Payload:
    generated = next(generate_cycle(order))
    buffer = BytesIO()
    generated.write(buffer)
    path = folder / generated.name
    path.write_bytes(buffer.getvalue())
    return Payload.of(path)


def figure(text: str) -> int:
    """An amount as a page shows it, in hundredths."""
    return int(Decimal(text.replace(",", "").replace("\u2212", "-")) * 100)


def text_of(answer: Any) -> str:
    """The page as it is read: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("&#x27;", "'")
