"""Re-derive every counter of the ledger from its events, and say where they differ. The queries are in checks.sql."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection

from payments.domain.payload import sha256_of
from payments.facts import items, payload
from payments.models import Payment, PayRun

CHECKS: Final = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class MoneyDifference:
    """One thing that does not hold: the invariant's id, about what, what was derived and what stands."""

    invariant: str
    subject: str
    expected: str
    found: str


def differences() -> list[MoneyDifference]:
    """Every difference, in the snapshot of one transaction of the carrier. Empty when the books hold."""
    found: list[MoneyDifference] = []
    with connection.cursor() as cursor:
        for invariant, query in queries():
            cursor.execute(query)
            found += [MoneyDifference(invariant, *row) for row in cursor.fetchall()]
    return [*found, *changed_since_submission()]


def queries() -> Iterator[tuple[str, str]]:
    """Name and query of each check, without the file's heading."""
    _, *blocks = CHECKS.read_text(encoding="utf-8").split("\n\n")
    for block in blocks:
        name, query = block.strip().split("\n", 1)
        yield name.removeprefix("-- "), query


def changed_since_submission() -> list[MoneyDifference]:
    """I10: what was submitted is still what was hashed."""
    found = []
    for run in PayRun.objects.filter(state__in=[PayRun.State.SUBMITTED, PayRun.State.APPROVED]).order_by("pk"):
        live = Payment.objects.filter(run=run).exclude(state=Payment.State.CANCELLED).order_by("pk")
        now = sha256_of(payload(run, list(live), items(run)))
        if now != run.submitted_sha256:
            subject = f"pay run {run.number} of customer {run.customer_id}"
            found.append(MoneyDifference("I10 frozen since submission", subject, run.submitted_sha256, now))
    return found
