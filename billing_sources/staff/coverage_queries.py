"""Which systems customers see, and with what share of the bills and of the money. Call inside `carrier()`.

Three quarters online now beats none until all is perfect: what is not live yet is said as openly as what is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum

from billing_sources.models import BillCycle, BillingSystem, Invoice, Stage
from billing_sources.registry import ADAPTERS
from billing_sources.staff.figures import count, instant, moneys
from billing_sources.stages import LIVE, Stages, read_stages
from portal.money import ZERO

COUNTED = timedelta(days=31)
"""Shares are of what was billed in these last days: one month of every cycle."""

_SHOWN = Q(state=Invoice.State.PUBLISHED)


@dataclass(frozen=True)
class CoverageRow:
    """One system. `mode` is "live", "shadow", "partly" or "to come"; `share` of all bills counted, as text."""

    key: str
    name: str
    plays: str
    mode: str
    word: str
    tone: str
    bills: str
    share: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    rows: tuple[CoverageRow, ...]
    systems_live: int
    share_of_bills: str
    shares_of_money: tuple[str, ...]


@dataclass(frozen=True)
class CycleRow:
    """A cycle of a system, or the whole of it (`cycle` "")."""

    cycle: str
    label: str
    closes_on: str
    word: str
    tone: str
    in_shadow: str
    published: str


@dataclass(frozen=True)
class ActRow:
    at: str
    what: str
    who: str
    reason: str


@dataclass(frozen=True)
class SystemStages:
    key: str
    name: str
    plays: str
    cycles: tuple[CycleRow, ...]
    acts: tuple[ActRow, ...]


def read_coverage(today: date) -> Coverage:
    """Systems of the registry, those that have sent nothing yet at the end."""
    tallies = _tallies(today - COUNTED)
    modes = _modes()
    total = sum(tally.bills for tally in tallies.values())
    rows = [_row(key, tallies.get(key), modes.get(key), total) for key in _keys(tallies)]
    return Coverage(
        rows=tuple(rows),
        systems_live=sum(row.mode in ("live", "partly") for row in rows),
        share_of_bills=_percent(sum(tally.bills_shown for tally in tallies.values()), total),
        shares_of_money=tuple(_shares_of_money(tallies.values())),
    )


def read_system(system: BillingSystem) -> SystemStages:
    adapter = ADAPTERS.get(system.key)
    acts = list(Stage.objects.filter(system__key=system.key).select_related("set_by").order_by("pk"))
    stages = read_stages((act.cycle, act.mode) for act in acts)
    counts = _counts(system)
    days = dict(BillCycle.objects.filter(system__key=system.key).order_by("day", "code").values_list("code", "day"))
    return SystemStages(
        key=system.key,
        name=system.name,
        plays=adapter.plays if adapter else "",
        cycles=tuple(_cycle_row(code, day, stages, counts) for code, day in {"": 0, **days}.items()),
        acts=tuple(_act_row(act) for act in reversed(acts)),
    )


def stage_words() -> list[tuple[str, str]]:
    """What is said openly to everybody: ("Live", "Atlas, Boreal"), …; of systems as a whole."""
    modes = _modes()
    known = dict(BillingSystem.objects.order_by("name").values_list("key", "name"))
    names: dict[str, list[str]] = defaultdict(list)
    for key, name in known.items():
        names[_mode(modes.get(key))[1]].append(name)
    names["To come"] = [adapter.title for key, adapter in sorted(ADAPTERS.items()) if key not in known]
    return [(word, ", ".join(systems)) for word, systems in names.items() if systems]


@dataclass
class _Tally:
    """Bills and money of the days counted, by whether customers see them."""

    bills: int = 0
    bills_shown: int = 0
    shown: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    hidden: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


def _keys(tallies: Mapping[str, _Tally]) -> list[str]:
    known = sorted({*ADAPTERS, *tallies})
    return [key for key in known if key in tallies] + [key for key in known if key not in tallies]


def _tallies(since: date) -> dict[str, _Tally]:
    rows = (
        Invoice.objects.filter(is_current=True, billed_on__gt=since)
        .order_by()
        .values_list("system__key", "currency")
        .annotate(
            bills=Count("pk"),
            bills_shown=Count("pk", filter=_SHOWN),
            shown=Sum("payable", filter=_SHOWN),
            hidden=Sum("payable", filter=~_SHOWN),
        )
    )
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for key, currency, bills, bills_shown, shown, hidden in rows:
        tally = tallies[key]
        tally.bills += bills
        tally.bills_shown += bills_shown
        tally.shown[currency] += shown or ZERO
        tally.hidden[currency] += hidden or ZERO
    return tallies


def _modes() -> dict[str, tuple[Stages, list[str]]]:
    """System → its stages and the codes of its cycles."""
    acts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, cycle, mode in Stage.objects.order_by("pk").values_list("system__key", "cycle", "mode"):
        acts[key].append((cycle, mode))
    codes: dict[str, list[str]] = defaultdict(list)
    for key, code in BillCycle.objects.values_list("system__key", "code"):
        codes[key].append(code)
    return {key: (read_stages(acts[key]), codes[key]) for key in {*acts, *codes}}


def _row(key: str, tally: _Tally | None, modes: tuple[Stages, list[str]] | None, total: int) -> CoverageRow:
    adapter = ADAPTERS.get(key)
    mode, word, tone = _mode(modes) if tally else ("to come", "To come", "off")
    return CoverageRow(
        key=key,
        name=adapter.title if adapter else key.title(),
        plays=adapter.plays if adapter else "",
        mode=mode,
        word=word,
        tone=tone,
        bills=f"{tally.bills:,}" if tally else "",
        share=_percent(tally.bills, total) if tally else "",
        shown=moneys(tally.shown) if tally else (),
        hidden=moneys(tally.hidden) if tally else (),
    )


def _mode(modes: tuple[Stages, list[str]] | None) -> tuple[str, str, str]:
    """(mode, word, tone). A system without cycles is as its stage says."""
    stages, codes = modes or (read_stages(()), [])
    live = sum(stages.mode(code) == LIVE for code in codes)
    if codes and 0 < live < len(codes):
        return "partly", f"Live in {live} of {count(len(codes), 'cycle')}", "warn"
    is_live = live == len(codes) if codes else stages.of_system == LIVE
    return ("live", "Live", "good") if is_live else ("shadow", "In the shadow", "info")


def _shares_of_money(tallies: Iterable[_Tally]) -> Iterable[str]:
    """A text a currency: the share of what was billed in it that customers see."""
    shown: dict[str, Decimal] = defaultdict(lambda: ZERO)
    every: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for tally in tallies:
        for currency, amount in tally.shown.items():
            shown[currency] += amount
            every[currency] += amount
        for currency, amount in tally.hidden.items():
            every[currency] += amount
    return [f"{currency} {_percent(shown[currency], amount)}" for currency, amount in sorted(every.items()) if amount]


def _percent(part: Decimal | int, whole: Decimal | int) -> str:
    """Rounded down, so that 100 % means all of it."""
    return f"{int(100 * part / whole)} %" if whole else "–"


def _counts(system: BillingSystem) -> dict[str, tuple[int, int]]:
    """Cycle → bills in the shadow, bills published; current revisions only."""
    rows = (
        Invoice.objects.filter(system__key=system.key, is_current=True)
        .order_by()
        .values_list("cycle")
        .annotate(hidden=Count("pk", filter=Q(state=Invoice.State.SHADOW)), shown=Count("pk", filter=_SHOWN))
    )
    return {cycle: (hidden, shown) for cycle, hidden, shown in rows}


def _cycle_row(code: str, day: int, stages: Stages, counts: Mapping[str, tuple[int, int]]) -> CycleRow:
    hidden, shown = counts.get(code, (0, 0)) if code else map(sum, zip(*counts.values() or [(0, 0)], strict=True))
    if not code and any(mode != stages.of_system for mode in stages.of_cycle.values()):
        word, tone = "Partly live", "warn"
    else:
        word, tone = ("Live", "good") if stages.mode(code) == LIVE else ("In the shadow", "info")
    return CycleRow(
        cycle=code,
        label=f"Cycle {code}" if code else "All cycles",
        closes_on=f"day {day}" if code else "",
        word=word,
        tone=tone,
        in_shadow=f"{hidden:,}",
        published=f"{shown:,}",
    )


def _act_row(act: Stage) -> ActRow:
    what = "Went live" if act.mode == LIVE else "Rolled back into the shadow"
    where = f", cycle {act.cycle}" if act.cycle else ", all cycles"
    return ActRow(instant(act.set_at), what + where, act.set_by.name, act.reason)
