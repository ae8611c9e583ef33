"""Ferry's query against jBilling's own schema and seed data; what must come out is worked out again by SQL."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from lxml import etree
from psycopg import sql

from billing_sources.adapters.ferry import FERRY
from billing_sources.canonical import BillType
from billing_sources.checks import check
from billing_sources.normalize import normalize
from billing_sources.transports import Place
from portal.demo import ferry_database
from tests.billing_sources.jbilling_texts import bills_in, parsed
from tests.databases import url

_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "BIT": "boolean"}
_FILLERS = {
    "INTEGER": "0",
    "DOUBLE": "0",
    "SMALLINT": "0",
    "NUMERIC": "0",
    "TIMESTAMP": "now()",
    "DATE": "now()",
    "BIT": "false",
}

# 240 bills of 12 users in two entities and all 11 currencies. Every fourth is carried by the one after it, in chains of
# three; every tenth is deleted, every fifteenth does not add up. Numbers start again in each entity.
_BILLS = """
INSERT INTO entity (id, external_id, description) VALUES (1, 'A', 'Ferry One'), (2, 'B', 'Ferry Two');
INSERT INTO base_user (id, entity_id, user_name) SELECT n, 1 + n % 2, 'user' || n FROM generate_series(1, 12) n;
INSERT INTO contact (id, user_id, organization_name)
    SELECT n, n, 'Smith &amp; Sons ' || n FROM generate_series(1, 12) n;
INSERT INTO customer (id, user_id, parent_id)
    SELECT n, n, CASE WHEN n > 10 THEN n - 2 END FROM generate_series(1, 12) n;
INSERT INTO item (id, entity_id, internal_number) VALUES (1, 1, 'DSL'), (2, 1, 'CALLS');
INSERT INTO invoice (id, public_number, user_id, create_datetime, due_date, status_id, currency_id,
                     delegated_invoice_id, is_review, deleted, total, balance)
    SELECT n, 'N' || (n + 1) / 2, 1 + n % 12, timestamp '2026-01-01' + n * interval '1 hour', date '2026-03-01',
           CASE WHEN n % 4 <> 0 THEN 28 ELSE 27 END, 1 + n % 11, CASE WHEN n % 4 <> 0 THEN n + 1 END, 0,
           (n % 10 = 0)::int, 0, 0
    FROM generate_series(1, 240) n;
INSERT INTO invoice_line (id, invoice_id, type_id, amount, quantity, price, item_id, description, source_user_id)
    SELECT n * 10 + k, n, (ARRAY[1, 6, 2, 4, 5])[k], (n * k)::numeric / 8, 1, (n * k)::numeric / 8, 1 + (k = 2)::int,
           'Caf&eacute; Period from 07/26/2006 to 08/25/2006', CASE WHEN k = 5 THEN 1 + (n + 1) % 12 ELSE 1 + n % 12 END
    FROM generate_series(1, 240) n, generate_series(1, 5) k;
WITH RECURSIVE debt AS (
    SELECT i.id, sum(l.amount) AS owed FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
    WHERE i.id % 4 = 1 GROUP BY i.id
    UNION ALL
    SELECT i.id, debt.owed + (SELECT sum(amount) FROM invoice_line WHERE invoice_id = i.id)
    FROM debt JOIN invoice i ON i.id = debt.id + 1 AND i.id % 4 <> 1)
INSERT INTO invoice_line (id, invoice_id, type_id, amount, description)
    SELECT (id + 1) * 10, id + 1, 3, owed, 'Due invoice' FROM debt WHERE id % 4 <> 0;
UPDATE invoice SET total = (SELECT sum(amount) FROM invoice_line WHERE invoice_id = invoice.id);
UPDATE invoice SET balance = total, carried_balance =
    (SELECT coalesce(sum(amount), 0) FROM invoice_line WHERE invoice_id = invoice.id AND type_id = 3);
UPDATE invoice SET total = total + 7 WHERE id % 15 = 0;
"""
_OWN = """
    SELECT i.id, sum(l.amount) FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
    WHERE i.deleted = 0 AND l.deleted = 0 AND l.type_id <> 3 GROUP BY i.id
    HAVING i.total = (SELECT sum(amount) FROM invoice_line WHERE invoice_id = i.id)
    """


@pytest.fixture
def owner(shared_data: Path, worker_id: str) -> Iterator[psycopg.Connection]:
    """jBilling's tables, as its own description has them, with its seed data."""
    [schema] = (shared_data / "sql-jbilling").rglob("jbilling-schema.xml")
    folder = schema.parent
    ferry_database.create(url("postgres"), f"ferry_{worker_id}")
    with psycopg.connect(url(f"ferry_{worker_id}")) as owner:
        owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        columns = _make_tables(owner, folder / "jbilling-schema.xml")
        _load_seed(owner, folder / "jbilling-data.xml", columns)
        owner.execute(_BILLS)
        owner.execute("GRANT USAGE ON SCHEMA public TO ferry_reader")
        ferry_database.let_read(owner)
        owner.commit()
        yield owner


def _make_tables(owner: psycopg.Connection, path: Path) -> dict[str, list[str]]:
    """Column names by table. A required column that nothing here fills gets a filler."""
    columns: dict[str, list[str]] = {}
    for table in _parsed(path).iter("table"):
        name = str(table.get("name"))
        columns[name] = [str(column.get("name")).lower() for column in table.findall("column")]
        parts = sql.SQL(", ").join(_column(column) for column in table.findall("column"))
        owner.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(name), parts))
    return columns


def _column(column: etree._Element) -> sql.Composable:
    kind = str(column.get("type"))
    type_ = "numeric(22, 10)" if kind == "NUMERIC" else _TYPES.get(kind, kind.lower())
    key = " PRIMARY KEY" if column.get("primaryKey") and column.get("name") == "id" else ""
    filler = f" NOT NULL DEFAULT {_FILLERS.get(kind, repr(''))}" if column.get("required") and not key else ""
    return sql.Identifier(str(column.get("name")).lower()) + sql.SQL(f" {type_}{key}{filler}")


def _load_seed(owner: psycopg.Connection, path: Path, columns: dict[str, list[str]]) -> None:
    """Elements and attributes carry the names of tables and columns without their underscores."""
    tables = {name.replace("_", ""): name for name in columns}
    for row in _parsed(path):
        if isinstance(row.tag, str) and (table := tables.get(row.tag.lower())):
            known = {name.replace("_", ""): name for name in columns[table]}
            names = [known[str(attribute).lower()] for attribute in row.attrib]
            insert = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            )
            owner.execute(insert, list(map(str, row.attrib.values())))


def _parsed(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.parse(str(path), parser).getroot()


def test_what_is_payable_is_every_own_line_once(owner: psycopg.Connection) -> None:
    reader = f"{url(owner.info.dbname)} user={ferry_database.READER}"
    [fetched] = FERRY.transport.fetch(Place(Path("nowhere"), {"URL": reader}))
    bills = [normalize(bill, FERRY) for bill in bills_in(parsed(fetched.open().read()))]
    held = [bill for bill in bills if any(issue.is_fatal for issue in check(bill))]
    voids = [bill for bill in bills if bill.invoice.bill_type is BillType.VOID]
    exact: dict[int, Decimal] = dict(owner.execute(_OWN).fetchall())
    good = [bill for bill in bills if bill not in held and bill not in voids]
    assert len(bills) == 240
    assert len({bill.identity for bill in bills}) == 240  # by entity: numbers alone are half as many
    assert len({bill.invoice.number for bill in bills}) == 120
    assert len(voids) == 24
    assert len(held) == _count(owner, "deleted = 0 AND id % 15 = 0")
    assert len(good) == len(exact)
    assert sum(bill.lines + (bill.invoice.tax or 0) for bill in good) == sum(exact.values())
    assert {bill.invoice.currency for bill in bills} == _codes(owner)
    assert all(bill.invoice.buyer.startswith("Smith & Sons") for bill in bills)
    assert not any(bill.unmapped for bill in bills)


def _count(owner: psycopg.Connection, condition: str) -> int:
    [(count,)] = owner.execute(f"SELECT count(*) FROM invoice WHERE {condition}").fetchall()
    return int(count)


def _codes(owner: psycopg.Connection) -> set[str]:
    return {code for (code,) in owner.execute("SELECT code FROM currency").fetchall()}
