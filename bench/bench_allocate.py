"""Allocate 5,000 invoices over 3 payments: the real operation against its set-based SQL alone (design.md §6).

In a database of its own, as the login of the web processes. The operation is the one behind the button: command key,
locks, rights, pure check, audit, messages in words. The reference is one INSERT … SELECT of the same events, with the
same triggers and constraints, under the same role. The two take turns, each on invoices that nobody touched.

    python -m bench.bench_allocate [invoices]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.databases import PROJECT, database, url

DATABASE = "bench_allocate"
INVOICES = 5_000
PAYMENTS = 3
ROUNDS = 7
MUST = 0.4


def bench_allocate(invoices: int = INVOICES) -> dict[str, Any]:
    """Milliseconds of both, medians; `ratio` is the operation's speed over the reference's."""
    found = allocation_database(DATABASE, invoices, PAYMENTS, "bench.bench_allocate")
    return {"invoices": invoices, "payments": PAYMENTS, "must": MUST, **found}


def allocation_database(
    name: str, invoices: int, payments: int, module: str, *, runs: int = 2 * ROUNDS
) -> dict[str, Any]:
    """What the module's child measures in a database with runs of so many invoices and payments, two a round."""
    with database(name) as owner:
        for statement in _SETTING.split(";\n"):
            owner.execute(statement.encode())
        owner.execute(_RUNS, {"runs": runs})
        owner.execute(_PAYMENTS, {"payments": payments})
        owner.execute(_BILLS, {"invoices": runs * invoices})
        owner.execute(_ITEMS, {"invoices": invoices})
        owner.execute("VACUUM ANALYZE")
        environment = {**os.environ, "DATABASE_URL": url(name), "TRIBUTARY_ROLE": "tributary_web"}
        command = [sys.executable, "-m", module, "--child"]
        done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _child() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    turns = [
        (milliseconds(reference(2 * at + 1, PAYMENTS)), milliseconds(_operation(2 * at + 2))) for at in range(ROUNDS)
    ]
    sql, operation = (median(times) for times in zip(*turns[1:], strict=True))
    ratio = median(before / after for before, after in turns[1:])
    print(json.dumps({"sql_ms": round(sql, 1), "operation_ms": round(operation, 1), "ratio": round(ratio, 2)}))


def reference(run: int, payments: int) -> Callable[[], object]:
    from django.db import connection

    from portal.tenancy import acting

    def insert() -> None:
        with acting(dana()), connection.cursor() as cursor:
            cursor.execute(_REFERENCE, {"run": run, "payments": payments})

    return insert


def _operation(run: int) -> Callable[[], object]:
    from datetime import UTC, datetime
    from uuid import uuid4

    from payments import operations
    from payments.models import Payment, PayRun, PayRunItem
    from portal.tenancy import acting

    with acting(dana()):
        code = PayRun.objects.get(pk=run).code
        payments = list(Payment.objects.filter(run_id=run).order_by("pk").values_list("code", flat=True))
        invoices = PayRunItem.objects.filter(run_id=run).order_by("invoice_id").values_list("invoice__code", flat=True)
        places = [operations.Place(invoice, payments[at % PAYMENTS]) for at, invoice in enumerate(invoices)]
    return lambda: operations.allocate(dana(), run=code, placements=places, key=uuid4(), now=datetime.now(UTC))


def dana() -> Any:
    from portal.actor import Actor

    return Actor(1, 1, "Dana", "Bench Group", real_user_id=1)


def milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


_REFERENCE = """
    INSERT INTO payments_allocationevent
        (customer_id, payment_id, invoice_id, currency, kind, amount, reason, by_id, at)
    SELECT i.customer_id, p.id, i.id, i.currency, 'held', i.open, '', 1, now()
    FROM payments_payrunitem t JOIN billing_sources_invoice i ON i.id = t.invoice_id
    JOIN payments_payment p ON p.run_id = t.run_id AND p.position = 1 + i.id %% %(payments)s
    WHERE t.run_id = %(run)s
"""

_SETTING = """
    INSERT INTO customers_customer (id, code, name, number, address_lines, allows_support, created_at)
        VALUES (1, gen_random_uuid(), 'Bench Group', 'B-1', '{}', true, now());
    INSERT INTO customers_account
        (id, code, customer_id, parent_id, path, system, external_id, level, name, cost_center)
        VALUES (1, gen_random_uuid(), 1, NULL, '', '', '', 'customer', 'Bench Group', '');
    INSERT INTO customers_account
        (id, code, customer_id, parent_id, path, system, external_id, level, name, cost_center)
        SELECT 100 + n, gen_random_uuid(), 1, 1, '', 'atlas', 'AC-' || n, 'site', 'Site ' || n, ''
        FROM generate_series(0, 499) n;
    INSERT INTO users_user (id, email, name, password, carrier_role, is_active, is_superuser, created_at)
        VALUES (1, 'dana@bench.example', 'Dana', '', '', true, false, now());
    INSERT INTO customers_accountuserobjectpermission (content_object_id, permission_id, user_id)
        SELECT 1, id, 1 FROM auth_permission WHERE codename IN ('see', 'tag', 'prepare');
    INSERT INTO billing_sources_billingsystem (id, key, name) VALUES (1, 'atlas', 'Atlas');
    INSERT INTO billing_sources_accountlink (id, code, system_id, external_id, parent_external_id, level, name,
            customer_id, account_id, first_seen_at)
        SELECT id, gen_random_uuid(), 1, external_id, '', '', name, 1, id, now() FROM customers_account WHERE id >= 100;
    INSERT INTO billing_sources_rawdocument (id, code, system_id, sha256, name, size, received_at, control)
        VALUES (1, gen_random_uuid(), 1, '', 'bench', 1, now(), '');
    INSERT INTO billing_sources_importrun (id, code, system_id, trigger, state, started_at, failure)
        VALUES (1, gen_random_uuid(), 1, 'command', 'finished', now(), '');
    INSERT INTO billing_sources_importfile (id, code, run_id, document_id, state, attempts, mapping_version,
            vocabulary_version, read_bills, read_amount, loaded_bills, loaded_amount, held_bills, held_amount, created,
            revised, unchanged, charges, usage_records, received_at,
            discard_reason)
        VALUES (1, gen_random_uuid(), 1, 1, 'published', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), '')
"""

_RUNS = """
    INSERT INTO payments_payrun (id, code, customer_id, number, title, state, version, created_by_id, created_at,
        edited_by_id, edited_at, submitted_sha256, returned_reason)
    SELECT n, gen_random_uuid(), 1, n, 'Bench', 'draft', 1, 1, now(), 1, now(), '', ''
    FROM generate_series(1, %(runs)s) n
"""

_PAYMENTS = """
    INSERT INTO payments_payment (code, run_id, customer_id, position, method, currency, value_on, placed, state,
        reference, note)
    SELECT gen_random_uuid(), r.id, 1, n, 'wire', 'USD', '2026-12-01', 0, 'planned', '', ''
    FROM payments_payrun r, generate_series(1, %(payments)s) n
"""

_BILLS = """
    INSERT INTO billing_sources_invoice (id, code, customer_id, account_id, account_link_id, system_id, entity, number,
        revision, is_current, state, bill_type, type_code, is_payable, currency, billed_on, due_on, cycle, seller,
        buyer, payment_reference, preceding, amount_due, payable, held, settled, credited, written_off, parties,
        content_sha256, file_id, position, mapping_version)
    SELECT n, gen_random_uuid(), 1, 100 + n %% 500, 100 + n %% 500, 1, '', 'B-' || lpad(n::text, 9, '0'), 1, true,
        'published', 'invoice', '', true, 'USD', '2026-11-01', '2026-12-01', '5', '', '', '', '', payable, payable, 0,
        0, 0, 0, '{}', '', 1, '', 1
    FROM (SELECT n, (20 + n %% 30011 + n %% 100 / 100.0)::numeric(14, 2) AS payable
          FROM generate_series(1, %(invoices)s::bigint) n) AS bills
"""

_ITEMS = """
    INSERT INTO payments_payrunitem (run_id, customer_id, invoice_id, left_open)
    SELECT 1 + (id - 1) / %(invoices)s, 1, id, false FROM billing_sources_invoice
"""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child()
    else:
        print(json.dumps(bench_allocate(*map(int, sys.argv[1:2])), indent=1))
