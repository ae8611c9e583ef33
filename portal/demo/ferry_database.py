"""Ferry's database for the demo and the tests: tables in the shape of jBilling's, filled from a payload of bills.

Only what `readers.jbilling.query` asks for; the definitions are our own. The login that reads may only read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, LiteralString

import psycopg
from msgspec import structs
from psycopg import sql
from psycopg.conninfo import make_conninfo

from billing_sources.readers.jbilling.payload import rows
from billing_sources.readers.jbilling.rows import BillRow

READER = "ferry_reader"
CURRENCIES = ("USD", "CAD", "EUR", "JPY", "GBP", "KRW", "CHF", "SEK", "SGD", "MYR", "AUD")
"""By id, from 1."""

_OF_OTHER_TABLES = frozenset({"type", "item", "source_user"})  # what the query adds to a line

_TABLES: LiteralString = """
CREATE TABLE currency (id int PRIMARY KEY, code text, symbol text);
CREATE TABLE invoice_line_type (id int PRIMARY KEY, description text);
CREATE TABLE entity (id int PRIMARY KEY, description text);
CREATE TABLE base_user (id bigint PRIMARY KEY, entity_id int, user_name text);
CREATE TABLE contact (id bigint PRIMARY KEY, user_id bigint, organization_name text, first_name text, last_name text,
    street_addres1 text, street_addres2 text, city text, state_province text, postal_code text,
    deleted int NOT NULL DEFAULT 0);
CREATE TABLE customer (id bigint PRIMARY KEY, user_id bigint, parent_id bigint);
CREATE TABLE item (id bigint PRIMARY KEY, internal_number text);
CREATE TABLE invoice (id bigint PRIMARY KEY, public_number text, user_id bigint, create_datetime timestamp,
    due_date date, total numeric(22, 10), balance numeric(22, 10), carried_balance numeric(22, 10), status_id int,
    delegated_invoice_id bigint, billing_process_id int, currency_id int, customer_notes text,
    is_review int NOT NULL DEFAULT 0, deleted int NOT NULL DEFAULT 0);
CREATE TABLE invoice_line (id bigint PRIMARY KEY, invoice_id bigint NOT NULL, type_id int, amount numeric(22, 10),
    quantity numeric(22, 10), price numeric(22, 10), is_percentage int, item_id bigint, description text,
    source_user_id bigint, deleted int NOT NULL DEFAULT 0);
CREATE INDEX ON invoice_line (invoice_id);
CREATE TABLE payment (id bigint PRIMARY KEY, is_refund int NOT NULL DEFAULT 0, deleted int NOT NULL DEFAULT 0,
    result_id int, payment_date date);
CREATE TABLE payment_invoice (id bigint PRIMARY KEY, payment_id bigint, invoice_id bigint, amount numeric(22, 10));
CREATE TABLE order_line (id bigint PRIMARY KEY, order_id bigint, item_id bigint, deleted int NOT NULL DEFAULT 0);
CREATE TABLE order_process (id bigint PRIMARY KEY, order_id bigint, invoice_id bigint, period_start date,
    period_end date);
CREATE TABLE mediation_record_line (id bigint PRIMARY KEY, order_line_id bigint, event_date timestamp,
    amount numeric(22, 10), quantity numeric(22, 10), description text);
INSERT INTO currency VALUES (1, 'USD', 'US$'), (2, 'CAD', 'C$'), (3, 'EUR', '&#8364;'), (4, 'JPY', '&#165;'),
    (5, 'GBP', '&#163;'), (6, 'KRW', '&#8361;'), (7, 'CHF', 'Sf'), (8, 'SEK', 'SeK'), (9, 'SGD', 'S$'),
    (10, 'MYR', 'M$'), (11, 'AUD', '$');
INSERT INTO invoice_line_type VALUES (1, 'item recurring'), (2, 'tax'), (3, 'due invoice'), (4, 'interests'),
    (5, 'sub account'), (6, 'item one-time');
"""


def create(server: str, name: str) -> str:
    """A new, empty database of this name on a server (its superuser's address); one that stood there is gone.

    Returns the address of the login that may read it and nothing else.
    """
    with psycopg.connect(make_conninfo(server, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER]).fetchone():
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(READER)))
    with psycopg.connect(make_conninfo(server, dbname=name)) as owner:
        owner.execute(_TABLES)
        let_read(owner)
    return make_conninfo(server, dbname=name, user=READER)


def let_read(owner: psycopg.Connection) -> None:
    owner.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(READER)))


def fill(owner: psycopg.Connection, payload: BinaryIO) -> int:
    """Puts the bills of a payload into the tables, in the caller's transaction. A bill that is there is written over.

    Returns how many there were. Raises `FileRejected` for what is no payload.
    """
    bills = 0
    with owner.cursor() as cursor:
        for _, bill in rows(payload):
            if isinstance(bill, BillRow):
                bills += 1
                _write_over(cursor, bill)
    return bills


def _write_over(cursor: psycopg.Cursor, bill: BillRow) -> None:
    cursor.execute("DELETE FROM invoice WHERE id = %s", [bill.invoice.id])
    cursor.execute("DELETE FROM invoice_line WHERE invoice_id = %s", [bill.invoice.id])
    for table, row in (*_people(bill), *_bill(bill), *_payments(bill), *_calls(bill)):
        names, places = map(sql.Identifier, row), [sql.Placeholder()] * len(row)
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING")
        statement = insert.format(sql.Identifier(table), sql.SQL(", ").join(names), sql.SQL(", ").join(places))
        cursor.execute(statement, list(row.values()))
    cursor.execute(
        "UPDATE invoice SET delegated_invoice_id = %s, status_id = 28, balance = 0"
        " WHERE public_number = ANY(%s) AND user_id = %s",
        [bill.invoice.id, bill.carries, bill.base_user.id],
    )


_Rows = Iterator[tuple[str, dict[str, Any]]]  # table, its columns


def _people(bill: BillRow) -> _Rows:
    user, parent = bill.base_user, bill.parent
    yield "entity", {"id": bill.entity.id, "description": bill.entity.description}
    people = [(parent.id, parent.name, None), (user.id, user.name, user.user_name)]
    people += [(line.source_user_id, line.source_user, None) for line in bill.lines]
    for person, name, login in people:
        if person is not None:
            yield "base_user", {"id": person, "entity_id": bill.entity.id, "user_name": login or f"user{person}"}
            yield "contact", {"id": person, "user_id": person, "organization_name": name}
    if parent.id is not None:
        yield "customer", {"id": parent.id, "user_id": parent.id}
    yield "customer", {"id": user.id, "user_id": user.id, "parent_id": parent.id}


def _bill(bill: BillRow) -> _Rows:
    currency = CURRENCIES.index(bill.currency.code) + 1 if bill.currency.code in CURRENCIES else None
    yield "invoice", {**structs.asdict(bill.invoice), "user_id": bill.base_user.id, "currency_id": currency}
    for line in bill.lines:
        if line.item_id is not None:
            yield "item", {"id": line.item_id, "internal_number": line.item}
        row = {name: value for name, value in structs.asdict(line).items() if name not in _OF_OTHER_TABLES}
        yield "invoice_line", {**row, "invoice_id": bill.invoice.id}


def _payments(bill: BillRow) -> _Rows:
    for paid in bill.payments:
        row = structs.asdict(paid)
        amount = row.pop("amount")
        yield "payment", row
        yield "payment_invoice", {"id": paid.id, "payment_id": paid.id, "invoice_id": bill.invoice.id, "amount": amount}


def _calls(bill: BillRow) -> _Rows:
    """One order a bill, and of it one order line an item."""
    order = bill.invoice.id
    yield "order_process", {"id": order, "order_id": order, "invoice_id": order, **structs.asdict(bill.order_process)}
    order_lines = {line.item_id: line.id for line in bill.lines if line.item_id is not None}
    for item, order_line in order_lines.items():
        yield "order_line", {"id": order_line, "order_id": order, "item_id": item}
    for call in bill.usage:
        row = structs.asdict(call)
        behind = order_lines.get(row.pop("item_id"))
        yield "mediation_record_line", {**row, "order_line_id": behind}
