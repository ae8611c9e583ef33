"""An AppliedCustomerBillingRate to a charge. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

from billing_sources.canonical import CanonicalCharge, Category
from billing_sources.readers.terms import Terms
from billing_sources.readers.tmf_group import Group, Rate
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_taxes import Levy
from billing_sources.readers.tmf_values import is_amount, number_in, period
from portal.money import ZERO

_CREDIT = "appliedbillingcredit"
_REMEMBERED = 1 << 16


class ChargeReading:
    def __init__(self, shape: Shape, terms: Terms) -> None:
        self._terms = terms
        self._terms_known: dict[tuple[str, str], tuple[str, Category | None]] = {}
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
        service, count, unit, unit_price, code = self._take_named(rate)
        try:
            quantity, price = number_in(count), number_in(unit_price)
            first, last = period(start, end)
        except ValueError:
            quantity, price, first, last = self._as_far_as_readable(
                group, bill, origin, (count, unit_price, start, end)
            )
        term, category = self._terms_known.get((kind, name)) or self._classify(kind, name)
        charge = CanonicalCharge(
            0,
            category or Category.ADJUSTMENT,
            term,
            amount if amount else ZERO,
            text or name,
            product,
            service or product,
            code,
            quantity,
            unit,
            price,
            first,
            last,
            is_mapped=category is not None,
            origin=origin,
        )
        found = Rate(rate_id, charge, product_name, currency, self.levies(rate))
        if bill in group.charges:
            group.charges[bill].append(found)
        else:
            group.charges[bill] = [found]

    def _classify(self, kind: str, name: str) -> tuple[str, Category | None]:
        """The term and its category, and remembers them. What a charge is called says more of a credit than its type
        does; of a charge the type decides, and the name where the vocabulary does not know the type.
        """
        if len(self._terms_known) > _REMEMBERED:
            self._terms_known.clear()
        candidates = (name, kind) if kind.casefold() == _CREDIT else (kind, name)
        found = ((term, self._terms.category("", term, "")) for term in candidates if term)
        verdict = next((pair for pair in found if pair[1] is not None), (name or kind or "none", None))
        self._terms_known[kind, name] = verdict
        return verdict

    def _as_far_as_readable(
        self, group: Group, bill: str, origin: str, texts: tuple[str, str, str, str]
    ) -> tuple[Decimal | None, Decimal | None, date | None, date | None]:
        """Quantity, price and period of which something is not; that is noted and left out."""
        count, unit_price, start, end = texts
        numbers: list[Decimal | None] = []
        for where, text in (("charge.quantity", count), ("charge.unit_price", unit_price)):
            try:
                numbers.append(number_in(text))
            except ValueError:
                numbers.append(None)
                group.note(bill, "TMF-VALUE", origin, (self._source(where), "a number", text[:80]), fatal=False)
        try:
            days = period(start, end)
        except ValueError:
            days = None, None
            said = (self._source("charge.period_end"), "days that exist", f"{start} to {end}"[:80])
            group.note(bill, "TMF-DATE", origin, said, fatal=False)
        return numbers[0], numbers[1], *days


def levies_in(shape: Shape, name: str) -> Callable[[Any], list[Levy]]:
    """A function that takes the taxes of a list. One without an amount takes nothing."""
    get, (items, levy) = attrgetter(name), shape.each(name)
    take = levy.taking("taxCategory", "taxAmount.value", "taxRate")

    def levies(thing: Any) -> list[Levy]:
        if get(thing) is None:
            return []
        taken = [Levy(*take(item)) for item in items(thing)]
        return [levy for levy in taken if levy[1] is not None and is_amount(levy[1])]

    return levies
