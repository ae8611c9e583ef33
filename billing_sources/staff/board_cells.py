"""The board as its page shows it: a cell, a word and a tone for each tally. Pure but for addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.urls import reverse

from billing_sources.calendar import Cycle
from billing_sources.registry import ADAPTERS
from billing_sources.staff.board import Month, System, Tally
from billing_sources.staff.figures import age, count, moneys
from portal.money import ZERO

NO_CYCLE = "other"
"""What the cycle of bills is called in addresses whose system has no calendar."""

_URGENCY = ("bad", "warn", "info", "good", "off")


@dataclass(frozen=True)
class Cell:
    """One cycle of one system. `why` says in a sentence what `word` says in two."""

    cycle: str
    closes_on: str
    word: str
    tone: str
    why: str
    url: str
    files: frozenset[int]
    is_chosen: bool = False

    @property
    def is_published(self) -> bool:
        return self.tone == "good"


@dataclass(frozen=True)
class SystemRow:
    """One row of the board; `cells` stand under its columns, None where the system has no such cycle."""

    key: str
    name: str
    source: str
    plays: str
    cells: tuple[Cell | None, ...]
    proven: tuple[str, ...]
    run_url: str


@dataclass(frozen=True)
class Column:
    label: str
    closes_on: str


@dataclass(frozen=True)
class Chip:
    figure: str
    label: str
    url: str
    detail: str = ""


@dataclass(frozen=True)
class Chosen:
    """The cell whose files stand below the board."""

    title: str
    why: str
    files: frozenset[int]
    absent_url: str  # where absent accounts are listed; "" where none is absent


@dataclass(frozen=True)
class BoardPage:
    """`columns` by cycle; the last one stays open for bills of systems without a calendar."""

    month: str
    columns: tuple[Column, ...]
    rows: tuple[SystemRow, ...]
    chips: tuple[Chip, ...]
    chosen: Chosen | None
    earlier_url: str
    later_url: str


def board_page(
    systems: Sequence[System], month: Month, now: datetime, wanted: tuple[str, str], running: Mapping[int, str]
) -> BoardPage:
    """`wanted` is (key of a system, cycle): the cell to open; without such a cell the one that needs a person most.

    `running` is system → address of its run that is under way.
    """
    codes = _codes(systems)
    cells = {(system.key, code): _cell(system, code, month, now) for system in systems for code in codes}
    where = wanted if cells.get(wanted) else _most_urgent(cells)
    rows = tuple(_row(system, codes, cells, where, running.get(system.id, "")) for system in systems)
    url = reverse("bill_cycles")
    return BoardPage(
        month=f"{month.first:%B %Y}",
        columns=tuple(_column(code, systems, month) for code in codes),
        rows=rows,
        chips=tuple(_chips(systems, [cell for cell in cells.values() if cell])),
        chosen=_chosen(where, cells[where], systems, month) if where else None,
        earlier_url=f"{url}?month={month.shifted(-1)}",
        later_url=f"{url}?month={month.shifted(1)}",
    )


def _codes(systems: Iterable[System]) -> list[str]:
    """Cycles of all systems by the day they close on; at last those of bills that belong to none."""
    days: dict[str, int] = {}
    for system in systems:
        for cycle in system.cycles:
            days[cycle.code] = min(cycle.day, days.get(cycle.code, cycle.day))
    codes = sorted(days, key=lambda code: (days[code], code))
    return [*codes, ""] if any("" in system.tallies for system in systems) else codes


def _column(code: str, systems: Iterable[System], month: Month) -> Column:
    days = {cycle.day for system in systems for cycle in system.cycles if cycle.code == code}
    closes_on = _day(month.first.replace(day=days.pop())) if len(days) == 1 else ""
    return Column(f"Cycle {code}" if code else "No cycle", closes_on)


def _row(
    system: System, codes: Iterable[str], cells: Mapping[tuple[str, str], Cell | None], where: object, run_url: str
) -> SystemRow:
    adapter = ADAPTERS.get(system.key)
    placed = [(cells[system.key, code], (system.key, code) == where) for code in codes]
    return SystemRow(
        key=system.key,
        name=system.name,
        source=adapter.transport.describe() if adapter else "",
        plays=adapter.plays if adapter else "",
        cells=tuple(_marked(cell) if cell and is_chosen else cell for cell, is_chosen in placed),
        proven=moneys(system.proven),
        run_url=run_url,
    )


def _marked(cell: Cell) -> Cell:
    return Cell(cell.cycle, cell.closes_on, cell.word, cell.tone, cell.why, cell.url, cell.files, is_chosen=True)


def _cell(system: System, code: str, month: Month, now: datetime) -> Cell | None:
    """None where the system has no such cycle, and no bills without one."""
    cycle = next((cycle for cycle in system.cycles if cycle.code == code), None)
    tally = system.tallies.get(code, Tally())
    if cycle is None and tally.is_empty:
        return None
    word, tone, why = _filled(tally) if cycle is None or not tally.is_empty else _awaited(system, cycle, month, now)
    return Cell(
        cycle=f"Cycle {code}" if code else "No cycle",
        closes_on=_day(month.first.replace(day=cycle.day)) if cycle else "",
        word=word,
        tone=tone,
        why=why,
        url=f"{reverse('bill_cycles')}?month={month}&system={system.key}&cycle={code or NO_CYCLE}#files",
        files=frozenset(tally.files),
    )


def _filled(tally: Tally) -> tuple[str, str, str]:
    bills = tally.published + tally.unlinked + tally.shadow + tally.held
    why = _sentence(tally)
    if tally.held_files:
        return count(tally.held_files, "file") + " held", "bad", why
    if tally.held:
        return f"{tally.held:,} of {bills:,} held", "bad", why
    if tally.absent:
        return f"{bills:,}, {tally.absent:,} absent", "warn", why
    if tally.published:
        return f"{tally.published:,}", "good", why
    if tally.shadow:
        return f"{tally.shadow:,} in shadow", "info", why
    return f"{tally.unlinked:,} to link", "info", why


def _sentence(tally: Tally) -> str:
    parts = [f"{count(tally.published, 'bill')} published"] if tally.published else []
    parts += [f"{tally.unlinked:,} loaded and waiting for their account to be linked"] if tally.unlinked else []
    parts += [f"{tally.shadow:,} proven, in the shadow"] if tally.shadow else []
    if tally.held:
        parts.append(f"{count(tally.held, 'bill')} held ({', '.join(moneys(tally.held_amounts)) or 'amount unknown'})")
    parts += [f"{count(tally.held_files, 'file')} held whole"] if tally.held_files else []
    parts += [f"{count(tally.absent, 'account')} billed before and absent now"] if tally.absent else []
    return "; ".join(parts)


def _awaited(system: System, cycle: Cycle, month: Month, now: datetime) -> tuple[str, str, str]:
    """Nothing came: not yet, not in time, or not before the system was in use."""
    closes_on = month.first.replace(day=cycle.day)
    due_at = datetime.combine(closes_on + timedelta(days=1), time(), UTC)
    if due_at > now:
        return _day(closes_on), "off", f"Expected on {_day(closes_on)}"
    if _before_its_time(system.first_billed_on, closes_on, now):
        return "–", "off", "Before the first bill of this system"
    return f"late {age(due_at, now)}", "warn", f"Expected on {_day(closes_on)}; nothing has come"


def _before_its_time(first_billed_on: date | None, closes_on: date, now: datetime) -> bool:
    """A system that has never sent a bill is waited for from this month on."""
    return closes_on < (first_billed_on or now.date().replace(day=1))


def _most_urgent(cells: Mapping[tuple[str, str], Cell | None]) -> tuple[str, str] | None:
    """Of those with files, the worst; of equals the last."""
    filled = [(where, cell) for where, cell in cells.items() if cell and cell.files]
    return min(reversed(filled), key=lambda pair: _URGENCY.index(pair[1].tone))[0] if filled else None


def _chips(systems: Iterable[System], cells: Sequence[Cell]) -> Iterable[Chip]:
    tallies = [tally for system in systems for tally in system.tallies.values()]
    held, unlinked = sum(tally.held for tally in tallies), sum(tally.unlinked for tally in tallies)
    files = sum(tally.held_files for tally in tallies)
    late = sum(cell.tone == "warn" and not cell.files for cell in cells)
    absent = sum(tally.absent for tally in tallies)
    yield Chip(f"{sum(cell.is_published for cell in cells):,}", f"of {count(len(cells), 'cycle')} published", "")
    if held:
        amounts = ", ".join(moneys(_added(tally.held_amounts for tally in tallies)))
        yield Chip(f"{held:,}", "invoice held" if held == 1 else "invoices held", reverse("quarantine"), amounts)
    if files:
        yield Chip(f"{files:,}", "file held" if files == 1 else "files held", reverse("quarantine"))
    if late:
        yield Chip(f"{late:,}", "late", "")
    if absent:
        yield Chip(f"{absent:,}", "account absent" if absent == 1 else "accounts absent", "")
    if unlinked:
        yield Chip(f"{unlinked:,}", "wait for an account", reverse("account_links"))


def _added(amounts: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for by_currency in amounts:
        for currency, amount in by_currency.items():
            total[currency] += amount
    return total


def _chosen(where: tuple[str, str], cell: Cell | None, systems: Iterable[System], month: Month) -> Chosen | None:
    name = next(system.name for system in systems if system.key == where[0])
    if cell is None:
        return None
    absent_url = f"{reverse('accounts_absent', args=[where[0]])}?month={month}&cycle={where[1]}"
    title = f"{name}, {cell.cycle.lower()}, {month.first:%B %Y}"
    return Chosen(title, cell.why, cell.files, absent_url if "absent" in cell.why else "")


def _day(on: date) -> str:
    return f"{on.day} {on:%b}"
