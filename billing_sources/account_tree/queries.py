"""The tree as of a day, with bills and money rolled up along it. Call inside `acting(actor)`.

What a person may see is asked of the tree of today; where it stands and what it is called, of the tree of that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, Sum

from billing_sources.models import Invoice
from billing_sources.staff.figures import moneys
from portal.actor import Actor
from portal.customers import access
from portal.customers.arranging import BEGINNING
from portal.customers.models import Account, AccountPlacement
from portal.money import ZERO

MOST_ROWS = 2000


@dataclass(frozen=True)
class NodeRow:
    """A node of the tree of that day. `bills` and `amounts` are its own and those of all below it."""

    code: str
    name: str
    indent: str
    depth: int
    level: str
    external_id: str
    own_bills: str
    bills: str
    amounts: tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """One entry of a node's history."""

    day: str
    words: str
    by: str
    placed: str


@dataclass
class _Node:
    pk: int
    code: str
    name: str
    level: str
    external_id: str
    made_on: date
    below: list[_Node] = field(default_factory=list)
    own_bills: int = 0
    bills: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))

    @property
    def is_idle_group(self) -> bool:
        return not (self.external_id or self.below or self.bills)


def account_tree(actor: Actor, day: date, month: date) -> list[NodeRow]:
    """The nodes that the actor may see, top first, as they stood on `day`; money is of bills dated in `month`.

    Groups that were made after the day and hold nothing then are left out.
    """
    reach = access.scope(actor, "see")
    nodes = {pk: node for pk, node in _nodes(actor).items() if pk in reach}
    parents = _stand_on(actor, day, nodes)
    _bill(actor, nodes, month)
    roots: list[_Node] = []
    for pk, node in sorted(nodes.items(), key=lambda item: item[1].name.casefold()):
        above = nodes.get(parents.get(pk) or 0)
        (above.below if above else roots).append(node)
    for root in roots:
        _roll_up(root)
    return [_row(node, depth) for node, depth in _walk(roots, 0) if not (node.is_idle_group and node.made_on > day)]


def get_node(actor: Actor, code: UUID) -> Account | None:
    """A node that the actor administers."""
    found = Account.objects.filter(customer_id=actor.customer_id, code=code).first()
    return found if found is not None and found.pk in access.scope(actor, "administer") else None


def places_for(actor: Actor, account: Account) -> list[tuple[str, str, bool]]:
    """(code, label, stands there today) of the nodes it can be moved below: the actor administers them, and none is
    below itself."""
    reach = access.scope(actor, "administer")
    nodes = Account.objects.filter(customer_id=actor.customer_id).order_by("path")
    own = f"{account.path}."
    return [
        (str(code), "\u2003" * str(path).count(".") + name, pk == account.parent_id)
        for pk, code, name, path in nodes.values_list("pk", "code", "name", "path")[:MOST_ROWS]
        if pk in reach and not f"{path}.".startswith(own)
    ]


def history(account: Account) -> list[Placed]:
    """What was arranged for the node, the latest day first."""
    rows = AccountPlacement.objects.filter(account=account).select_related("parent", "placed_by")
    return [_placed(row) for row in rows.order_by("-effective_on", "-pk")]


def _nodes(actor: Actor) -> dict[int, _Node]:
    columns = ("pk", "code", "name", "level", "external_id")
    made = dict(
        AccountPlacement.objects.filter(customer_id=actor.customer_id, effective_on=BEGINNING).values_list(
            "account_id", "placed_at"
        )
    )
    rows = Account.objects.filter(customer_id=actor.customer_id).values_list(*columns)
    return {pk: _Node(pk, str(code), name, level, own, made[pk].date()) for pk, code, name, level, own in rows}


def _stand_on(actor: Actor, day: date, nodes: Mapping[int, _Node]) -> dict[int, int | None]:
    """Node → the node it stood below; their names become those of the day."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, parent_id, name FROM accounts_on(%s, %s)", [actor.customer_id, day])
        rows = cursor.fetchall()
    for pk, _, name in rows:
        if pk in nodes:
            nodes[pk].name = name
    return {pk: parent for pk, parent, _ in rows}


def _bill(actor: Actor, nodes: Mapping[int, _Node], month: date) -> None:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    bills = Invoice.objects.filter(
        customer_id=actor.customer_id,
        state=Invoice.State.PUBLISHED,
        is_current=True,
        billed_on__gte=month.replace(day=1),
        billed_on__lt=after,
    )
    grouped = bills.order_by().values_list("account_id", "currency").annotate(Count("pk"), Sum("payable"))
    for account, currency, number, amount in grouped:
        if account in nodes:
            nodes[account].own_bills += number
            nodes[account].amounts[currency] += amount


def _roll_up(node: _Node) -> None:
    node.bills = node.own_bills
    for child in node.below:
        _roll_up(child)
        node.bills += child.bills
        for currency, amount in child.amounts.items():
            node.amounts[currency] += amount


def _walk(nodes: list[_Node], depth: int) -> Iterator[tuple[_Node, int]]:
    for node in nodes:
        yield node, depth
        yield from _walk(node.below, depth + 1)


def _row(node: _Node, depth: int) -> NodeRow:
    return NodeRow(
        code=node.code,
        name=node.name,
        indent="\u2003" * depth,
        depth=depth + 1,
        level=node.level,
        external_id=node.external_id,
        own_bills=f"{node.own_bills:,}" if node.own_bills and node.below else "",
        bills=f"{node.bills:,}" if node.bills else "",
        amounts=moneys(node.amounts),
    )


def _placed(row: AccountPlacement) -> Placed:
    if row.effective_on == BEGINNING:
        words = f"{row.name}, below {row.parent.name}" if row.parent else f"{row.name}, at the top"
    else:
        words = f"below {row.parent.name}" if row.parent else f"called {row.name}"
    return Placed(
        day="from the beginning" if row.effective_on == BEGINNING else f"{row.effective_on:%Y-%m-%d}",
        words=words,
        by=row.placed_by.name if row.placed_by else "",
        placed=f"{row.placed_at:%Y-%m-%d}",
    )
