"""`make bench`: each figure as a ratio to a reference measured in the same run; a table, and JSON in var/bench.json.

python -m bench [import-atlas import-boreal … usage night crowded memory grid paste upload allocate propose slip]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.bench_allocate import bench_allocate
from bench.bench_crowded import bench_crowded
from bench.bench_grid import bench_grid
from bench.bench_import import MUST, bench_import
from bench.bench_memory import bench_memory
from bench.bench_night import bench_night
from bench.bench_paste import bench_paste
from bench.bench_propose import bench_propose
from bench.bench_run import bench_run
from bench.bench_slip import bench_slip
from bench.bench_upload import bench_upload
from bench.bench_usage import bench_usage
from portal import embedded

Figures = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """What is measured, against what, and where its figures stand. `is_met` judges them."""

    title: str
    reference: str
    measure: Callable[[], Figures]
    found: Callable[[Figures], str]
    must: Callable[[Figures], str]
    is_met: Callable[[Figures], bool]


def _import_of(system: str, form: str) -> Figure:
    return Figure(
        f"import {form}, {system}",
        "COPY of the same finished rows",
        lambda: bench_import(system),
        lambda f: f"{f['ratio']:.2f}",
        lambda f: f"≥ {f['must']:.2f}",
        lambda f: bool(f["ratio"] >= f["must"]),
    )


FIGURES = {
    **{f"import-{system}": _import_of(system, form) for system, (form, _) in MUST.items()},
    "usage": Figure(
        "usage records into month partitions",
        "COPY of the same finished rows",
        bench_usage,
        lambda f: f"{f['ratio_two_cores']:.2f}",
        lambda f: f"≥ {f['must']:.2f}",
        lambda f: bool(f["ratio_two_cores"] >= f["must"]),
    ),
    "crowded": Figure(
        "import into 10 million stored charges",
        "into none",
        bench_crowded,
        lambda f: f"{f['ratio']:.2f} of its speed",
        lambda f: f"≥ {f['must']:.2f}",
        lambda f: bool(f["ratio"] >= f["must"]),
    ),
    "memory": Figure(
        "peak memory of a file of 500 MB",
        "a file of 50 MB",
        bench_memory,
        lambda f: f"{f['ratio']:.2f} ×",
        lambda f: f"≤ {f['must']:.2f} ×",
        lambda f: bool(f["ratio"] <= f["must"]),
    ),
    "night": Figure(
        "a night of cycles, two Celery workers",
        "one worker",
        bench_night,
        lambda f: f"{f['ratio']:.2f} ×",
        lambda f: f"≥ {f['must']:.2f} ×",
        lambda f: bool(f["ratio"] >= f["must"]),
    ),
    "grid": Figure(
        "invoice grid, 500,000 invoices",
        "its SQL alone",
        bench_grid,
        lambda f: f"+{f['worst_ms']:.1f} ms",
        lambda f: f"≤ {f['must_ms']:.0f} ms",
        lambda f: bool(f["worst_ms"] <= f["must_ms"]),
    ),
    "paste": Figure(
        "paste of 2,000 numbers, 500,000 invoices",
        "its one statement alone",
        bench_paste,
        lambda f: f"{f['ratio']:.2f} ×",
        lambda f: f"≤ {f['must']:.2f} ×",
        lambda f: bool(f["ratio"] <= f["must"]),
    ),
    "upload": Figure(
        "upload of 50,000 rows, read and matched",
        "calamine reading the same bytes",
        bench_upload,
        lambda f: f"{f['ratio']:.2f} of its speed",
        lambda f: f"≥ {f['must']:.2f}",
        lambda f: bool(f["ratio"] >= f["must"]),
    ),
    "allocate": Figure(
        "allocate 5,000 invoices over 3 payments",
        "the set-based SQL alone",
        bench_allocate,
        lambda f: f"{f['ratio']:.2f} of its speed",
        lambda f: f"≥ {f['must']:.2f}",
        lambda f: bool(f["ratio"] >= f["must"]),
    ),
    "run": Figure(
        "save a run of 2,000 invoices over 6 payments",
        "the set-based SQL alone",
        bench_run,
        lambda f: f"{f['times']:.1f} ×",
        lambda f: f"≤ {f['must']:.0f} ×",
        lambda f: bool(f["times"] <= f["must"]),
    ),
    "propose": Figure(
        "propose, 10,000 invoices, 50 payments",
        "reading the same facts",
        bench_propose,
        lambda f: f"{f['ratio']:.2f} ×",
        lambda f: f"≤ {f['must']:.2f} ×",
        lambda f: bool(f["ratio"] <= f["must"]),
    ),
    "slip": Figure(
        "slip, 40 lines, PDF/UA",
        "WeasyPrint, static and untagged",
        bench_slip,
        lambda f: f"{f['ratio']:.2f} ×",
        lambda f: f"≤ {f['must']:.2f} ×",
        lambda f: bool(f["ratio"] <= f["must"]),
    ),
}


LONG = ("crowded", "memory")
"""Minutes each: `make soak` runs them, or their name."""


def main(names: list[str]) -> None:
    embedded.ensure()
    path = embedded.var_dir() / "bench.json"
    results: dict[str, Figures] = json.loads(path.read_text()) if path.exists() else {}
    print(f"{'figure':<42} {'reference':<34} {'found':>18} {'must':>10}")
    for name in names or (name for name in FIGURES if name not in LONG):
        figure = FIGURES[name]
        results[name] = figures = figure.measure()
        path.write_text(json.dumps(results, indent=1))
        mark = "" if figure.is_met(figures) else "  missed"
        print(
            f"{figure.title:<42} {figure.reference:<34} {figure.found(figures):>18} {figure.must(figures):>10}{mark}",
            flush=True,
        )
    print(f"all figures: {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
