"""The HL loops of an 811 as a tree of accounts. Pure.

HL03 says what a node is: 1 the provider, 2 to 4 accounts, 5 to 7 categories of charges, 8 a charge, 9 its usage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from billing_sources.canonical import CanonicalAccount, CanonicalCharge, Category

PROVIDER, ARRANGEMENT, SITE, LAST_CATEGORY, USAGE = 1, 2, 4, 7, 9


class Node(msgspec.Struct, gc=False):
    """One HL loop while it is read. What it does not state itself it has from the node above."""

    level: int
    parent: Node | None = None
    account: str = ""
    service: str = ""
    term: str = ""
    category: Category | None = None
    numbers: dict[str, str] | None = None  # account numbers by REF qualifier, until settled
    own: CanonicalAccount | None = None
    name: str = ""
    charge: CanonicalCharge | None = None  # the last charge stated in this loop
    period: dict[str, date] | None = None

    @property
    def is_account(self) -> bool:
        return ARRANGEMENT <= self.level <= SITE

    @property
    def is_category(self) -> bool:
        return SITE < self.level <= LAST_CATEGORY


class AccountTree:
    """The accounts one bill speaks of, parents first. The first statement about an account stands."""

    def __init__(self, qualifiers: Sequence[str], level_names: Sequence[str]) -> None:
        self.accounts: dict[str, CanonicalAccount] = {}
        self._qualifiers = qualifiers  # REF qualifiers, top first: a loop that states several states a chain
        self._level_names = level_names
        self._master = ""
        self._billed = ""
        self.first = ""  # the account of the first loop that states one

    def head(self, numbers: dict[str, str], billed: str) -> None:
        """The heading's own chain: down to the account that is billed."""
        self._billed = billed
        self._master = numbers.get(self._qualifiers[0], "")
        if self._master not in ("", billed):
            self._add(self._master, "", 0)
        else:
            self._master = ""
        if billed:
            self._add(billed, self._master, 1)

    def settle(self, node: Node) -> None:
        """Give a node's account numbers their place; called once all of them are read."""
        chain = [node.numbers[q] for q in self._qualifiers if node.numbers and q in node.numbers]
        node.numbers = None
        above = node.account or (self._master if node.level == ARRANGEMENT else self._billed)
        for depth, number in enumerate(chain, node.level - len(chain)):
            node.own = self._add(number, above if above != number else "", depth)
            above = node.account = number
        self.first = self.first or node.account
        self.name(node)

    def name(self, node: Node) -> None:
        if node.own and node.name and not node.own.name:
            node.own.name = node.name

    def include(self, number: str, name: str) -> None:
        """Make sure that the account that is billed is among them and has a name."""
        if number:
            account = self._add(number, "", 1)
            account.name = account.name or name

    def _add(self, number: str, parent: str, depth: int) -> CanonicalAccount:
        account = self.accounts.get(number)
        if account is None:
            level = self._level_names[max(0, min(depth, len(self._level_names) - 1))]
            account = self.accounts[number] = CanonicalAccount(number, parent, level)
        return account
