"""What stands in the database of a customer, in short: the same digests, the same rows."""

from __future__ import annotations

from django.db import connection

from portal.tenancy import carrier
from tests.personas import Personas


def rows_of(people: Personas, customer: str) -> dict[str, str]:
    """A digest of every row of a customer, by table. Acts are left out: a refused visit is written down too."""
    pk = {"harlow": people.harlow.pk, "lumen": people.lumen.pk}[customer]
    with carrier(read_only=True), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id'"
            " WHERE c.relkind = 'r' AND c.relname <> 'audit_auditevent'"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        digests = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE customer_id = %s", [pk]
            )
            digests[table] = cursor.fetchone()[0]
    assert len(digests) > 15
    return digests
