"""A filter by a list of values: thousands of numbers pasted from elsewhere, kept once and named in the address.

A list is named by its column and the beginning of its hash ("number:1f3a…"), so the same values are the same list. One
that is not known matches nothing: an address that was cut must never show more than was asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from payments.domain.refusals import Rule, refuse
from payments.invoices.columns import COLUMNS, DAY, MONEY
from payments.invoices.filters import read_amount
from portal.actor import Actor

MOST_VALUES, LONGEST_VALUE = 10_000, 80
_VALUES: Final = (
    "(SELECT {what} FROM payments_valuelist kept, unnest(kept.values) AS value"
    " WHERE kept.key = %s AND kept.column = '{column}')"
)
# By its very number; else by what two ways to write it have in common (payments/migrations/0019_paste.py), where
# that calls one invoice and no other.
_NUMBERS: Final = """
    (SELECT found.id FROM (
        SELECT called.id, called.number = asked.value AS is_exact, count(*) OVER same AS candidates,
            bool_or(called.number = asked.value) OVER same AS has_exact
        FROM payments_valuelist kept, unnest(kept.values) WITH ORDINALITY AS asked (value, at),
            invoices_called(kept.values) AS called
        WHERE kept.key = %s AND kept.column = 'number' AND called.at = asked.at
        WINDOW same AS (PARTITION BY called.at)) found
     WHERE found.is_exact OR (found.candidates = 1 AND NOT found.has_exact))
"""
_ACCOUNTS: Final = """
    (SELECT a.id FROM customers_account a LEFT JOIN customers_account above ON above.id = a.parent_id
     WHERE {expression} IN {values})
"""
_SYSTEMS: Final = "(SELECT id FROM billing_sources_billingsystem WHERE upper(name) IN {values})"
_TAGGED: Final = """
    (SELECT given.invoice_id FROM payments_tagged given JOIN payments_tag tag ON tag.id = given.tag_id
     WHERE tag.removed_at IS NULL AND upper(tag.name) IN {values})
"""
_BY_ACCOUNT: Final = {
    "account": "upper(a.name)",
    "account_number": "upper(a.external_id)",
    "parent": "upper(above.name)",
    "cost_center": "upper(a.cost_center)",
}
_OWN: Final = {  # columns of the invoice itself
    "cycle": "cycle",
    "currency": "currency",
    "issued": "billed_on",
    "due": "due_on",
    "billed": "payable",
    **{key: key for key in ("open", "held", "disputed", "settled", "credited", "amount_due")},
}
LISTABLE: Final = tuple(key for key in COLUMNS if key in {"number", "system", "tags", *_BY_ACCOUNT, *_OWN})


def keep_list(actor: Actor, column: str, text: str, *, now: datetime) -> str:
    """The name of the list of these values, which is kept; raises `Refused` with the first value that cannot be read.

    Values stand on lines of their own, or between tabs, semicolons and commas; amounts have commas of their own. Call
    inside `acting(actor)`.
    """
    if column not in LISTABLE:
        raise refuse(Rule.TEXT, "This column has no lists.")
    values = [_read(column, number, value) for number, value in enumerate(_split(column, text), start=1)]
    if not 0 < len(values) <= MOST_VALUES:
        raise refuse(Rule.EMPTY, f"Paste at least one value, and at most {MOST_VALUES:,}.")
    once = list(dict.fromkeys(values))
    key = hashlib.sha256("\n".join((column, *sorted(once))).encode()).hexdigest()[:20]
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO payments_valuelist (customer_id, key, "column", values, made_by_id, made_at)'
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [actor.customer_id, key, column, once, actor.user_id, now],
        )
    return f"{column}:{key}"


def in_lists(names: Iterable[str]) -> Q:
    """What is in every one of the lists."""
    return Q(*(_in_list(*name.partition(":")[::2]) for name in names))


def sizes_of(names: Sequence[str]) -> dict[str, int]:
    """How many values the lists hold; one that is not known is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kept.column || ':' || kept.key, cardinality(kept.values) FROM payments_valuelist kept"
            " WHERE kept.column || ':' || kept.key = ANY(%s)",
            [list(names)],
        )
        return dict(cursor.fetchall())


def _in_list(column: str, key: str) -> Q:
    if column == "number":
        return Q(pk__in=RawSQL(_NUMBERS, [key]))
    if column not in LISTABLE:
        return Q(pk__lt=0)  # nothing; an empty IN would have no SQL
    kind = COLUMNS[column].kind
    what = {DAY: "value::date", MONEY: "value::numeric"}.get(kind, "upper(value)")
    values = _VALUES.format(what=what, column=column)
    if column in _BY_ACCOUNT:
        return Q(account__in=RawSQL(_ACCOUNTS.format(expression=_BY_ACCOUNT[column], values=values), [key]))
    if column == "system":
        return Q(system__in=RawSQL(_SYSTEMS.format(values=values), [key]))
    if column == "tags":
        return Q(pk__in=RawSQL(_TAGGED.format(values=values), [key]))
    return Q((f"{_OWN[column]}__in", RawSQL(values, [key])))


def _split(column: str, text: str) -> list[str]:
    between = r"[\r\n\t;]" if COLUMNS[column].kind == MONEY else r"[\r\n\t;,]"
    parts = (" ".join(part.replace("\x00", "").split()) for part in re.split(between, text))
    return [part for part in parts if part]


def _read(column: str, number: int, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise refuse(Rule.TEXT, f"Value {number} is longer than {LONGEST_VALUE} characters: “{value[:20]}…”.")
    if COLUMNS[column].kind == DAY:
        return _day(number, value)
    if COLUMNS[column].kind == MONEY:
        amount = read_amount(value)
        if amount is None:
            raise refuse(Rule.TEXT, f"Value {number} is no amount: “{value}”.")
        return f"{amount:f}"
    return value


def _day(number: int, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise refuse(Rule.TEXT, f"Value {number} is no day such as 2026-12-01: “{value}”.") from None
