"""The demo's bill files, laid where the billing systems would put them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from billing_sources.generator import corrected_file, generate_cycle
from portal.demo import plan
from portal.demo.systems import publish

FAULTS = {
    "atlas": ("unknown_term", "wrong_total"),
    "boreal": ("wrong_total", "bad_date"),
    "castle": ("unknown_term",),
    "delta": ("wrong_total",),
    "echo": ("unknown_term",),
    "ferry": (),
}
REISSUED = 12


def write_bills(today: date) -> list[str]:
    """Months of bills, the newest with faults in them, and one file whose end is missing. The names written."""
    newest = plan.latest_orders(today)
    names = []
    for order in plan.orders(today):
        if order in newest:
            order = replace(plan.without_absent(order), faults=FAULTS[order.system])
        names += publish(generate_cycle(order), order.system)
    return names


def write_cut_file(today: date) -> list[str]:
    """A file cut short: it waits in quarantine until the billing system sends it again."""
    order = replace(plan.latest_orders(today)[0], cycle="9", invoices=40, accounts=40, faults=("truncated",))
    return publish(generate_cycle(order), order.system)


def write_reissue(today: date) -> list[str]:
    """A corrected file for the newest boreal cycle: a dozen bills again, lower."""
    order = next(order for order in plan.latest_orders(today) if order.system == "boreal")
    numbers = [order.number(index, order.billed_on) for index in range(REISSUED)]
    return publish([corrected_file(order, numbers, -6)], order.system)
