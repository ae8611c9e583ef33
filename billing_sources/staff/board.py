"""The board of bill cycles: what each system's cycle brought in a month, what is held, what is late.

A bill belongs to the month that it is dated in, and there to the cycle that it names; where it names none that its
system has, to the cycle that closed last by its date. A file belongs where its first bill does; one of which nothing
was loaded, to the cycle that its run was rung for, else to the one that closed last before it came.
Call inside `carrier()`. The number of queries does not depend on how much there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, OuterRef, Q, Subquery, Sum

from billing_sources.calendar import Cycle, closing_cycle
from billing_sources.completeness.queries import absent_accounts
from billing_sources.models import BillCycle, BillingSystem, ImportFile, Invoice, QuarantinedInvoice
from billing_sources.night import CATCH_UP_DAYS
from billing_sources.registry import ADAPTERS
from portal.money import ZERO

_LATEST_BELL = timedelta(days=CATCH_UP_DAYS)


class Month(NamedTuple):
    year: int
    number: int

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    def shifted(self, months: int) -> Month:
        years, index = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(years, index + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


@dataclass
class Tally:
    """What is known of one system's cycle in one month. Bills are counted by their latest revision."""

    published: int = 0
    unlinked: int = 0  # loaded, and held until their account is linked to a customer
    held: int = 0  # do not tie, and wait for a person
    held_amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    held_files: int = 0
    files: set[int] = field(default_factory=set)
    shadow: int = 0  # loaded and proven, and seen by the carrier alone
    absent: int = 0  # accounts that the cycle billed before, and not this month

    @property
    def is_empty(self) -> bool:
        return not (self.published or self.unlinked or self.shadow or self.held or self.held_files)


@dataclass
class System:
    """A billing system on the board. `proven` adds up what its loaded bills state as due, by currency.

    `first_billed_on` is the date of the oldest bill in the first file that brought any.
    """

    id: int
    key: str
    name: str
    first_billed_on: date | None
    cycles: tuple[Cycle, ...]
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    proven: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


def read_month(month: Month) -> list[System]:
    """Every billing system with its cycles' tallies of the month, in the order of their names."""
    systems = {system.id: system for system in _systems()}
    _add_invoices(systems, month)
    _add_troubled_files(systems, month)
    _add_absent_accounts(systems, month)
    return list(systems.values())


def never_heard_of(known: Collection[str]) -> Iterator[System]:
    """Billing systems that we can read and that have no row yet: the first import makes it."""
    for adapter in sorted(ADAPTERS.values(), key=lambda adapter: adapter.title):
        if adapter.key not in known:
            yield System(0, adapter.key, adapter.title, None, ())


def last_closed(cycles: Sequence[Cycle], rung: str, on: date) -> tuple[Month, str]:
    """Month and cycle of a file that came on a day; `rung` is the cycle that its run was rung for, or "".

    A night is rung a few days late at most: an older bell says nothing of what came.
    """
    month = Month(on.year, on.month)
    closings = [
        (when.first.replace(day=cycle.day), cycle.code) for when in (month.shifted(-1), month) for cycle in cycles
    ]
    closed = sorted(closing for closing in closings if closing[0] <= on)
    late_bell = [closing for closing in closed if closing[1] == rung and on - closing[0] <= _LATEST_BELL]
    if not closed:
        return month, ""
    day, code = (late_bell or closed)[-1]
    return Month(day.year, day.month), code


def _systems() -> Iterable[System]:
    cycles: dict[int, list[Cycle]] = defaultdict(list)
    for system_id, code, day in BillCycle.objects.order_by("day", "code").values_list("system_id", "code", "day"):
        cycles[system_id].append(Cycle(code, day))
    files = ImportFile.objects.filter(run__system=OuterRef(OuterRef("pk")), loaded_bills__gt=0).order_by("pk")
    oldest = Invoice.objects.filter(file=Subquery(files.values("pk")[:1])).order_by("billed_on").values("billed_on")[:1]
    rows = (
        BillingSystem.objects.order_by("name")
        .annotate(oldest=Subquery(oldest))
        .values_list("pk", "key", "name", "oldest")
    )
    return [System(pk, key, name, first, tuple(cycles[pk])) for pk, key, name, first in rows]


def _add_invoices(systems: dict[int, System], month: Month) -> None:
    state = Invoice.State
    rows = (
        Invoice.objects.filter(is_current=True, billed_on__gte=month.first, billed_on__lt=month.shifted(1).first)
        .order_by()
        .values_list("system_id", "cycle", "billed_on", "file_id", "currency")
        .annotate(
            published=Count("pk", filter=Q(state=state.PUBLISHED)),
            unlinked=Count("pk", filter=Q(state=state.HELD)),
            shadow=Count("pk", filter=Q(state=state.SHADOW)),
            due=Sum("amount_due"),
        )
    )
    for system_id, stated, billed_on, file_id, currency, published, unlinked, shadow, due in rows:
        system = systems[system_id]
        tally = system.tallies[closing_cycle(system.cycles, stated, billed_on.day)]
        tally.published += published
        tally.unlinked += unlinked
        tally.shadow += shadow
        tally.files.add(file_id)
        system.proven[currency] += due


def _add_absent_accounts(systems: dict[int, System], month: Month) -> None:
    """Of cycles that have come: before that every account is absent."""
    for (system_id, cycle), links in absent_accounts(month.first).items():
        tally = systems[system_id].tallies.get(cycle)
        if tally and not tally.is_empty:
            tally.absent = len(links)


def _add_troubled_files(systems: dict[int, System], month: Month) -> None:
    held = _held_bills()
    for file in _troubled_files(held):
        system = systems[file.system_id]
        where, code = _place(file, system)
        if where != month:
            continue
        tally = system.tallies[code]
        tally.files.add(file.id)
        tally.held_files += file.is_held
        for currency, number, amount in held[file.id]:
            tally.held += number
            tally.held_amounts[currency] += amount


class _Troubled(NamedTuple):
    """A file that waits for a person, with what tells where it belongs."""

    id: int
    system_id: int
    rung: str | None
    received_at: datetime
    state: str
    stated: str | None
    billed_on: date | None

    @property
    def is_held(self) -> bool:
        return self.state == ImportFile.State.QUARANTINED


def _held_bills() -> dict[int, list[tuple[str, int, Decimal]]]:
    """File → (currency, bills, amount) of what is held in it and not decided yet."""
    held: dict[int, list[tuple[str, int, Decimal]]] = defaultdict(list)
    waiting = QuarantinedInvoice.objects.filter(state=QuarantinedInvoice.State.HELD)
    for file_id, *figures in waiting.order_by().values_list("file_id", "currency").annotate(Count("pk"), Sum("amount")):
        held[file_id].append(tuple(figures))
    return held


def _troubled_files(held: Iterable[int]) -> Iterable[_Troubled]:
    first = Invoice.objects.filter(file=OuterRef("pk")).order_by("billed_on", "pk")
    files = ImportFile.objects.filter(Q(state=ImportFile.State.QUARANTINED) | Q(pk__in=list(held)))
    placed = files.annotate(
        stated=Subquery(first.values("cycle")[:1]), billed_on=Subquery(first.values("billed_on")[:1])
    )
    columns = ("pk", "run__system_id", "run__cycle__code", "received_at", "state", "stated", "billed_on")
    return map(_Troubled._make, placed.values_list(*columns))


def _place(file: _Troubled, system: System) -> tuple[Month, str]:
    if file.billed_on is None:
        return last_closed(system.cycles, file.rung or "", file.received_at.date())
    code = closing_cycle(system.cycles, file.stated or "", file.billed_on.day)
    return Month(file.billed_on.year, file.billed_on.month), code
