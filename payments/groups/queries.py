"""Groups and tags with what they hold now, as far as the actor may see it. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.urls import reverse

from billing_sources.models import Invoice
from payments.invoices.queries import visible_to
from payments.models import InvoiceGroup, InvoiceGroupMember, InvoiceTag
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
    """All groups by name; one that holds nothing the actor may see is there with nothing in it."""
    held = _held(actor, InvoiceGroupMember.objects.all(), "group__name")
    found = InvoiceGroup.objects.filter(customer_id=actor.customer_id).order_by("name").values_list("name", "code")
    return [_row(name, reverse("group", args=[code]), held.get(name, ())) for name, code in found]


def list_tags_for(actor: Actor) -> list[GroupRow]:
    """The tags that are on something the actor may see; each leads to its invoices."""
    held = _held(actor, InvoiceTag.objects.all(), "tag__name")
    grid = reverse("invoices")
    return [_row(name, f"{grid}?{urlencode({'state': 'all', 'tag': name})}", held[name]) for name in sorted(held)]


def get_group_for(actor: Actor, code: UUID) -> InvoiceGroup | None:
    return InvoiceGroup.objects.filter(customer_id=actor.customer_id, code=code).first()


def _held(
    actor: Actor, members: QuerySet[InvoiceGroupMember] | QuerySet[InvoiceTag], name: str
) -> dict[str, list[Held]]:
    rows = (
        members.filter(invoice__in=Invoice.objects.filter(visible_to(actor)).values("pk"))
        .order_by(name, "invoice__currency")
        .values_list(name, "invoice__currency")
        .annotate(Count("pk"), Sum("invoice__payable"), Sum("invoice__open"))
    )
    return {key: [tuple(row[1:]) for row in found] for key, found in groupby(rows, key=lambda row: row[0])}


def _row(name: str, url: str, held: Iterable[Held]) -> GroupRow:
    sums = list(held)
    return GroupRow(
        name=name,
        url=url,
        count=f"{sum(count for _, count, _, _ in sums):,}",
        billed=tuple(f"{currency} {format_amount(billed, currency)}" for currency, _, billed, _ in sums),
        open=tuple(f"{currency} {format_amount(open_, currency)}" for currency, _, _, open_ in sums),
    )
