"""An upload of 50,000 rows: its bytes are judged, read in a process of their own, and every row is matched with what
was downloaded and compared with what stands now, down to each cell.

The reference is calamine reading the same bytes to the same rows, in this process, and nothing else. Some of the rows
were changed as people change them. The two take turns, and the best time of each counts.

    python -m bench.bench_upload [rows]
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

ROWS = 50_000
ROUNDS = 5
MUST = 0.4
TABLE = "Tags"


def bench_upload(rows: int = ROWS) -> dict[str, Any]:
    """Seconds of both, and the speed of the one as a share of the other's."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    code, snapshot, body = _workbook(rows)
    turns = [
        (_seconds(lambda: _calamine(body)), _seconds(lambda: _upload(code, snapshot, body))) for _ in range(ROUNDS)
    ]
    alone, whole = (min(times) for times in zip(*turns, strict=True))
    ratio = round(alone / whole, 2)
    return {"rows": rows, "must": MUST, "calamine_s": round(alone, 3), "upload_s": round(whole, 3), "ratio": ratio}


def _workbook(rows: int) -> tuple[str, Any, bytes]:
    """Every hundredth row has another tag than what was downloaded, and so has the sheet."""
    from payments.workbooks.snapshots import Snapshot
    from payments.workbooks.writing import Returned, render

    table = {
        f"0190c0de-0000-7000-8000-{number:012}": {
            "number": f"B1-2026{number:06}",
            "account": f"Harlow West · Site {number % 977}",
            "billed_by": "Boreal",
            "due": f"2026-12-{number % 28 + 1:02}",
            "currency": "USD",
            "open": f"{number % 9973}.{number % 89 + 10}".rstrip("0"),
            "tags": f"CC {number % 50}",
        }
        for number in range(1, rows + 1)
    }
    snapshot = Snapshot([], [], {TABLE: table})
    changed = {key: {"tags": "Mobile, Nord"} for key in list(table)[::100]}
    code = "0190c0de-ffff-7000-8000-000000000001"
    return code, snapshot, render(code, snapshot, Returned({TABLE: changed}))


def _upload(code: str, snapshot: Any, body: bytes) -> None:
    from payments.domain.round_trip.sheets import read_sheet
    from payments.domain.round_trip.three_way import three_way
    from payments.workbooks.reading import read_workbook, sheets_of
    from payments.workbooks.snapshots import base_rows

    sheets = sheets_of(read_workbook(body))
    (spec,) = snapshot.specs
    table = snapshot.tables[TABLE]
    read = read_sheet(spec, base_rows(code, TABLE, table), sheets[TABLE])
    found = list(three_way(table, read.rows, table, ["tags"]))
    assert not read.refused, read.refused[:3]
    assert len(read.rows) == len(table)
    assert len(found) == -(-len(table) // 100)


def _calamine(body: bytes) -> None:
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name(TABLE).to_python()
    assert len(rows) > 1


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(bench_upload(*map(int, sys.argv[1:2])), indent=1))
