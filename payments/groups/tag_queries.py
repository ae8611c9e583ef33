"""Tags with what they are on, and the tags of the tree's nodes. Called inside `acting(actor)`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.urls import reverse

from payments.groups.holdings import count_of, held_by, open_of
from payments.groups.membership import asked
from payments.models import AccountTag, Tag
from payments.models.organising import FOREVER
from payments.operations.rule_groups import EVER
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account

_ON_NODES: Final = """
    SELECT account.code, tag.name FROM payments_accounttag given
    JOIN payments_tag tag ON tag.id = given.tag_id JOIN customers_account account ON account.id = given.account_id
    WHERE given.customer_id = %s AND given.from_on <= %s AND given.until_on > %s ORDER BY 2
"""
_FROM_ABOVE: Final = """
    SELECT DISTINCT tag.name, node.name FROM payments_accounttag given
    JOIN customers_ancestry line ON line.above_id = given.account_id AND line.account_id = %s
    JOIN payments_tag tag ON tag.id = given.tag_id JOIN customers_account node ON node.id = given.account_id
    WHERE given.account_id <> line.account_id AND %s >= GREATEST(line.from_on, given.from_on)
        AND %s < LEAST(line.until_on, given.until_on) ORDER BY 1, 2
"""


@dataclass(frozen=True)
class TagRow:
    """`open` has a text a currency. `grid_url` leads to its invoices."""

    code: str
    name: str
    url: str
    grid_url: str
    count: str
    open: tuple[str, ...]
    nodes: str


@dataclass(frozen=True)
class Standing:
    """A tag on a node: which bills have it, and who said so. `is_over`: it was taken off."""

    tag: str
    tag_code: str
    node: str
    node_url: str
    bills: str
    placed: str
    ended: str
    is_over: bool
    key: str  # of the form that takes it off


def list_tags_for(actor: Actor) -> list[TagRow]:
    """All tags by name, with what they are on as far as the actor may see it."""
    held = held_by(actor, ("SELECT DISTINCT tag_id, invoice_id FROM payments_tagged", ()))
    nodes = _nodes_by_tag(actor)
    tags = Tag.objects.filter(customer_id=actor.customer_id, removed_at=None).order_by("name")
    return [
        TagRow(
            code=str(tag.code),
            name=tag.name,
            url=reverse("tag", args=[tag.code]),
            grid_url=f"{reverse('invoices')}?{urlencode({'state': 'all', 'tag': tag.name})}",
            count=count_of(held[tag.pk]),
            open=open_of(held[tag.pk]),
            nodes=", ".join(nodes[tag.pk]),
        )
        for tag in tags
    ]


def get_tag_for(actor: Actor, code: UUID) -> TagRow | None:
    return next((row for row in list_tags_for(actor) if row.code == str(code)), None)


def tags_by_node(actor: Actor, day: date) -> dict[str, tuple[str, ...]]:
    """Code of a node → the tags that stand on it itself on the day."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, name in asked(_ON_NODES, (actor.customer_id, day, day)):
        found[str(code)].append(name)
    return {code: tuple(names) for code, names in found.items()}


def from_above(account: Account, day: date) -> list[tuple[str, str]]:
    """(tag, node above that it comes from) of bills of this day."""
    return [(tag, node) for tag, node in asked(_FROM_ABOVE, (account.pk, day, day))]


def on_node(account: Account) -> list[Standing]:
    """What stands and stood on the node itself."""
    return list(_standings(AccountTag.objects.filter(account=account)))


def of_tag(actor: Actor, code: UUID) -> list[Standing]:
    """The nodes that the tag stands and stood on, as far as the actor may see them."""
    reach = access.scope(actor, "see")
    rows = AccountTag.objects.filter(customer_id=actor.customer_id, tag__code=code)
    return list(_standings(rows if reach.everything else rows.filter(account_id__in=reach.ids)))


def _standings(rows: QuerySet[AccountTag]) -> Iterator[Standing]:
    for row in rows.select_related("tag", "account", "placed_by", "ended_by").order_by("ended_at", "-from_on", "pk"):
        since = "all bills" if row.from_on == EVER else f"bills from {row.from_on:%Y-%m-%d}"
        until = "" if row.until_on == FOREVER else f", before {row.until_on:%Y-%m-%d}"
        yield Standing(
            tag=row.tag.name,
            tag_code=str(row.tag.code),
            node=row.account.name,
            node_url=reverse("node_tags", args=[row.account.code]),
            bills=f"{since}{until}" if row.from_on < row.until_on else "no bills",
            placed=f"{row.placed_by.name}, {row.placed_at:%Y-%m-%d}",
            ended=f"{row.ended_by.name}, {row.ended_at:%Y-%m-%d}" if row.ended_by and row.ended_at else "",
            is_over=row.ended_at is not None,
            key=str(uuid4()),
        )


def _nodes_by_tag(actor: Actor) -> dict[int, list[str]]:
    reach, found = access.scope(actor, "see"), defaultdict(list)
    rows = AccountTag.objects.filter(customer_id=actor.customer_id, ended_at=None).order_by("account__name")
    for tag, account, name in rows.values_list("tag_id", "account_id", "account__name"):
        if account in reach:
            found[tag].append(name)
    return found
