"""What the demo consists of, dated relative to today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from billing_sources.generator import CycleOrder, month_before

SEED = 7
CUSTOMERS = 6
SYSTEMS = ("atlas", "boreal", "castle", "delta", "echo", "ferry")
SHADOW = ("ferry", ("5", "6", "7"))  # cycles that customers do not see yet
ABSENT = ("castle", 2)  # accounts whose bill is missing from the newest cycle
CYCLE_DAYS = {"1": 1, "2": 5, "3": 9, "4": 13, "5": 17, "6": 21, "7": 25}
INVOICES_A_CYCLE = 48  # 6 systems × 7 cycles × 48 = 2,016 invoices a month
MONTHS = 3


def orders(today: date) -> Iterator[CycleOrder]:
    """Every bill cycle of the last months that has closed by today, oldest first."""
    for month in _months(today):
        for cycle, day in CYCLE_DAYS.items():
            billed_on = month.replace(day=day)
            if billed_on <= today:
                yield from (_order(system, cycle, billed_on) for system in SYSTEMS)


def latest_orders(today: date) -> list[CycleOrder]:
    """The newest closed cycle of each system, where the demo plants what can go wrong."""
    newest: dict[str, CycleOrder] = {order.system: order for order in orders(today)}
    return list(newest.values())


def latest_cycles(today: date) -> list[CycleOrder]:
    """The newest closed order of every system's every cycle: between them they bill every account."""
    newest = {(order.system, order.cycle): order for order in orders(today)}
    return list(newest.values())


def without_absent(order: CycleOrder) -> CycleOrder:
    """The newest order of one system brings a few bills less than its accounts."""
    system, absent = ABSENT
    return replace(order, invoices=order.invoices - absent) if order.system == system else order


def _order(system: str, cycle: str, billed_on: date) -> CycleOrder:
    return CycleOrder(
        system=system,
        customers=CUSTOMERS,
        accounts=INVOICES_A_CYCLE,
        invoices=INVOICES_A_CYCLE,
        seed=SEED,
        billed_on=billed_on,
        cycle=cycle,
    )


def _months(today: date) -> list[date]:
    """The first of each month, oldest first."""
    months = [today.replace(day=1)]
    while len(months) < MONTHS + 1:
        months.append(month_before(months[-1]))
    return months[::-1]
