"""Which of some invoices are in which groups. Called inside a transaction of `portal.tenancy`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.db import connection

from payments.groups.rules import INVOICES, members

_AMONG: Final = """
    WITH chosen AS MATERIALIZED (SELECT * FROM billing_sources_invoice WHERE id = ANY(%s))
    SELECT held.group_id, held.invoice_id FROM ({members}) held WHERE held.invoice_id IN (SELECT id FROM chosen)
"""


def among(groups: Collection[int], invoices: Iterable[int]) -> set[tuple[int, int]]:
    """(group, invoice) of these groups and invoices, where the group holds the invoice."""
    sql, values = members(groups, invoices=f"chosen AS {INVOICES}")
    return set(asked(_AMONG.format(members=sql), (list(invoices), *values)))


def asked(sql: str, values: tuple[Any, ...]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[Any] = cursor.fetchall()
        return found
