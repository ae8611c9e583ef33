"""The list of invoices and its totals, in SQL: a page of the list is asked for all day long, and building the same
statements anew from the models takes longer than anything else in it (docs/performance.md).

Everything here is called inside `acting(actor)`, with conditions of payments.invoices.queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import FullResultSet
from django.db import connection
from django.db.models import Q

from billing_sources.models import Invoice
from payments.invoices.filters import InvoiceFilter
from payments.invoices.queries import matching
from payments.invoices.rows import InvoiceFacts, InvoiceRow, Total, row_of
from portal.money import ZERO

CHUNK: Final = 2000
_SORT_KEYS: Final[Mapping[str, str]] = {
    "number": "billing_sources_invoice.number",
    "account": "account.name",
    "due": "LEAST(billing_sources_invoice.due_on, DATE '9999-12-31')",  # without a due date: due after all others
    "billed": "billing_sources_invoice.payable",
    "open": "billing_sources_invoice.open",
}
# The conditions call an invoice by the name of its table.
_TABLES: Final = """
    billing_sources_invoice LEFT JOIN customers_account account ON account.id = billing_sources_invoice.account_id
    LEFT JOIN customers_account above ON above.id = account.parent_id
    JOIN billing_sources_billingsystem system ON system.id = billing_sources_invoice.system_id
"""
_LIST: Final = """
    SELECT billing_sources_invoice.code, number, account.name, above.name, above.parent_id, system.name, cycle,
        ARRAY(SELECT tag.name FROM payments_invoicetag given JOIN payments_tag tag ON tag.id = given.tag_id
              WHERE given.invoice_id = billing_sources_invoice.id ORDER BY 1),
        due_on, currency, payable, open, held, is_payable, revision
    FROM {tables} WHERE {where} ORDER BY {key} {direction}, billing_sources_invoice.id {direction} LIMIT %s
"""
_ANCHOR: Final = "SELECT {key}, billing_sources_invoice.id FROM {tables} WHERE {where}"
_TOTALS: Final = """
    SELECT currency, count(*), sum(payable), sum(open), sum(open) FILTER (WHERE payable < 0)
    FROM billing_sources_invoice WHERE {where} GROUP BY 1 ORDER BY 1
"""

Condition = tuple[str, tuple[Any, ...]]  # SQL and its parameters


@dataclass(frozen=True)
class InvoicePage:
    """One page, and what everything that matches comes to. `newer` and `older` name the invoice that the next page each
    way starts from."""

    totals: list[Total]
    rows: tuple[InvoiceRow, ...]
    newer: str
    older: str


def page_of(
    visible: Q, chosen: InvoiceFilter, today: date, url: str, kept: frozenset[UUID] = frozenset()
) -> InvoicePage:
    """The page of those visible that match, by keyset: a row is met once, however the list grows meanwhile."""
    backwards = chosen.before is not None
    descending = chosen.is_descending != backwards
    anchor = _anchor(visible, chosen)
    where = _in_sql(visible & matching(chosen, today))
    here = _both(where, _beyond(chosen, anchor, descending)) if anchor else where
    facts = [InvoiceFacts._make(row) for row in _asked(*_select(here, chosen, descending, chosen.size + 1))]
    has_more = len(facts) > chosen.size
    del facts[chosen.size :]
    if backwards:
        facts.reverse()
    rows = tuple(row_of(each, today, url, kept) for each in facts)
    return _linked(_totals(where), rows, newer=has_more if backwards else bool(anchor), older=has_more or backwards)


def facts_of(visible: Q, chosen: InvoiceFilter, today: date) -> Iterator[InvoiceFacts]:
    """All of those visible that match, in their order; the database keeps those that were not fetched yet."""
    where = _in_sql(visible & matching(chosen, today))
    with connection.chunked_cursor() as cursor:
        cursor.execute(*_select(where, chosen, chosen.is_descending))
        while rows := cursor.fetchmany(CHUNK):
            yield from map(InvoiceFacts._make, rows)


def totals_of(wanted: Q) -> list[Total]:
    """What these invoices come to, a total a currency; one query."""
    return _totals(_in_sql(wanted))


def _totals(where: Condition) -> list[Total]:
    found = _asked(_TOTALS.format(where=where[0]), where[1])
    return [Total(currency, count, billed, left, credits_ or ZERO) for currency, count, billed, left, credits_ in found]


def _linked(totals: list[Total], rows: tuple[InvoiceRow, ...], *, newer: bool, older: bool) -> InvoicePage:
    if not rows:
        return InvoicePage(totals, (), "", "")
    return InvoicePage(totals, rows, rows[0].code if newer else "", rows[-1].code if older else "")


def _anchor(visible: Q, chosen: InvoiceFilter) -> tuple[Any, int] | None:
    """Sort key and id of the invoice that the page lies next to; it need not match the filter any more."""
    code = chosen.before or chosen.after
    if code is None:
        return None
    where, values = _both(_in_sql(visible), ("billing_sources_invoice.code = %s", (code,)))
    sql = _ANCHOR.format(key=_SORT_KEYS[chosen.sort_column], tables=_TABLES, where=where)
    return next(iter(_asked(sql, values)), None)


def _beyond(chosen: InvoiceFilter, anchor: tuple[Any, int], descending: bool) -> Condition:
    """What sorts after the anchor. The first condition is there for the index."""
    key, side = _SORT_KEYS[chosen.sort_column], "<" if descending else ">"
    return f"{key} {side}= %s AND ({key} {side} %s OR billing_sources_invoice.id {side} %s)", (anchor[0], *anchor)


def _select(where: Condition, chosen: InvoiceFilter, descending: bool, limit: int | None = None) -> Condition:
    key, direction = _SORT_KEYS[chosen.sort_column], "DESC" if descending else "ASC"
    sql = _LIST.format(tables=_TABLES, where=where[0], key=key, direction=direction)
    return sql, (*where[1], limit)


def _both(one: Condition, other: Condition) -> Condition:
    return f"{one[0]} AND {other[0]}", one[1] + other[1]


def _in_sql(wanted: Q) -> Condition:
    """A condition on the invoice as the models say it."""
    query = Invoice.objects.filter(wanted).query
    try:
        sql, values = query.get_compiler(connection=connection).compile(query.where)
    except FullResultSet:
        return "true", ()
    return f"({sql})", tuple(values)


def _asked(sql: str, values: tuple[Any, ...]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[Any] = cursor.fetchall()
        return found
