"""Save a run of 2,000 invoices over 6 payments as its page does: what a person typed, posted, judged, placed and shown.

The set-up is bench_allocate's, with six payments; the reference is the set-based SQL alone. The operation is the one
behind "Place selected", with method rules and what each payment can take worked out, and the lines of the page read
before and after.

    python -m bench.bench_run [invoices]
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.bench_allocate import ROUNDS, allocation_database, dana, milliseconds, reference

DATABASE = "bench_run"
INVOICES = 2_000
PAYMENTS = 6
MUST = 5.0


def bench_run(invoices: int = INVOICES) -> dict[str, Any]:
    """Milliseconds of both, medians; `times` is how much longer the page takes than its SQL."""
    found = allocation_database(DATABASE, invoices, PAYMENTS, "bench.bench_run")
    return {"invoices": invoices, "payments": PAYMENTS, "must": MUST, **found}


def _child() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    turns = [(milliseconds(reference(2 * at + 1, PAYMENTS)), milliseconds(_saving(2 * at + 2))) for at in range(ROUNDS)]
    sql, saved = (median(times) for times in zip(*turns[1:], strict=True))
    times = median(after / before for before, after in turns[1:])
    print(json.dumps({"sql_ms": round(sql, 1), "save_ms": round(saved, 1), "times": round(times, 2)}))


def _saving(number: int) -> Callable[[], object]:
    from datetime import UTC, datetime
    from uuid import uuid4

    from payments import operations
    from payments.models import PayRun
    from payments.runs.edits import changes, sent_to, standing_of
    from payments.runs.queries import lines_of, payments_of
    from portal.tenancy import acting

    def save() -> None:
        with acting(dana()):
            run = PayRun.objects.get(pk=number)
            lines = lines_of(run)
            codes = {each.facts.position: each.code for each in payments_of(run, lines)}
            before = wanted = standing_of(lines)
            for position in codes:
                wanted = sent_to(wanted, lines[position - 1 :: PAYMENTS], position)
            places = [operations.Place(code, codes[at], amount) for code, at, amount in changes(before, wanted).placed]
            operations.send_invoices(dana(), run=run.code, placements=places, key=uuid4(), now=datetime.now(UTC))
            payments_of(run, lines_of(run))

    return save


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child()
    else:
        print(json.dumps(bench_run(*map(int, sys.argv[1:2])), indent=1))
