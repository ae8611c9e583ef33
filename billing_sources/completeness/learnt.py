"""Which accounts a cycle can be expected to bill, from what it billed before. Pure.

An account is expected where the cycle billed it in two of the last three months, or in every month since its first.
So a new account is expected from its second month on, and one that has ended is asked for twice and then no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from billing_sources.calendar import Cycle

LOOKED_BACK = 3  # months


class Billed(NamedTuple):
    """A cycle billed an account in a month; `on` is the day of the newest bill, `month` its first day."""

    system: int
    cycle: str
    account: int
    month: date
    on: date


@dataclass(frozen=True)
class Expected:
    """An account in a month. `billed_on` is None while nothing has come, `due_on` for a system without a calendar."""

    system: int
    cycle: str
    account: int
    last_billed_on: date
    due_on: date | None
    billed_on: date | None

    def word(self, today: date, has_come: bool = False) -> str:
        """received, expected, late, or absent: the cycle `has_come`, and this account was not in it."""
        if self.billed_on:
            return "received"
        if self.due_on is None or today <= self.due_on:
            return "expected"
        return "absent" if has_come else "late"


def expected(history: Iterable[Billed], month: date, cycles: dict[int, Sequence[Cycle]]) -> list[Expected]:
    """Every account that is expected in `month` (its first day), and those that came unexpected as well."""
    months: dict[tuple[int, str, int], dict[date, date]] = defaultdict(dict)
    for billed in history:
        months[billed.system, billed.cycle, billed.account][billed.month] = billed.on
    came = {(system, account): days[month] for (system, _, account), days in months.items() if month in days}
    return [
        Expected(
            system,
            cycle,
            account,
            last_billed_on=max(days.values()),
            due_on=_due_on(cycles.get(system, ()), cycle, month),
            billed_on=days.get(month) or came.get((system, account)),
        )
        for (system, cycle, account), days in months.items()
        if month in days or _is_learnt(days, month)
    ]


def first_looked_at(month: date) -> date:
    """The first day of the oldest month that matters for `month`."""
    for _ in range(LOOKED_BACK):
        month = (month - timedelta(days=1)).replace(day=1)
    return month


def _is_learnt(days: Iterable[date], month: date) -> bool:
    before = [billed for billed in days if billed < month]
    return len(before) >= 2 or (bool(before) and len(before) == _months_between(min(before), month))


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _due_on(cycles: Iterable[Cycle], code: str, month: date) -> date | None:
    """The day after the cycle closes: its file comes in that night."""
    day = next((cycle.day for cycle in cycles if cycle.code == code), None)
    return month.replace(day=day) + timedelta(days=1) if day else None
