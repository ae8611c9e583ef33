"""The tags of one invoice, and where each comes from. Called inside `acting(actor)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

_TAGS: Final = """
    SELECT DISTINCT tag.name, COALESCE(node.name, '') FROM payments_tagged given
    JOIN payments_tag tag ON tag.id = given.tag_id LEFT JOIN customers_account node ON node.id = given.account_id
    WHERE given.invoice_id = %s ORDER BY 1, 2
"""


@dataclass(frozen=True)
class TagOn:
    """`inherited_from` are the nodes that it comes from; empty where it stands on the invoice itself."""

    name: str
    inherited_from: str


def tags_on(invoice: int) -> tuple[TagOn, ...]:
    """By name; one that the invoice has itself and by a node is the invoice's own."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, [invoice])
        rows = cursor.fetchall()
    own = {name for name, node in rows if not node}
    nodes: dict[str, list[str]] = {}
    for name, node in rows:
        nodes.setdefault(name, []).append(node)
    return tuple(TagOn(name, "" if name in own else ", ".join(found)) for name, found in nodes.items())
