"""Usage records, file → published and proven, against COPY of the same finished rows into the same month partitions.

A billing system of the benchmark's own writes a line a record, so that the records are measured and not a format. Many
bills with 500 records each, and one charge that they explain.

    python -m bench.bench_usage [records]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from bench.copying import copy_back
from bench.databases import database
from bench.importing import import_file, link_all
from billing_sources.adapter import Adapter
from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import BillType, CanonicalCharge, CanonicalInvoice, CanonicalUsage, Category

DATABASE = "bench_usage"
RECORDS = 500_000
RECORDS_PER_BILL = 500
MUST = 0.6
BILLED_ON = date(2026, 11, 1)


def bench_usage(records: int = RECORDS) -> dict[str, Any]:
    """`ratio` is of processor time, ours and the database's together; `ratio_two_cores` of times on the wall."""
    with tempfile.TemporaryDirectory() as folder, database(DATABASE) as owner:
        import_file(DATABASE, SYSTEM, _write(Path(folder) / "before", RECORDS_PER_BILL, date(2026, 9, 1)))
        link_all(owner)
        path = _write(Path(folder) / "calls", records, BILLED_ON)
        imported = import_file(DATABASE, SYSTEM, path, 2)
        copied = copy_back(owner, BILLED_ON, 2)
    spent = [figures["client_cpu"] + figures["server_cpu"] for figures in (copied, imported)]
    return {
        "records": imported["usage_records"],
        "must": MUST,
        "ratio": round(spent[0] / spent[1], 3),
        "ratio_two_cores": round(copied["seconds"] / imported["seconds"], 3),
        "import": imported,
        "copy": copied,
    }


def _write(path: Path, records: int, billed_on: date) -> Path:
    with path.open("w") as file:
        for number in range(records):
            bill, at = divmod(number, RECORDS_PER_BILL)
            started_at = f"{billed_on} {at // 60 % 24:02}:{at % 60:02}:31"
            file.write(
                f"U{billed_on:%y%m}{bill:06}|{started_at}|LOCAL|206555{bill:04}|360555{at:04}|{at % 600}|0.{at:04}\n"
            )
    return path


def _read(stream: BinaryIO, adapter: Adapter) -> Iterator[CanonicalInvoice]:
    lines = (line.decode().rstrip("\n").split("|") for line in stream)
    for number, records in groupby(lines, key=lambda line: line[0]):
        usage = [
            CanonicalUsage(
                1, datetime.fromisoformat(started_at), Decimal(amount), kind, service, other, Decimal(seconds), "s"
            )
            for _, started_at, kind, service, other, seconds, amount in records
        ]
        total = sum((record.amount for record in usage), Decimal(0))
        yield CanonicalInvoice(
            system=SYSTEM,
            number=number,
            bill_type=BillType.INVOICE,
            type_code="",
            currency="USD",
            billed_on=date(2000 + int(number[1:3]), int(number[3:5]), 1),
            account="A-1",
            charges=[CanonicalCharge(1, Category.USAGE, "calls", total)],
            usage=usage,
        )


SYSTEM = "bench"
BENCH = replace(ATLAS, key=SYSTEM, title="Bench", read=_read)
"""Its adapter: known to a benchmark's own processes alone (see `bench.importing`)."""


if __name__ == "__main__":
    print(json.dumps(bench_usage(*map(int, sys.argv[1:])), indent=1))
