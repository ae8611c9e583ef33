"""The lines of one EN 16931 document, as charges, while they stream by. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from billing_sources.canonical import CanonicalCharge, Category
from billing_sources.readers.en16931.accounts import cost_centre
from billing_sources.readers.en16931.syntax import Syntax
from billing_sources.readers.terms import Terms
from billing_sources.readers.xml import Element, local_name
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
        """Raises `Unreadable`."""
        found = self._syntax.line.read(element)
        charge = self._charge(found, origin, is_nested)
        self.charges.append(charge)
        if "account" in found:
            self.costs[charge.account] = None
        if "amount.currency" in found:
            self.currencies.setdefault(found["amount.currency"], origin)
        if "line.parent" in found or "line.status" in found:
            status = found.get("line.status", "")
            self._relatives.append(_Relative(charge, found.get("line.id", ""), found.get("line.parent", ""), status))
        if self._syntax.sub_lines:
            for index, child in enumerate(element.iterchildren(*self._syntax.sub_lines), 1):
                self.add(child, f"{origin}/{local_name(child)}[{index}]", True)

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

    def _charge(self, found: dict[str, Any], origin: str, is_nested: bool) -> CanonicalCharge:
        amount = found.get("amount")
        if amount is None:
            if not is_nested and found.get("line.status") not in _SUBTOTALS:
                raise Unreadable("EN-MISSING", "charge.amount", "a net amount")
            amount = _ZERO
        get = found.get
        term = get("source_term") or get("description") or ""
        unit = get("unit", "")
        category = self._terms.category(get("category.class", ""), term, unit)
        return CanonicalCharge(
            position=len(self.charges) + 1,
            category=category or Category.ADJUSTMENT,
            source_term=term,
            amount=amount,
            description=get("description", ""),
            account=get("account", ""),
            service=get("service", ""),
            product_code=get("product_code", ""),
            quantity=get("quantity"),
            unit=unit,
            unit_price=_unit_price(get("unit_price"), get("unit_price.base")),
            period_start=get("period_start"),
            period_end=get("period_end"),
            is_information_only=is_nested,
            is_mapped=category is not None,
            origin=origin,
        )


def _unit_price(price: Decimal | None, base: Decimal | None) -> Decimal | None:
    """The price of one unit: a price may be stated per hundred or per thousand."""
    if price is None or not base:
        return price
    return price / base
