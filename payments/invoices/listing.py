"""The list of invoices and its totals, in SQL: a page of the list is asked for all day long, and building the same
statements anew from the models takes longer than anything else in it (docs/performance.md).

Everything here is called inside `acting(actor)`, with conditions of payments.invoices.queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import FullResultSet
from django.db import connection
from django.db.models import Q

from billing_sources.models import Invoice
from payments.invoices.columns import COLUMNS
from payments.invoices.filters import InvoiceFilter
from payments.invoices.queries import matching
from payments.invoices.rows import InvoiceFacts, Total

CHUNK: Final = 2000
# The conditions call an invoice by the name of its table.
_TABLES: Final = """
    billing_sources_invoice LEFT JOIN customers_account account ON account.id = billing_sources_invoice.account_id
    LEFT JOIN customers_account above ON above.id = account.parent_id
    JOIN billing_sources_billingsystem system ON system.id = billing_sources_invoice.system_id
    LEFT JOIN payments_topay wish ON wish.invoice_id = billing_sources_invoice.id
"""
_LIST: Final = """
    SELECT billing_sources_invoice.code, number, account.name, account.external_id, account.cost_center, above.name,
        above.parent_id, system.name, cycle,
        ARRAY(SELECT DISTINCT tag.name FROM payments_tagged given JOIN payments_tag tag ON tag.id = given.tag_id
              WHERE given.invoice_id = billing_sources_invoice.id ORDER BY 1),
        billed_on, due_on, billing_sources_invoice.currency, payable, open, held, disputed, settled, credited,
        amount_due, is_payable, revision, wish.amount, COALESCE(wish.reason, ''), COALESCE(wish.note, ''),
        ARRAY(SELECT tag.name FROM payments_invoicetag own JOIN payments_tag tag ON tag.id = own.tag_id
              WHERE own.invoice_id = billing_sources_invoice.id ORDER BY 1)
    FROM {tables} WHERE {where} ORDER BY {order} LIMIT %s
"""
_ANCHOR: Final = "SELECT {keys} FROM {tables} WHERE {where}"
_ID: Final = "billing_sources_invoice.id"
_TOTALS: Final = """
    SELECT billing_sources_invoice.currency, count(*), sum(payable), sum(open),
        COALESCE(sum(open) FILTER (WHERE payable < 0), 0), sum(held), sum(disputed), COALESCE(sum(wish.amount), 0)
    FROM billing_sources_invoice LEFT JOIN payments_topay wish ON wish.invoice_id = billing_sources_invoice.id
    WHERE {where} GROUP BY 1 ORDER BY 1
"""

Condition = tuple[str, tuple[Any, ...]]  # SQL and its parameters
Order = list[tuple[str, bool]]  # what is sorted by in SQL, and whether it descends; the last is unique


@dataclass(frozen=True)
class InvoicePage:
    """One page, and what everything that matches comes to. `newer` and `older` name the invoice that the next page each
    way starts from."""

    totals: list[Total]
    rows: Sequence[InvoiceFacts]
    newer: str
    older: str


def page_of(visible: Q, chosen: InvoiceFilter, today: date) -> InvoicePage:
    """The page of those visible that match, by keyset: a row is met once, however the list grows meanwhile."""
    backwards = chosen.before is not None
    order = _order(chosen, backwards=backwards)
    anchor = _anchor(visible, chosen, order)
    where = in_sql(visible & matching(chosen, today))
    here = _both(where, _beyond(order, anchor)) if anchor else where
    facts = [InvoiceFacts._make(row) for row in ask(*_select(here, order, chosen.size + 1))]
    has_more = len(facts) > chosen.size
    del facts[chosen.size :]
    if backwards:
        facts.reverse()
    return _linked(_totals(where), facts, newer=has_more if backwards else bool(anchor), older=has_more or backwards)


def facts_of(visible: Q, chosen: InvoiceFilter, today: date) -> Iterator[InvoiceFacts]:
    """All of those visible that match, in their order; the database keeps those that were not fetched yet."""
    where = in_sql(visible & matching(chosen, today))
    with connection.chunked_cursor() as cursor:
        cursor.execute(*_select(where, _order(chosen)))
        while rows := cursor.fetchmany(CHUNK):
            yield from map(InvoiceFacts._make, rows)


def totals_of(wanted: Q) -> list[Total]:
    """What these invoices come to, a total a currency; one query."""
    return _totals(in_sql(wanted))


def _totals(where: Condition) -> list[Total]:
    return [Total(*row) for row in ask(_TOTALS.format(where=where[0]), where[1])]


def _linked(totals: list[Total], rows: list[InvoiceFacts], *, newer: bool, older: bool) -> InvoicePage:
    if not rows:
        return InvoicePage(totals, (), "", "")
    return InvoicePage(totals, rows, str(rows[0].code) if newer else "", str(rows[-1].code) if older else "")


def _order(chosen: InvoiceFilter, *, backwards: bool = False) -> Order:
    """The id comes last, in the direction of the first key, as the indexes have it."""
    keys = [(COLUMNS[key.removeprefix("-")].order, key.startswith("-") != backwards) for key in chosen.sort]
    return [*keys, (_ID, keys[0][1])]


def _anchor(visible: Q, chosen: InvoiceFilter, order: Order) -> tuple[Any, ...] | None:
    """Sort keys of the invoice that the page lies next to; it need not match the filter any more."""
    code = chosen.before or chosen.after
    if code is None:
        return None
    where, values = _both(in_sql(visible), ("billing_sources_invoice.code = %s", (code,)))
    keys = ", ".join(key for key, _ in order)
    return next(iter(ask(_ANCHOR.format(keys=keys, tables=_TABLES, where=where), values)), None)


def _beyond(order: Order, anchor: tuple[Any, ...]) -> Condition:
    """What sorts after the anchor: by the first key, or within it by the next. The first condition is there for the
    index."""
    (first, descends), side = order[0], {True: "<", False: ">"}
    sql, values = f"{order[-1][0]} {side[order[-1][1]]} %s", anchor[-1:]
    for (key, falls), value in zip(order[-2::-1], anchor[-2::-1], strict=True):
        sql, values = f"({key} {side[falls]} %s OR ({key} = %s AND {sql}))", (value, value, *values)
    return f"{first} {side[descends]}= %s AND {sql}", (anchor[0], *values)


def _select(where: Condition, order: Order, limit: int | None = None) -> Condition:
    words = ", ".join(f"{key} DESC" if descends else key for key, descends in order)
    return _LIST.format(tables=_TABLES, where=where[0], order=words), (*where[1], limit)


def _both(one: Condition, other: Condition) -> Condition:
    return f"{one[0]} AND {other[0]}", one[1] + other[1]


def in_sql(wanted: Q) -> Condition:
    """A condition on the invoice as the models say it."""
    query = Invoice.objects.filter(wanted).query
    try:
        sql, values = query.get_compiler(connection=connection).compile(query.where)
    except FullResultSet:
        return "true", ()
    return f"({sql})", tuple(values)


def ask(sql: str, values: tuple[Any, ...]) -> list[Any]:
    """All rows that the statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[Any] = cursor.fetchall()
        return found
