"""Peak memory of importing a file of 500 MB over that of one a tenth its size. Takes minutes: `make soak` runs it.

python -m bench.bench_memory [megabytes]
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from bench.databases import database
from bench.importing import import_file, write_file
from billing_sources.generator import CycleOrder

DATABASE = "bench_memory"
MEGABYTES = 500
MUST = 1.15
_BILLS_A_MEGABYTE = 160  # of X12, with 50 charges each


def bench_memory(megabytes: int = MEGABYTES) -> dict[str, Any]:
    """`ratio` of the two peaks, which are MiB of the importing process, reading ahead."""
    bills = megabytes * _BILLS_A_MEGABYTE
    order = CycleOrder("atlas", 40, 1_000, bills, 7, date(2026, 9, 1), charges=50)
    with tempfile.TemporaryDirectory() as folder, database(DATABASE):
        small = write_file(order, Path(folder), invoices=bills // 10)
        large = write_file(order, Path(folder), billed_on=date(2026, 10, 1))
        peaks = [import_file(DATABASE, "atlas", path, 2)["peak"] for path in (small, large)]
        sizes = [round(path.stat().st_size / 1e6) for path in (small, large)]
    return {"megabytes": sizes, "peaks": peaks, "must": MUST, "ratio": round(peaks[1] / peaks[0], 3)}


if __name__ == "__main__":
    print(json.dumps(bench_memory(*map(int, sys.argv[1:])), indent=1))
