"""May this person approve this run now, in their own right or in another's? Pure; invariants §4.3, I11, I12.

The database refuses the same (migration *_approvals: guard_approval, guard_run_steps, the limits' CHECK).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from payments.domain.approval_policy import PERIODS, Period, Policy, limit_of
from payments.domain.refusals import Refusal, Rule
from portal.money import ZERO, format_amount


@dataclass(frozen=True)
class AskedStep:
    """A step as it was frozen when the run was submitted; `named` () is anyone with the right."""

    position: int
    people: int
    named: tuple[int, ...] = ()


@dataclass(frozen=True)
class Given:
    """An approval of the version that stands: who gave it, and whose right it was."""

    step: int
    person: int
    holder: int


@dataclass(frozen=True)
class Dossier:
    """What is asked of a submitted run and who has answered. `delegates` are people whom a maker trusts at present."""

    run: int
    steps: tuple[AskedStep, ...]
    given: tuple[Given, ...]
    makers: frozenset[int]
    delegates: frozenset[int]
    sums: tuple[tuple[str, Decimal], ...]
    policies: tuple[Policy, ...] = ()  # in force when it was submitted, and in force now


@dataclass(frozen=True)
class Room:
    """How far somebody's limit is used up; `limit` None is unlimited."""

    currency: str
    period: Period
    limit: Decimal | None
    used: Decimal

    @property
    def left(self) -> Decimal | None:
        return None if self.limit is None else max(self.limit - self.used, ZERO)


def step_due(dossier: Dossier) -> AskedStep | None:
    """The first step that lacks somebody; None when all are complete."""
    had = Counter(given.step for given in dossier.given)
    return next((step for step in dossier.steps if had[step.position] < step.people), None)


def why_not(dossier: Dossier, person: int, holder: int) -> Refusal | None:
    """Why `person` cannot approve by the right of `holder` (their own, or whoever handed theirs over)."""
    if {person, holder} & dossier.makers:
        return Refusal(Rule.OWN_WORK, "Whoever made or edited a pay run cannot approve it.")
    if person in dossier.delegates:
        return Refusal(Rule.OWN_WORK, "Whoever acts for a maker of a pay run cannot approve it.")
    if any({person, holder} & {given.person, given.holder} for given in dossier.given):
        return Refusal(Rule.TWICE, "Every approval of a pay run is another person's.")
    due = step_due(dossier)
    if due is None:
        return Refusal(Rule.NOT_YOUR_STEP, "Every step is complete.")
    if due.named and holder not in due.named:
        return Refusal(Rule.NOT_YOUR_STEP, f"Step {due.position} asks for other people.")
    return None


def over_limit(dossier: Dossier, rooms: Iterable[Room]) -> Refusal | None:
    """The first limit that the run would exceed."""
    sums = dict(dossier.sums)
    for room in rooms:
        amount = sums.get(room.currency, ZERO)
        if room.left is not None and amount > room.left:
            left, wanted = (format_amount(each, room.currency) for each in (room.left, amount))
            words = f"It pays {wanted} {room.currency}; of the limit {_PER[room.period]} {left} is left."
            return Refusal(Rule.OVER_LIMIT, words)
    return None


def rooms_of(dossier: Dossier, holder: int, used: dict[tuple[str, str], Decimal], now: datetime) -> list[Room]:
    """Every limit of the holder that this run touches; `used` is by currency and span."""
    return [
        Room(
            currency,
            period,
            limit_of(dossier.policies, holder, currency, period),
            used.get((currency, span_of(period, dossier.run, now)), ZERO),
        )
        for currency, _ in dossier.sums
        for period in PERIODS
    ]


def span_of(period: Period, run: int, now: datetime) -> str:
    """What is counted together, in UTC: "run 12", "2026-11-21", "2026-11"."""
    return {"run": f"run {run}", "day": f"{now:%Y-%m-%d}", "month": f"{now:%Y-%m}"}[period]


def missing(steps: Sequence[AskedStep], given: Sequence[Given]) -> int:
    """How many people still have to approve."""
    had = Counter(each.step for each in given)
    return sum(max(step.people - had[step.position], 0) for step in steps)


_PER = {"run": "for one run", "day": "for a day", "month": "for a month"}
