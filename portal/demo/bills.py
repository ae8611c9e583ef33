"""The demo's bill files, laid where the billing systems would put them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from django.conf import settings

from billing_sources.generator import GeneratedFile, corrected_file, generate_cycle
from portal.demo import plan

FAULTS = {"atlas": ("unknown_term", "wrong_total"), "boreal": ("wrong_total", "bad_date")}
REISSUED = 12


def write_bills(today: date) -> list[str]:
    """Months of bills, the newest with faults in them, and one file whose end is missing. The names written."""
    newest = plan.latest_orders(today)
    names = []
    for order in plan.orders(today):
        faults = FAULTS[order.system] if order in newest else ()
        names += _write(generate_cycle(replace(order, faults=faults)), order.system)
    return names


def write_cut_file(today: date) -> list[str]:
    """A file cut short: it waits in quarantine until the billing system sends it again."""
    order = replace(plan.latest_orders(today)[0], cycle="9", invoices=40, accounts=40, faults=("truncated",))
    return _write(generate_cycle(order), order.system)


def write_reissue(today: date) -> list[str]:
    """A corrected file for the newest boreal cycle: a dozen bills again, lower."""
    order = next(order for order in plan.latest_orders(today) if order.system == "boreal")
    numbers = [order.number(index, order.billed_on) for index in range(REISSUED)]
    return _write([corrected_file(order, numbers, -6)], order.system)


def _write(files: Iterable[GeneratedFile], system: str) -> list[str]:
    folder = Path(settings.INBOUND_DIR) / system / "out"
    return [generated.write_into(folder).name for generated in files]
