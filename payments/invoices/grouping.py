"""The invoices of a filter gathered by what they have in common, with subtotals a currency that tie to the whole.

An invoice with two tags stands under both: what is counted more than once is said in a row of its own, so that every
column adds up to the sum bar. Everything here is called inside `acting(actor)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q

from payments.invoices.filters import NO_METHOD, InvoiceFilter, first_page
from payments.invoices.listing import Condition, ask, in_sql
from payments.invoices.queries import matching
from payments.invoices.rows import Total
from payments.models import Payment
from portal.actor import Actor
from portal.customers import access
from portal.money import ZERO, format_amount

MOST_GROUPS: Final = 500
_GATHERED: Final = """
    SELECT {value}, {name}, {is_deep}, currency, count(*), sum(payable), sum(open), sum(held),
        COALESCE(sum(open) FILTER (WHERE payable < 0), 0)
    FROM billing_sources_invoice {tables} WHERE {where} GROUP BY 1, 2, 3, 4 ORDER BY {value} IS NULL, 2, 1, 4
"""
_NODES: Final = """
    LEFT JOIN (SELECT below.id, top.code, top.name,
                   EXISTS (SELECT FROM customers_account deeper WHERE deeper.parent_id = top.id) AS is_deep
               FROM customers_account top JOIN customers_account below ON below.path <@ top.path
               WHERE top.id = ANY(%s)) node ON node.id = billing_sources_invoice.account_id
"""
_TAGS: Final = """
    LEFT JOIN (SELECT DISTINCT given.invoice_id, tag.name FROM payments_tagged given
               JOIN payments_tag tag ON tag.id = given.tag_id AND tag.removed_at IS NULL
               WHERE %s IN ('', tag.name)) tagged
    ON tagged.invoice_id = billing_sources_invoice.id
"""
_METHODS: Final = """
    LEFT JOIN (SELECT DISTINCT placed.invoice_id, payment.method FROM payments_allocation placed
               JOIN payments_payment payment ON payment.id = placed.payment_id
               WHERE placed.held <> 0 AND %s IN ('', payment.method)) planned
    ON planned.invoice_id = billing_sources_invoice.id
"""
_SYSTEMS: Final = "JOIN billing_sources_billingsystem system ON system.id = billing_sources_invoice.system_id"


class Figures(NamedTuple):
    """`credits` is the part of `open` below zero."""

    invoices: int
    billed: Decimal
    open: Decimal
    held: Decimal
    credits: Decimal

    def plus(self, other: Figures, times: int = 1) -> Figures:
        return Figures(
            self.invoices + times * other.invoices,
            self.billed + times * other.billed,
            self.open + times * other.open,
            self.held + times * other.held,
            self.credits + times * other.credits,
        )


@dataclass(frozen=True)
class Subtotal:
    """What one group comes to in one currency. `value` is None for what has no such thing; `is_deep`: groups of its
    own lie below it."""

    currency: str
    figures: Figures
    value: Any = None
    name: str | None = None
    is_deep: bool = False


@dataclass(frozen=True)
class GroupLine:
    """A row: one group in one currency. `url` is the list of its invoices, `below_url` its own groups."""

    name: str
    currency: str
    count: str
    billed: str
    open: str
    held: str
    credits: str
    url: str = ""
    below_url: str = ""


@dataclass(frozen=True)
class Grouping:
    """How invoices are gathered, in SQL: by `value`, called `name`, with `tables` beside the invoices'.

    `words` says it to people; `narrowed` are the changes to the filter that lead to the invoices of a value.
    """

    value: str
    name: str
    words: Callable[[Subtotal], str]
    narrowed: Callable[[InvoiceFilter, Any], dict[str, Any]]
    tables: Callable[[Actor, InvoiceFilter], Condition] = lambda actor, chosen: ("", ())
    is_deep: str = "false"


def group_lines(
    actor: Actor, visible: Q, chosen: InvoiceFilter, totals: Sequence[Total], today: date
) -> list[GroupLine]:
    """The groups of `chosen.by` in their order; `totals` is what the whole filter comes to."""
    grouping, where = _GROUPINGS[chosen.by], in_sql(visible & matching(chosen, today))
    chosen = _rooted(actor, chosen)
    found = _gathered(grouping, grouping.tables(actor, chosen), where)
    lines = [_line(each, grouping.words(each), **_ways(chosen, grouping, each)) for each in found[:MOST_GROUPS]]
    lines += [_line(each, "All further groups") for each in _added_up(found[MOST_GROUPS:])]
    return lines + [_line(each, "Counted more than once") for each in _too_much(found, totals)]


def _gathered(grouping: Grouping, tables: Condition, where: Condition) -> list[Subtotal]:
    sql = _GATHERED.format(
        value=grouping.value,
        name=grouping.name,
        is_deep=grouping.is_deep,
        tables=tables[0],
        where=where[0],
    )
    found = ask(sql, tables[1] + where[1])
    return [
        Subtotal(currency, Figures(*figures), value, name, is_deep)
        for value, name, is_deep, currency, *figures in found
    ]


def _ways(chosen: InvoiceFilter, grouping: Grouping, group: Subtotal) -> dict[str, str]:
    narrowed = grouping.narrowed(chosen, group.value)
    below = f"?{first_page(chosen, **narrowed)}" if group.is_deep and group.value else ""
    return {"url": f"?{first_page(chosen, **{**narrowed, 'by': ''})}", "below_url": below}


def _line(group: Subtotal, name: str, url: str = "", below_url: str = "") -> GroupLine:
    invoices, *amounts = group.figures
    billed, open_, held, credits_ = (format_amount(amount, group.currency) for amount in amounts)
    count = f"{invoices:,}".replace("-", "\u2212")
    return GroupLine(name, group.currency, count, billed, open_, held, credits_, url, below_url)


def _added_up(groups: Sequence[Subtotal]) -> list[Subtotal]:
    """A sum a currency."""
    sums: dict[str, Figures] = {}
    for group in groups:
        sums[group.currency] = sums.get(group.currency, _NOTHING).plus(group.figures)
    return [Subtotal(currency, figures) for currency, figures in sorted(sums.items())]


def _too_much(groups: Sequence[Subtotal], totals: Sequence[Total]) -> list[Subtotal]:
    """What the groups hold beyond the whole, as a row that takes it away again."""
    beyond = []
    whole = {total.currency: total for total in totals}
    for group in _added_up(groups):
        total = whole[group.currency]
        true = Figures(total.count, total.billed, total.open, total.held, total.credits)
        if group.figures != true:
            beyond.append(Subtotal(group.currency, true.plus(group.figures, -1)))
    return beyond


def _nodes(actor: Actor, chosen: InvoiceFilter) -> Condition:
    """The nodes just below the one that the filter names; without one, the topmost that the actor may see."""
    if chosen.account is None:
        return _NODES, ([node for node, _ in _topmost(actor)],)
    tops = ask("SELECT id FROM customers_account WHERE code = %s", (chosen.account,))
    return _NODES, (_children(tops[0][0]) if tops and not chosen.directly else [],)


def _rooted(actor: Actor, chosen: InvoiceFilter) -> InvoiceFilter:
    """Whoever sees one tree, and names no node of it, means its top."""
    tops = _topmost(actor) if chosen.by == "node" and chosen.account is None else []
    return replace(chosen, account=tops[0][1]) if len(tops) == 1 else chosen


def _topmost(actor: Actor) -> list[tuple[int, UUID]]:
    reach = access.scope(actor, "see")
    if reach.everything:
        return ask("SELECT id, code FROM customers_account WHERE parent_id IS NULL", ())
    ids = sorted(reach.ids)
    sql = "SELECT id, code FROM customers_account WHERE id = ANY(%s) AND (parent_id <> ALL(%s) OR parent_id IS NULL)"
    return ask(sql, (ids, ids))


def _children(node: int) -> list[int]:
    return [child for (child,) in ask("SELECT id FROM customers_account WHERE parent_id = %s", (node,))]


def _of_node(chosen: InvoiceFilter, value: Any) -> dict[str, Any]:
    return {"account": value} if value else {"directly": "yes"}


def _of_week(chosen: InvoiceFilter, value: date | None) -> dict[str, Any]:
    """The week's days, as far as the filter lets them."""
    if value is None:
        return _blank(chosen, "due")
    first, last = value, value + timedelta(days=6)
    return {"due_from": max(first, chosen.due_from or first), "due_to": min(last, chosen.due_to or last)}


def _blank(chosen: InvoiceFilter, key: str) -> dict[str, Any]:
    return {"without": tuple(dict.fromkeys((*chosen.without, key)))}


_NOTHING: Final = Figures(0, ZERO, ZERO, ZERO, ZERO)
_METHOD_NAMES: Final = dict(Payment.Method.choices)
_GROUPINGS: Final = {
    "node": Grouping(
        value="node.code",
        name="node.name",
        words=lambda group: group.name or "On the account itself",
        narrowed=_of_node,
        tables=_nodes,
        is_deep="COALESCE(node.is_deep, false)",
    ),
    "tag": Grouping(
        value="tagged.name",
        name="tagged.name",
        words=lambda group: group.name or "Without a tag",
        narrowed=lambda chosen, value: {"tag": value} if value else _blank(chosen, "tags"),
        tables=lambda actor, chosen: (_TAGS, (chosen.tag,)),
    ),
    "week": Grouping(
        value="date_trunc('week', due_on)::date",
        name="''",
        words=lambda group: (
            f"{group.value} – {group.value + timedelta(days=6)}" if group.value else "Without a due date"
        ),
        narrowed=_of_week,
    ),
    "system": Grouping(
        value="system.key",
        name="system.name",
        words=lambda group: group.name or "",
        narrowed=lambda chosen, value: {"system": value},
        tables=lambda actor, chosen: (_SYSTEMS, ()),
    ),
    "cycle": Grouping(
        value="NULLIF(cycle, '')",
        name="lpad(cycle, 12)",
        words=lambda group: f"Cycle {group.value}" if group.value else "Without a cycle",
        narrowed=lambda chosen, value: {"cycle": value} if value else _blank(chosen, "cycle"),
    ),
    "method": Grouping(
        value="planned.method",
        name="planned.method",
        words=lambda group: _METHOD_NAMES.get(group.value, group.value) if group.value else "On no payment yet",
        narrowed=lambda chosen, value: {"method": value or NO_METHOD},
        tables=lambda actor, chosen: (_METHODS, (chosen.method,)),
    ),
}
