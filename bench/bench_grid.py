"""The list of invoices against its SQL alone (design.md §6): 500,000 invoices of one customer, rights and RLS on.

In a database of its own, as the login of the web processes. A page is asked for through all of the middleware; the
statements that it sent, its session and rights included, are then sent again as they were, by psycopg and nothing else.
The two take turns, and the best time of each counts: what else the machine does can only slow them.

A page over all bills waits a tenth of a second for its totals, so two such times differ by more than what is sought.
What a page takes itself is therefore measured within it: its time less the time that psycopg waited for the server.
What psycopg does before and after, and Django's share in it, counts as the page's.

    python -m bench.bench_grid [invoices]
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

import psycopg
from psycopg.conninfo import make_conninfo

from bench.databases import PROJECT, database, url

DATABASE = "bench_grid"
INVOICES = 500_000
ROUNDS = 30
MUST_MS = 8.0
PAGES = {
    "open": "/invoices/",
    "open, by amount": "/invoices/?sort=-open",
    "all": "/invoices/?state=all",
    "one region, due soon": "/invoices/?account={region}&due_to=2026-12-15",
    "all, on to page 2": "/invoices/?state=all&after={invoice}",
    "all, by account tree": "/invoices/?state=all&by=node",
    "all, by tag": "/invoices/?state=all&by=tag",
}
PEOPLE = {"everything": "dana@bench.example", "one region": "nils@bench.example"}


def bench_grid(invoices: int = INVOICES) -> dict[str, Any]:
    """Milliseconds of each page for each person: the page, its SQL alone, and what the page takes beside waiting for
    the server; the best of its turns, and what is usual."""
    with database(DATABASE) as owner:
        _make(owner, invoices)
        environment = {**os.environ, "DATABASE_URL": url(DATABASE), "TRIBUTARY_ROLE": "tributary_web"}
        command = [sys.executable, "-m", "bench.bench_grid", "--child"]
        done = subprocess.run(command, check=True, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    pages = json.loads(done.stdout.splitlines()[-1])
    return {"invoices": invoices, "must_ms": MUST_MS, "worst_ms": max(page["own_ms"] for page in pages), "pages": pages}


def _child() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    print(json.dumps([_measure(person, title) for person in PEOPLE for title in PAGES]))


def _measure(person: str, title: str) -> dict[str, Any]:
    from django.conf import settings
    from django.test import Client

    from portal.users.models import User

    client = Client()
    client.force_login(User.objects.get(email=PEOPLE[person]), backend=settings.AUTHENTICATION_BACKENDS[0])
    address = _address(PAGES[title])
    statements = _statements(client, address)
    database = settings.DATABASES["default"]
    login = make_conninfo(os.environ["DATABASE_URL"], user=database["USER"], password=database["PASSWORD"])
    with psycopg.connect(login, autocommit=True, prepare_threshold=None) as plain:
        for _ in range(3):
            client.get(address)
        turns = [
            (*_page_times(client, address), _milliseconds(lambda: _send(plain, statements))) for _ in range(ROUNDS)
        ]
    pages, own, sql = zip(*turns, strict=True)
    figures = {"page_ms": min(pages), "sql_ms": min(sql), "own_ms": min(own), "own_usual_ms": median(own)}
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return {"page": title, "sees": person, "statements": len(statements), **rounded}


def _address(pattern: str) -> str:
    from django.db import connection

    from portal.tenancy import carrier

    with carrier(), connection.cursor() as cursor:
        cursor.execute("SELECT code FROM customers_account WHERE level = 'region' ORDER BY id LIMIT 1")
        region = cursor.fetchone()[0]
        cursor.execute(
            "SELECT i.code FROM billing_sources_invoice i JOIN customers_account a ON a.id = i.account_id"
            " JOIN customers_account r ON a.parent_id = r.id WHERE r.code = %s ORDER BY due_on, i.id OFFSET 50 LIMIT 1",
            [region],
        )
        return pattern.format(region=region, invoice=cursor.fetchone()[0])


def _statements(client: Any, address: str) -> list[str]:
    """What the warm page sends, text for text, transactions included."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200, response.status_code
    assert b"data-row" in response.content
    return [query["sql"] for query in captured.captured_queries]


def _send(plain: psycopg.Connection, statements: list[str]) -> None:
    for statement in statements:
        cursor = plain.execute(statement.encode())
        if cursor.description:
            cursor.fetchall()


def _page_times(client: Any, address: str) -> tuple[float, float]:
    """How long the page takes, and how long without waiting for the server."""
    from django.db import connection

    connection.ensure_connection()
    waited, wait = [0.0], connection.connection.wait

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return wait(*args, **kwargs)
        finally:
            waited[0] += time.perf_counter() - began

    connection.connection.wait = timed
    try:
        page = _milliseconds(lambda: client.get(address))
    finally:
        connection.connection.wait = wait
    return page, page - waited[0] * 1000


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _make(owner: psycopg.Connection, invoices: int) -> None:
    """Two years of bills of 2,000 accounts in 20 regions; one in twelve is still open, some are tagged."""
    for statement in _SETTING.split(";\n"):
        owner.execute(statement.encode())
    owner.execute(_BILLS, {"invoices": invoices})
    owner.execute(
        "INSERT INTO payments_invoicetag (customer_id, tag_id, invoice_id)"
        " SELECT 1, 1 + i.id % 3, i.id FROM billing_sources_invoice i WHERE i.id % 3 = 0"
    )
    owner.execute("VACUUM ANALYZE")


_SETTING = """
    INSERT INTO customers_customer (id, code, name, number, address_lines, allows_support, created_at)
        VALUES (1, gen_random_uuid(), 'Bench Group', 'B-1', '{}', true, now());
    INSERT INTO customers_account (id, code, customer_id, parent_id, path, system, external_id, level,
            name, cost_center)
        VALUES (1, gen_random_uuid(), 1, NULL, '', '', '', 'customer', 'Bench Group', '');
    INSERT INTO customers_account (id, code, customer_id, parent_id, path, system, external_id, level,
            name, cost_center)
        SELECT 1 + n, gen_random_uuid(), 1, 1, '', '', '', 'region', 'Region ' || n, '' FROM generate_series(1, 20) n;
    INSERT INTO customers_account (id, code, customer_id, parent_id, path, system, external_id, level,
            name, cost_center)
        SELECT 100 + n, gen_random_uuid(), 1, 2 + n % 20, '', 'atlas', 'AC-' || n, 'site', 'Site ' || n, ''
        FROM generate_series(0, 1999) n;
    INSERT INTO users_user (id, email, name, password, carrier_role, is_active, is_superuser, created_at)
        VALUES (1, 'dana@bench.example', 'Dana', '', '', true, false, now()),
               (2, 'nils@bench.example', 'Nils', '', '', true, false, now());
    INSERT INTO customers_membership (customer_id, user_id, title, created_at)
        VALUES (1, 1, '', now()), (1, 2, '', now());
    INSERT INTO customers_accountuserobjectpermission (content_object_id, permission_id, user_id)
        SELECT CASE u.id WHEN 1 THEN 1 ELSE 2 END, p.id, u.id FROM auth_permission p, users_user u
        WHERE p.codename IN ('see', 'tag', 'prepare');
    INSERT INTO billing_sources_billingsystem (id, key, name) VALUES (1, 'atlas', 'Atlas'), (2, 'boreal', 'Boreal');
    INSERT INTO billing_sources_accountlink (id, code, system_id, external_id, parent_external_id, level, name,
            customer_id, account_id, first_seen_at)
        SELECT id, gen_random_uuid(), 1, external_id, '', '', name, 1, id, now() FROM customers_account WHERE id >= 100;
    INSERT INTO billing_sources_rawdocument (id, code, system_id, sha256, name, size, control, received_at)
        VALUES (1, gen_random_uuid(), 1, '', 'bench', 1, '', now());
    INSERT INTO billing_sources_importrun (id, code, system_id, trigger, state, started_at, failure)
        VALUES (1, gen_random_uuid(), 1, 'command', 'finished', now(), '');
    INSERT INTO billing_sources_importfile (id, code, run_id, document_id, state, attempts, mapping_version,
            vocabulary_version, read_bills, read_amount, loaded_bills, loaded_amount, held_bills, held_amount, created,
            revised, unchanged, charges, usage_records, received_at,
            discard_reason)
        VALUES (1, gen_random_uuid(), 1, 1, 'published', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), '');
    INSERT INTO payments_tag (id, customer_id, name) VALUES (1, 1, 'CC 4410'), (2, 1, 'Mobile'), (3, 1, 'MPLS')
"""

_BILLS = """
    INSERT INTO billing_sources_invoice (id, code, customer_id, account_id, account_link_id, system_id, entity, number,
        revision, is_current, state, bill_type, type_code, is_payable, currency, billed_on, due_on, cycle, seller,
        buyer, payment_reference, preceding, amount_due, payable, held, settled, credited, written_off, parties,
        content_sha256, file_id, position, mapping_version)
    SELECT n, gen_random_uuid(), 1, 100 + n %% 2000, 100 + n %% 2000, 1 + n %% 2, '', 'B-' || lpad(n::text, 9, '0'),
        1, true, 'published', 'invoice', '', true, CASE WHEN n %% 7 = 0 THEN 'EUR' ELSE 'USD' END,
        '2026-11-20'::date - (n * 7919 %% 730)::int, '2026-12-20'::date - (n * 7919 %% 730)::int, (n %% 7 + 1)::text,
        '', '', '', '', payable, payable, 0, CASE WHEN n %% 12 = 0 THEN 0 ELSE payable END, 0, 0, '{}', '', 1, '', 1
    FROM (SELECT n, (20 + n %% 30011 + n %% 100 / 100.0)::numeric(14, 2) AS payable
          FROM generate_series(1, %(invoices)s::bigint) n) AS bills
"""


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child()
    else:
        print(json.dumps(bench_grid(*map(int, sys.argv[1:2])), indent=1))
