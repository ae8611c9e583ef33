"""The lines of one EN 16931 document, as charges, while they stream by. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from billing_sources.canonical import CanonicalCharge, Category
from billing_sources.readers.en16931.accounts import cost_centre
from billing_sources.readers.en16931.syntax import Syntax
from billing_sources.readers.terms import Terms
from billing_sources.readers.xml import local_name
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Unreadable

_SUBTOTALS = frozenset({"GROUP", "INFORMATION"})  # LineStatusReasonCode; DETAIL lines are the ones that add up
_ZERO = Decimal(0)


class _Relative(NamedTuple):
    """A line that takes part in a hierarchy written flat (CII)."""

    charge: CanonicalCharge
    line_id: str
    parent_id: str
    status: str


class Lines:
    """Collects. A line's net amount is inside its parent's once only:

    - UBL nests sub-lines in a line, whose amount is the one that the document adds up: sub-lines are information.
    - CII writes them flat. GROUP and INFORMATION lines repeat their children; a child without a status code counts
      below such a line, and is information below a line that counts itself.
    """

    def __init__(self, syntax: Syntax, terms: Terms) -> None:
        self.charges: list[CanonicalCharge] = []
        self.costs: dict[str, None] = {}  # in order of appearance
        self.currencies: dict[str, str] = {}  # currency → where it first stands
        self._syntax = syntax
        self._terms = terms
        self._relatives: list[_Relative] = []

    def add(self, element: Element, origin: str, is_nested: bool = False) -> None:
        """A line and the lines nested in it. Raises `Unreadable`."""
        self.add_found(self._syntax.line.read(element), origin, is_nested)
        if self._syntax.sub_lines:
            for index, child in enumerate(element.iterchildren(*self._syntax.sub_lines), 1):
                self.add(child, f"{origin}/{local_name(child)}[{index}]", True)

    def add_found(self, found: dict[str, Any], origin: str, is_nested: bool = False) -> None:
        """What a line's table found. Raises `Unreadable`."""
        currency = found.pop("amount.currency", "")
        if currency and currency not in self.currencies:
            self.currencies[currency] = origin
        relation = found.pop("line.id", ""), found.pop("line.parent", ""), found.pop("line.status", "")
        is_repeating = is_nested or relation[2] in _SUBTOTALS
        if "amount" not in found:
            if not is_repeating:
                raise Unreadable("EN-MISSING", "charge.amount", "a net amount")
            found["amount"] = _ZERO
        charge = self._charge(found, origin)
        charge.is_information_only = is_repeating
        self.charges.append(charge)
        if charge.account:
            self.costs[charge.account] = None
        if relation[1] or relation[2]:
            self._relatives.append(_Relative(charge, *relation))

    def settle(self, account: str) -> None:
        """What only the whole document tells: which lines repeat others, and below which account their costs lie."""
        repeating = {line.line_id for line in self._relatives if line.status in _SUBTOTALS}
        for line in self._relatives:
            line.charge.is_information_only = line.status in _SUBTOTALS or (
                not line.status and line.parent_id not in repeating
            )
        if self.costs:
            for charge in self.charges:
                if charge.account:
                    charge.account = cost_centre(account, charge.account)

    def _charge(self, found: dict[str, Any], origin: str) -> CanonicalCharge:
        """What was found, but for its ingredients, is named as the canonical fields are."""
        term = found.setdefault("source_term", found.get("description", ""))
        category = self._terms.category(found.pop("category.class", ""), term, found.get("unit", ""))
        base = found.pop("unit_price.base", None)
        if base and "unit_price" in found:
            found["unit_price"] /= base  # a price may be stated per hundred or per thousand
        return CanonicalCharge(
            position=len(self.charges) + 1,
            category=category or Category.ADJUSTMENT,
            is_mapped=category is not None,
            origin=origin,
            **found,
        )
