"""An AppliedCustomerBillingRate to a charge. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from billing_sources.canonical import CanonicalCharge, Category
from billing_sources.readers.terms import Terms
from billing_sources.readers.tmf_group import Group, Rate
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_taxes import Levy
from billing_sources.readers.tmf_values import is_amount, number_in, period
from portal.money import ZERO

_CREDIT = "appliedbillingcredit"


class ChargeReading:
    def __init__(self, shape: Shape, terms: Terms) -> None:
        self._terms = terms
        self._source = shape.source
        self._take = shape.taking(
            "@id",
            "charge.bill",
            "charge.is_billed",
            "charge.amount",
            "charge.currency",
            "charge.kind",
            "charge.source_term",
            "charge.description",
            "charge.account",
            "charge.account_name",
            "charge.period_start",
            "charge.period_end",
        )
        self._take_named = shape.taking_named(
            "characteristic",
            "charge.service",
            "charge.quantity",
            "charge.unit",
            "charge.unit_price",
            "charge.product_code",
        )
        self.levies = levies_in(shape, "appliedTax")

    def add(self, group: Group, rate: Any, page: int, item: int) -> None:
        """Puts the charge beside its bill. What is not billed yet is no charge of any bill."""
        taken = self._take(rate)
        rate_id, bill, is_billed, amount, currency, kind, name, text, product, product_name, start, end = taken
        if is_billed is False and not bill:
            return
        origin = f"page {page}, item {item}"
        if amount is None or not is_amount(amount):
            rule, printed = ("TMF-MISSING", "none") if amount is None else ("TMF-VALUE", str(amount)[:60])
            group.note(bill, rule, origin, (self._source("charge.amount"), "an amount", printed), fatal=True)
            return
        service, quantity, unit, price, code = self._take_named(rate)
        term, category = self._classify(kind, name)
        charge = CanonicalCharge(
            0,
            category or Category.ADJUSTMENT,
            term,
            amount if amount else ZERO,
            text or name,
            product,
            service or product,
            code,
            self._number(group, bill, origin, "charge.quantity", quantity),
            unit,
            self._number(group, bill, origin, "charge.unit_price", price),
            *self._period(group, bill, origin, start, end),
            is_mapped=category is not None,
            origin=origin,
        )
        found = Rate(rate_id, charge, product_name, currency, self.levies(rate))
        if bill in group.charges:
            group.charges[bill].append(found)
        else:
            group.charges[bill] = [found]

    def _classify(self, kind: str, name: str) -> tuple[str, Category | None]:
        """The term and its category. What a charge is called says more of a credit than its type does; of a charge the
        type decides, and the name where the vocabulary does not know the type.
        """
        first, second = (name, kind) if kind.casefold() == _CREDIT else (kind, name)
        for term in (first, second):
            category = self._terms.category("", term, "") if term else None
            if category is not None:
                return term, category
        return name or kind or "none", None

    def _number(self, group: Group, bill: str, origin: str, where: str, text: str) -> Decimal | None:
        try:
            return number_in(text)
        except ValueError:
            group.note(bill, "TMF-VALUE", origin, (self._source(where), "a number", text[:80]), fatal=False)
            return None

    def _period(self, group: Group, bill: str, origin: str, start: str, end: str) -> tuple[date | None, date | None]:
        try:
            return period(start, end)
        except ValueError:
            source = self._source("charge.period_end")
            group.note(bill, "TMF-DATE", origin, (source, "days that exist", f"{start} to {end}"[:80]), fatal=False)
            return None, None


def levies_in(shape: Shape, name: str) -> Callable[[Any], list[Levy]]:
    """A function that takes the taxes of a list. One without an amount takes nothing."""
    items, levy = shape.each(name)
    take = levy.taking("taxCategory", "taxAmount.value", "taxRate")

    def levies(thing: Any) -> list[Levy]:
        return [
            Levy(category, amount, rate)
            for category, amount, rate in map(take, items(thing))
            if amount is not None and is_amount(amount) and (rate is None or is_amount(rate))
        ]

    return levies
