"""Propose for 10,000 invoices over 50 payments: the engine against reading the same facts from the database.

In a database of its own, as the login of the web processes, rights and RLS on. The reference is `gather`: bills,
groups, rules of methods and what stands, as the operation reads them. A run has nine payments; the engine has no such
limit, so the other lanes, the due dates, the groups and the methods that differ are made up from the facts that were
read. Both take turns in one process, and their best times count.

    python -m bench.bench_propose [invoices]
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from bench.bench_allocate import allocation_database, dana, milliseconds

DATABASE = "bench_propose"
INVOICES = 10_000
PAYMENTS = 50
ROUNDS = 5
MUST = 10.0


def bench_propose(invoices: int = INVOICES) -> dict[str, Any]:
    """Milliseconds of reading, and of each way to share; `ratio` is that of the slowest."""
    found = allocation_database(DATABASE, invoices, 9, "bench.bench_propose", runs=1)
    return {"invoices": invoices, "payments": PAYMENTS, "must": MUST, **found}


def _child() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from payments.domain.proposing.engine import propose

    read = _reading()
    ways = {share: _spread(read(), share) for share in ("fill", "payments", "invoices")}
    calls: list[Callable[[], object]] = [read, *(partial(propose, way) for way in ways.values())]
    turns = [[milliseconds(call) for call in calls] for _ in range(ROUNDS)]
    best = [min(times) for times in zip(*turns, strict=True)]
    found = dict(zip(("read_ms", *(f"{share}_ms" for share in ways)), (round(time, 1) for time in best), strict=True))
    print(json.dumps({**found, "ratio": round(max(best[1:]) / best[0], 2)}))


def _reading() -> Callable[[], Any]:
    from payments.domain.proposing.inputs import Rules
    from payments.models import Payment, PayRun
    from payments.proposals.facts import gather
    from portal.tenancy import acting

    def read() -> Any:
        with acting(dana(), read_only=True):
            return gather(PayRun.objects.get(pk=1), list(Payment.objects.filter(run_id=1).order_by("pk")), Rules())

    return read


def _spread(inputs: Any, share: str) -> Any:
    """The facts that were read, over 50 payments: nine in ten have an amount to reach, so that a tenth does not fit."""
    from payments.domain.eligibility import METHODS
    from portal.money import split

    first, total = inputs.lanes[0], sum(bill.amount for bill in inputs.bills)
    each = split(total, [Decimal(1)] * PAYMENTS, first.currency)[0]
    lanes = tuple(
        replace(
            first,
            position=at,
            method=METHODS[at % 3],
            planned=each if at % 10 else None,
            value_on=first.value_on + timedelta(days=at % 7),
        )
        for at in range(1, PAYMENTS + 1)
    )
    return replace(inputs, bills=tuple(_bills(inputs.bills)), lanes=lanes, rules=replace(inputs.rules, share=share))


def _bills(bills: Any) -> Iterator[Any]:
    for number, bill in enumerate(bills):
        due = bill.due_on + timedelta(days=number % 11)
        group = {"group": "West", "method": "wire"} if number % 4 == 0 else {}
        refused = (("cheque", "no cheques"),) if number % 5 == 0 else ()
        yield replace(bill, due_on=due, pay_by=due, refused=refused, **group)


if __name__ == "__main__":
    if "--child" in sys.argv:
        _child()
    else:
        print(json.dumps(bench_propose(*map(int, sys.argv[1:])), indent=1))
