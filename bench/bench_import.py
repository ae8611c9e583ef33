"""Import of a file against COPY of the very same finished rows (design.md §6): proof, lineage, idempotency on.

In a database of its own: a file of the same accounts comes first, and they are linked to a customer, as in any month
but the first. Then a month's file is imported and timed on one core, and the next month's on two, reading ahead. After
each its rows are taken out, the tables emptied, and the same rows copied back on as many cores.

    python -m bench.bench_import [system] [charges] [charges a bill]
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from bench.copying import copy_back
from bench.databases import database
from bench.importing import import_file, link_all, write_file
from billing_sources.generator import SYSTEMS, CycleOrder
from billing_sources.registry import ADAPTERS

DATABASE = "bench_import"
CHARGES = 200_000
CHARGES_PER_BILL = 50  # what an enterprise finds on one bill
_FORMS = {
    "atlas": ("X12", 0.45),
    "boreal": ("UBL", 0.35),
    "castle": ("EBCDIC", 0.45),
    "delta": ("TMF678", 0.45),
    "echo": ("pipe", 0.45),
    "ferry": ("SQL", 0.45),
}
MUST = {key: form for key, form in _FORMS.items() if key in SYSTEMS and key in ADAPTERS}
"""System → its form, and its speed over that of COPY on two cores."""


def bench_import(system: str, charges: int = CHARGES, per_bill: int = CHARGES_PER_BILL) -> dict[str, Any]:
    """Figures of one system. `ratio` is of times on the wall, on two cores; `ratio_one_core` of processor time."""
    bills = charges // per_bill
    order = CycleOrder(
        system, customers=40, accounts=bills, invoices=bills, seed=7, billed_on=date(2026, 9, 1), charges=per_bill
    )
    with tempfile.TemporaryDirectory() as folder, database(DATABASE) as owner:
        there = Path(folder)
        import_file(DATABASE, system, write_file(order, there, charges=2))
        link_all(owner)
        tenth = write_file(order, there, billed_on=date(2026, 10, 1), invoices=bills // 10)
        small = import_file(DATABASE, system, tenth)
        one = _measure(owner, order, there, date(2026, 11, 1), 1)
        two = _measure(owner, order, there, date(2026, 12, 1), 2)
    return {
        "system": system,
        "charges_per_bill": per_bill,
        "must": MUST[system][1],
        "ratio": round(two["copy"]["seconds"] / two["import"]["seconds"], 3),
        "ratio_one_core": round(_cpu(one["copy"]) / _cpu(one["import"]), 3),
        "again_times_faster": round(one["import"]["seconds"] / one["again"]["seconds"], 1),
        "peak_small_file": small["peak"],
        "peak_10x_file": one["import"]["peak"],
        "peak_reading_ahead": two["import"]["peak"],
        "one_core": one,
        "two_cores": two,
    }


def _measure(owner: psycopg.Connection, order: CycleOrder, there: Path, billed_on: date, cores: int) -> dict[str, Any]:
    path = write_file(order, there, billed_on=billed_on)
    imported = import_file(DATABASE, order.system, path, cores)
    again = import_file(DATABASE, order.system, path, cores)
    copied = copy_back(owner, billed_on, cores)
    return {"mebibytes": round(path.stat().st_size / 2**20, 1), "import": imported, "again": again, "copy": copied}


def _cpu(figures: dict[str, Any]) -> float:
    """What one core spent on it, ours and the database's: the same on a busy machine, unlike the time on the wall."""
    return float(figures["client_cpu"] + figures["server_cpu"])


if __name__ == "__main__":
    for key in sys.argv[1:2] or list(MUST):
        print(json.dumps(bench_import(key, *map(int, sys.argv[2:])), indent=1))
