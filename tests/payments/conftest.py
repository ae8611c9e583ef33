"""A pay run at work, in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from django.db import connection

from billing_sources.models import Invoice
from payments import operations
from payments.checks import differences
from payments.models import Payment, PayRun
from payments.operations import Place
from portal.actor import Actor
from portal.tenancy import carrier
from tests.payments.disputes import Table
from tests.payments.partner import Partner
from tests.personas import Personas

VALUE_ON = date(2026, 12, 1)
T = TypeVar("T")


@dataclass
class Desk:
    """Dana's desk: every call is an operation under a fresh key, by somebody who just proved who they are."""

    people: Personas
    now: datetime
    has_tampered: bool = False

    def do(self, operation: str, actor: Actor | None = None, **request: Any) -> Any:
        call = getattr(operations, operation)
        request = {"key": uuid4(), "now": self.now, **request}
        return call(replace(actor or self.people.dana, confirmed_at=request["now"]), **request)

    def open(self, *invoices: Invoice, title: str = "November") -> UUID:
        return UUID(self.do("open_run", title=title, invoices=[invoice.code for invoice in invoices]).code)

    def pay(self, run: UUID, method: str = "ach_credit", currency: str = "USD", planned: str | None = None) -> UUID:
        amount = None if planned is None else Decimal(planned)
        done = self.do("add_payment", run=run, method=method, currency=currency, value_on=VALUE_ON, planned=amount)
        return UUID(done.code)

    def place(self, run: UUID, payment: UUID, *invoices: Invoice, amount: str | None = None, **request: Any) -> Any:
        wanted = None if amount is None else Decimal(amount)
        places = [Place(invoice.code, payment, wanted) for invoice in invoices]
        return self.do("allocate", run=run, placements=places, **request)

    def submitted(self, *invoices: Invoice, payments: int = 1) -> UUID:
        """A run with the invoices in full on the first of its payments, one invoice on each of the others."""
        run = self.open(*invoices)
        codes = [self.pay(run) for _ in range(payments)]
        for code, invoice in zip(codes[1:], invoices[1:], strict=False):
            self.place(run, code, invoice)
        self.place(run, codes[0], invoices[0], *invoices[payments:])
        self.do("submit_run", run=run)
        return run

    def approved(self, *invoices: Invoice, payments: int = 1) -> UUID:
        run = self.submitted(*invoices, payments=payments)
        self.do("approve_run", self.people.victor, run=run, sha256=self.run(run).submitted_sha256)
        return run

    def released(self, *invoices: Invoice, payments: int = 1) -> UUID:
        run = self.approved(*invoices, payments=payments)
        self.do("release_run", self.people.victor, run=run)
        return run

    def run(self, code: UUID) -> PayRun:
        with carrier(read_only=True):
            return PayRun.objects.get(code=code)

    def payments(self, run: UUID) -> Sequence[Payment]:
        with carrier(read_only=True):
            return list(Payment.objects.filter(run__code=run).order_by("position"))

    def invoice(self, invoice: Invoice) -> Invoice:
        with carrier(read_only=True):
            return Invoice.objects.get(pk=invoice.pk)


def at_once(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Every call in a thread and on a connection of its own."""

    def one(call: Callable[[], T]) -> T | Exception:
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.fixture
def desk(people: Personas, now: datetime) -> Iterator[Desk]:
    """Whatever a test did at the desk, the books hold afterwards — unless it tampered with them to see it noticed."""
    desk = Desk(people, now)
    yield desk
    if not desk.has_tampered:
        with carrier(read_only=True):
            assert differences() == []


@pytest.fixture
def partner(desk: Desk, tmp_path: Path) -> Partner:
    return Partner(tmp_path / "ar", desk.now)


@pytest.fixture
def table(desk: Desk) -> Table:
    return Table(desk)
