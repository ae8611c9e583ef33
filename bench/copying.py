"""The reference of the imports: COPY of the very rows that an import left, into the tables as they were before it.

Finished rows, text ready in memory, constraints, indexes and triggers on, one transaction with its commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg

from bench.importing import Watch

TABLES = (
    "billing_sources_invoice",
    "billing_sources_charge",
    "billing_sources_taxitem",
    "billing_sources_usagerecord",
)
_BLOCK = 1 << 19


def copy_back(owner: psycopg.Connection, billed_on: date, cores: int) -> dict[str, Any]:
    """Take out the rows of a month's bills, and copy them back."""
    texts = {table: _copied_out(owner, table, billed_on) for table in TABLES}
    take_out(owner, billed_on)
    with Watch(owner.info.backend_pid, cores) as watch, owner.transaction(), owner.cursor() as cursor:
        for table, (columns, blocks) in texts.items():
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for block in blocks:
                    copy.write(block)
    return watch.figures | {"rows": sum(block.count(b"\n") for _, blocks in texts.values() for block in blocks)}


def take_out(owner: psycopg.Connection, billed_on: date) -> None:
    """The month's rows, leaving the tables and indexes as they were before the import."""
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES[1:]:
            owner.execute(f"DELETE FROM {table} WHERE invoice_id IN ({_of(billed_on)})")
        owner.execute(f"DELETE FROM {TABLES[0]} WHERE id IN ({_of(billed_on)})")
    for table in TABLES:
        owner.execute(f"VACUUM (FULL, ANALYZE) {table}")
    owner.execute("CHECKPOINT")


def _of(billed_on: date) -> str:
    return f"SELECT id FROM billing_sources_invoice WHERE billed_on = '{billed_on}'"


def _copied_out(owner: psycopg.Connection, table: str, billed_on: date) -> tuple[str, list[bytes]]:
    columns = ", ".join(
        name
        for (name,) in owner.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = ''"
            " AND NOT attisdropped ORDER BY attnum",
            [table],
        )
    )
    invoice_id = "id" if table == TABLES[0] else "invoice_id"
    wanted = f"SELECT {columns} FROM {table} WHERE {invoice_id} IN ({_of(billed_on)})"
    with owner.cursor() as cursor, cursor.copy(f"COPY ({wanted}) TO STDOUT") as copy:
        return columns, _blocks(bytes(row) for row in copy)


def _blocks(rows: Iterator[bytes]) -> list[bytes]:
    blocks, block = [], bytearray()
    for row in rows:
        block += row
        if len(block) >= _BLOCK:
            blocks.append(bytes(block))
            block.clear()
    return [*blocks, bytes(block)]
