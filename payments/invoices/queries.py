"""Invoices for the pages of a customer's people: only what they may see, only what they ask for.

Everything here is called inside `acting(actor)`; row-level security stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Least

from billing_sources.models import Invoice
from payments.invoices.filters import InvoiceFilter
from payments.invoices.rows import InvoiceFacts, InvoiceRow, Total, row_of
from payments.models import InvoiceGroupMember, InvoiceTag
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account
from portal.money import ZERO

NO_DATE: Final = date.max  # an invoice without a due date is due after all others

_SORT_KEYS: Final[Mapping[str, Combinable]] = {
    "number": F("number"),
    "account": F("account__name"),
    "due": Least("due_on", Value(NO_DATE)),
    "billed": F("payable"),
    "open": F("open"),
}
_COLUMNS: Final = (
    "code",
    "number",
    "account__name",
    "account__parent__name",
    "account__parent__parent_id",
    "system__name",
    "cycle",
    "tags",
    "due_on",
    "currency",
    "payable",
    "open",
    "held",
    "is_payable",
    "revision",
)
# Queries that every page narrows down: what they have in common is built once.
_TAGS: Final = InvoiceTag.objects.filter(invoice=OuterRef("pk")).order_by("tag__name").values("tag__name")
_KEYED: Final = {name: Invoice.objects.annotate(key=key) for name, key in _SORT_KEYS.items()}
_LISTS: Final = {
    name: keyed.annotate(tags=ArraySubquery(_TAGS)).values_list(*_COLUMNS) for name, keyed in _KEYED.items()
}
_TOTALS: Final = (
    Invoice.objects.order_by("currency")
    .values_list("currency")
    .annotate(n=Count("pk"), billed=Sum("payable"), left=Sum("open"), credits=Sum("open", filter=Q(payable__lt=0)))
)


@dataclass(frozen=True)
class InvoicePage:
    """One page. `newer` and `older` name the invoice that the next page each way starts from."""

    rows: tuple[InvoiceRow, ...]
    newer: str
    older: str


def visible_to(actor: Actor) -> Q:
    """The latest revisions of all invoices on nodes that the actor may see."""
    return Q(is_current=True) & revisions_visible_to(actor)


def revisions_visible_to(actor: Actor) -> Q:
    """The same with superseded revisions."""
    return Q(customer_id=actor.customer_id) & on_nodes(access.scope(actor, "see"))


def on_nodes(reach: access.AccountScope) -> Q:
    if reach.everything:
        return Q()
    return Q(account_id__in=RawSQL("SELECT unnest(%s::bigint[])", [sorted(reach.ids)]))


def matching(chosen: InvoiceFilter, today: date) -> Q:
    """What the filter asks for."""
    return Q(_state(chosen.state, today), *_plain_conditions(chosen), *_related_conditions(chosen))


def named(codes: Iterable[UUID]) -> Q:
    return Q(code__in=RawSQL("SELECT unnest(%s::uuid[])", [list(codes)]))


def page_of(
    visible: Q, chosen: InvoiceFilter, today: date, url: str, kept: frozenset[UUID] = frozenset()
) -> InvoicePage:
    """The page of those visible that match, by keyset: a row is met once, however the list grows meanwhile."""
    backwards = chosen.before is not None
    descending = chosen.is_descending != backwards
    anchor = _anchor(visible, chosen)
    beyond = _beyond(*anchor, descending) if anchor else Q()
    found = _LISTS[chosen.sort_column].filter(visible, matching(chosen, today), beyond).order_by(*_order(descending))
    facts = [InvoiceFacts._make(row) for row in found[: chosen.size + 1]]
    has_more = len(facts) > chosen.size
    del facts[chosen.size :]
    if backwards:
        facts.reverse()
    rows = tuple(row_of(each, today, url, kept) for each in facts)
    return _linked(rows, newer=has_more if backwards else bool(anchor), older=has_more or backwards)


def facts_of(visible: Q, chosen: InvoiceFilter, today: date) -> QuerySet[Any, Any]:
    """All of those visible that match, in their order, as the columns of `InvoiceFacts`."""
    found = _LISTS[chosen.sort_column].filter(visible, matching(chosen, today))
    return found.order_by(*_order(chosen.is_descending))


def totals_of(where: Q) -> list[Total]:
    """What these invoices come to, a total a currency; one query."""
    found = _TOTALS.filter(where)
    return [Total(currency, count, billed, left, credits_ or ZERO) for currency, count, billed, left, credits_ in found]


def _linked(rows: tuple[InvoiceRow, ...], *, newer: bool, older: bool) -> InvoicePage:
    if not rows:
        return InvoicePage((), "", "")
    return InvoicePage(rows, rows[0].code if newer else "", rows[-1].code if older else "")


def _anchor(visible: Q, chosen: InvoiceFilter) -> tuple[Any, int] | None:
    """Sort key and id of the invoice that the page lies next to; it need not match the filter any more."""
    code = chosen.before or chosen.after
    if code is None:
        return None
    return _KEYED[chosen.sort_column].filter(visible, code=code).values_list("key", "pk").first()


def _order(descending: bool) -> tuple[str, str]:
    return ("-key", "-pk") if descending else ("key", "pk")


def _beyond(key: Any, pk: int, descending: bool) -> Q:
    """What sorts after (key, pk). The first condition is there for the index."""
    if descending:
        return Q(key__lte=key) & (Q(key__lt=key) | Q(pk__lt=pk))
    return Q(key__gte=key) & (Q(key__gt=key) | Q(pk__gt=pk))


def _state(state: str, today: date) -> Q:
    return {
        "open": ~Q(open=0),
        "overdue": Q(open__gt=0, due_on__lt=today),
        "in_pay_run": Q(held__gt=0),
        "paid": Q(open=0, held=0, payable__gt=0),
        "credits": Q(payable__lt=0),
        "all": Q(),
    }[state]


def _plain_conditions(chosen: InvoiceFilter) -> list[Q]:
    wanted = {
        "due_on__gte": chosen.due_from,
        "due_on__lte": chosen.due_to,
        "system__key": chosen.system,
        "cycle": chosen.cycle,
        "currency": chosen.currency,
        "payable__gte": chosen.amount_from,
        "payable__lte": chosen.amount_to,
        "revision__gt": 1 if chosen.reissued else None,
    }
    return [Q((lookup, value)) for lookup, value in wanted.items() if value not in (None, "")]


def _related_conditions(chosen: InvoiceFilter) -> list[Q]:
    conditions = []
    if chosen.q:
        conditions.append(_says(chosen.q))
    if chosen.account:
        conditions.append(Q(account__in=_nodes_below(chosen.account)))
    if chosen.tag:
        conditions.append(Q(pk__in=InvoiceTag.objects.filter(tag__name=chosen.tag).values("invoice")))
    if chosen.group:
        conditions.append(Q(pk__in=InvoiceGroupMember.objects.filter(group__code=chosen.group).values("invoice")))
    return conditions


def _nodes_below(node: UUID) -> RawSQL:
    return RawSQL(
        "SELECT below.id FROM customers_account below, customers_account top"
        " WHERE top.code = %s AND below.path <@ top.path",
        [node],
    )


def _says(text: str) -> Q:
    accounts = Account.objects.filter(Q(name__icontains=text) | Q(external_id__icontains=text))
    return Q(number__icontains=text) | Q(account__in=accounts.values("pk"))
