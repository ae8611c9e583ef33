"""Paste 2,000 numbers with amounts, against 500,000 invoices of one customer, to the page with their verdicts.

In a database of its own, as the login of the web processes, rights and RLS on. What is measured is all that a clerk
waits for: posting the text, which keeps it, and the page it leads to. The numbers are spoilt as spreadsheets do it
(hyphens and capitals are lost). The reference is the one statement that finds them, sent by psycopg alone. The
two take turns, and the best time of each counts: what else the machine does can only slow them.

    python -m bench.bench_paste [invoices]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from bench.bench_grid import INVOICES, PEOPLE, _make, _milliseconds
from bench.databases import PROJECT, database, url

DATABASE = "bench_paste"
NUMBERS = 2_000
ROUNDS = 12
MUST = 5.0


def bench_paste(invoices: int = INVOICES) -> dict[str, Any]:
    """Milliseconds of paste and page, and of the statement alone; `ratio` is the one over the other."""
    with database(DATABASE) as owner:
        _make(owner, invoices)
        environment = {**os.environ, "DATABASE_URL": url(DATABASE), "TRIBUTARY_ROLE": "tributary_web"}
        command = [sys.executable, "-m", "bench.bench_paste", "--child"]
        done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    return {"numbers": NUMBERS, "invoices": invoices, "must": MUST, **json.loads(done.stdout.splitlines()[-1])}


def _child() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from portal.users.models import User

    call_command("collectstatic", interactive=False, verbosity=0)
    client = Client()
    user = User.objects.get(email=PEOPLE["everything"])
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    numbers = [f"b{1 + n * 241 % INVOICES:09}" for n in range(NUMBERS)]
    text = "Invoice\tAmount\n" + "".join(f"{number}\t{100 + n}.00\n" for n, number in enumerate(numbers))
    login = settings.DATABASES["default"]
    conninfo = make_conninfo(os.environ["DATABASE_URL"], user=login["USER"], password=login["PASSWORD"])
    with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as plain:
        turns = [
            (_milliseconds(lambda: _statement(plain, numbers)), _milliseconds(lambda: _paste(client, text)))
            for _ in range(ROUNDS)
        ]
    sql, page = (min(times) for times in zip(*turns[2:], strict=True))
    print(json.dumps({"sql_ms": round(sql, 1), "page_ms": round(page, 1), "ratio": round(page / sql, 2)}))


def _paste(client: Any, text: str) -> None:
    answer = client.post("/pastes/", {"text": text, "key": uuid.uuid4()}, follow=True)
    assert answer.status_code == 200, answer.status_code
    assert b"2,000 pasted rows" in answer.content


def _statement(plain: psycopg.Connection, numbers: list[str]) -> None:
    with plain.transaction():
        plain.execute(
            "SELECT set_config('tributary.customer', '1', true), set_config('role', 'tributary_tenant', true)"
        )
        found = plain.execute("SELECT * FROM invoices_called(%s)", [numbers]).fetchall()
    assert len(found) == NUMBERS, len(found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child()
    else:
        print(json.dumps(bench_paste(*map(int, sys.argv[1:2])), indent=1))
