"""Groups and tags with what they hold now, as far as the actor may see it. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from payments.groups.rules import holding
from payments.invoices.listing import totals_of
from payments.invoices.queries import tagged, visible_to
from payments.models import InvoiceGroup, Tag
from portal.actor import Actor
from portal.money import format_amount

Held = tuple[str, int, Decimal, Decimal]  # currency, count, billed, open


@dataclass(frozen=True)
class GroupRow:
    """`billed` and `open` have a text a currency, such as "USD 1,234.56"."""

    name: str
    url: str
    count: str
    billed: tuple[str, ...]
    open: tuple[str, ...]


def list_groups_for(actor: Actor) -> list[GroupRow]:
    """All groups in the customer's order; one that holds nothing the actor may see is there with nothing in it."""
    found = InvoiceGroup.objects.filter(customer_id=actor.customer_id).order_by("position", "pk")
    return [_row(each.name, reverse("group", args=[each.code]), _held(actor, holding(each.pk))) for each in found]


def list_tags_for(actor: Actor) -> list[GroupRow]:
    """The tags that are on something the actor may see; each leads to its invoices."""
    grid, names = reverse("invoices"), Tag.objects.filter(customer_id=actor.customer_id, removed_at=None)
    held = {name: _held(actor, tagged(name)) for name in names.order_by("name").values_list("name", flat=True)}
    return [
        _row(name, f"{grid}?{urlencode({'state': 'all', 'tag': name})}", rows) for name, rows in held.items() if rows
    ]


def get_group_for(actor: Actor, code: UUID) -> InvoiceGroup | None:
    return InvoiceGroup.objects.filter(customer_id=actor.customer_id, code=code).first()


def _grid_of_tag(name: str) -> str:
    return f"{reverse('invoices')}?{urlencode({'state': 'all', 'tag': name})}"


def _held(actor: Actor, wanted: Q) -> list[Held]:
    return [(total.currency, total.count, total.billed, total.open) for total in totals_of(visible_to(actor) & wanted)]


def _row(name: str, url: str, held: Iterable[Held]) -> GroupRow:
    sums = list(held)
    return GroupRow(
        name=name,
        url=url,
        count=f"{sum(count for _, count, _, _ in sums):,}",
        billed=tuple(f"{currency} {format_amount(billed, currency)}" for currency, _, billed, _ in sums),
        open=tuple(f"{currency} {format_amount(open_, currency)}" for currency, _, _, open_ in sums),
    )
