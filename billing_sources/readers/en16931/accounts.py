"""Whose account an EN 16931 document bills, and the tree around it. Pure.

1. The invoiced object (BT-18, type code 130): the seller's own name for the subscription, unique as it stands.
2. The buyer reference (BT-10), else the accounting cost (BT-19). Buyers choose these, and two buyers may choose the
   same: `buyer/reference`, or one customer's invoices would appear under another's account.
3. The buyer's identifier, else its name.

The buyer is the node above the account; the accounting cost of a line (BT-133) is a node below it, `account/cost`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing_sources.canonical import CanonicalAccount

NAMES_ACCOUNT = ("buyer", "buyer_id", "account.reference", "account.object")
LEVEL_NAMES = ("customer", "account", "cost centre")


def account_tree(found: dict[str, Any], costs: Iterable[str]) -> list[CanonicalAccount]:
    """Top first; the billed account is the last before the cost centres. Empty when the document names nobody."""
    customer, account = _identify(found)
    nodes = []
    if customer and customer != account:
        nodes.append(CanonicalAccount(customer, level=LEVEL_NAMES[0], name=found.get("buyer", "")))
    if account:
        parent = nodes[0].external_id if nodes else ""
        nodes.append(CanonicalAccount(account, parent, LEVEL_NAMES[1], found.get("buyer", "")))
    below = (CanonicalAccount(cost_centre(account, cost), account, LEVEL_NAMES[2], cost) for cost in costs)
    return [*nodes, *below]


def billed_account(found: dict[str, Any]) -> str:
    return _identify(found)[1]


def cost_centre(account: str, cost: str) -> str:
    return f"{account}/{cost}" if account else cost


def _identify(found: dict[str, Any]) -> tuple[str, str]:
    """The customer's id ("" when none is stated) and the billed account's."""
    customer: str = found.get("buyer_id", "")
    reference: str = found.get("account.reference", "")
    if "account.object" in found:
        return customer, found["account.object"]
    buyer = customer or found.get("buyer", "")
    if reference:
        return customer, f"{buyer}/{reference}" if buyer else reference
    return customer, buyer
