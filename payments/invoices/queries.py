"""Which invoices a customer's people may see, and which of them they ask for.

Everything here is called inside `acting(actor)`; row-level security stands behind it. All conditions are about the
invoice's own columns (others are asked in subqueries), so that payments.invoices.listing can use them in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q
from django.db.models.expressions import RawSQL

from billing_sources.models import BillingSystem
from payments.groups.rules import in_group
from payments.invoices.filters import NO_METHOD, InvoiceFilter
from payments.invoices.value_lists import in_lists
from payments.models import Allocation, Tag, ToPay
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account


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


def tagged(name: str) -> Q:
    """What has the tag of this name, of its own or from a node above."""
    return Q(
        pk__in=RawSQL(
            "SELECT given.invoice_id FROM payments_tagged given JOIN payments_tag tag ON tag.id = given.tag_id"
            " WHERE tag.name = %s AND tag.removed_at IS NULL",
            [name],
        )
    )


def tag_names() -> list[str]:
    """The customer's tags."""
    return list(Tag.objects.filter(removed_at=None).order_by("name").values_list("name", flat=True))


def _state(state: str, today: date) -> Q:
    return {
        "open": ~Q(open=0),
        "overdue": Q(open__gt=0, due_on__lt=today) & ~Q(open=F("disputed")),
        "disputed": Q(disputed__gt=0),
        "in_pay_run": ~Q(held=0),
        "paid": Q(open=0, held=0, payable__gt=0),
        "credits": Q(payable__lt=0),
        "all": Q(),
    }[state]


def _plain_conditions(chosen: InvoiceFilter) -> list[Q]:
    wanted = {
        "number__icontains": chosen.number,
        "cycle": chosen.cycle,
        "currency": chosen.currency,
        "revision__gt": 1 if chosen.reissued else None,
        **{lookup: getattr(chosen, name) for name, lookup in _BOUNDS.items()},
    }
    return [Q((lookup, value)) for lookup, value in wanted.items() if value not in (None, "")]


def _related_conditions(chosen: InvoiceFilter) -> list[Q]:
    asked = {name: value for name, value in vars(chosen).items() if value not in (None, "", ())}
    conditions = [condition(asked[name]) for name, condition in _RELATED.items() if name in asked]
    conditions += [_accounts(**{lookup: asked[name]}) for name, lookup in _OF_ACCOUNT.items() if name in asked]
    conditions += [_BLANK[key] for key in chosen.without]
    if chosen.account:
        conditions.append(Q(account__in=_nodes_below(chosen.account, directly=bool(chosen.directly))))
    if chosen.paste:
        conditions.append(Q(pk__in=RawSQL("SELECT unnest(listed) FROM payments_paste WHERE code = %s", [chosen.paste])))
    if wished := {lookup: asked[name] for name, lookup in _WISHES.items() if name in asked}:
        conditions.append(Q(pk__in=ToPay.objects.filter(**wished).values("invoice")))
    return conditions


def _billed_by(key: str) -> Q:
    return Q(system__in=BillingSystem.objects.filter(key=key).values("pk"))


def _nodes_below(node: UUID, *, directly: bool) -> RawSQL:
    if directly:
        return RawSQL("SELECT id FROM customers_account WHERE code = %s", [node])
    return RawSQL(
        "SELECT below.id FROM customers_account below, customers_account top"
        " WHERE top.code = %s AND below.path <@ top.path",
        [node],
    )


def _says(text: str) -> Q:
    accounts = _accounts(name__icontains=text) | _accounts(external_id__icontains=text)
    return Q(number__icontains=text) | accounts | _tag_says(text)


def _tag_says(text: str) -> Q:
    """A tag like this, of its own or from a node above."""
    return Q(
        pk__in=RawSQL(
            "SELECT given.invoice_id FROM payments_tagged given JOIN payments_tag tag ON tag.id = given.tag_id"
            " WHERE tag.removed_at IS NULL AND strpos(lower(tag.name), lower(%s)) > 0",
            [text],
        )
    )


def _accounts(**wanted: str) -> Q:
    return Q(account__in=Account.objects.filter(**wanted).values("pk"))


def _planned_on(method: str) -> Q:
    """What is placed on a payment of this method now, or on none."""
    if method == NO_METHOD:
        return Q(held=0)
    return Q(
        pk__in=Allocation.objects.filter(~Q(held=0), payment__method=method, invoice__isnull=False).values("invoice")
    )


_BOUNDS: Final = {
    f"{name}_{end}": f"{column}__{side}"
    for name, column in {
        "issued": "billed_on",
        "due": "due_on",
        "amount": "payable",
        **{name: name for name in ("open", "held", "disputed", "settled", "credited", "amount_due", "revision")},
    }.items()
    for end, side in (("from", "gte"), ("to", "lte"))
}
_OF_ACCOUNT: Final = {
    "account_number": "external_id__icontains",
    "parent": "parent__name__icontains",
    "cost_center": "cost_center__icontains",
}
_RELATED: Final[Mapping[str, Callable[[Any], Q]]] = {
    "q": _says,
    "system": _billed_by,
    "tag": tagged,
    "group": in_group,
    "method": _planned_on,
    "lists": in_lists,
}
_WISHES: Final = {"to_pay_from": "amount__gte", "to_pay_to": "amount__lte", "reason": "reason"}
_BLANK: Final = {
    "to_pay": ~Q(pk__in=ToPay.objects.values("invoice")),
    "tags": ~Q(
        pk__in=RawSQL(
            "SELECT given.invoice_id FROM payments_tagged given JOIN payments_tag tag ON tag.id = given.tag_id"
            " WHERE tag.removed_at IS NULL",
            [],
        )
    ),
    "cycle": Q(cycle=""),
    "due": Q(due_on=None),
    "cost_center": Q(account__in=Account.objects.filter(cost_center="").values("pk")),
}
