"""When the carrier owes an answer, and when a decision: its own policy, read from settings.CARRIER_FILE."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Promise:
    """Days from the opening: to the first answer, and to the decision."""

    answer_within_days: int
    resolve_within_days: int

    def answer_due_on(self, opened_at: datetime) -> date:
        return opened_at.date() + timedelta(days=self.answer_within_days)

    def resolve_due_on(self, opened_at: datetime) -> date:
        return opened_at.date() + timedelta(days=self.resolve_within_days)


def promise() -> Promise:
    """What the carrier promises today; a dispute keeps what was promised when it was opened."""
    return _read(settings.CARRIER_FILE)


@cache
def _read(path: Path) -> Promise:
    return Promise(**tomllib.loads(path.read_text())["disputes"])
