"""TMF635 Usage, what was used behind a usage charge. Pure.

TM Forum does not tie usage to a charge. The product does where it has one usage charge on the bill, else product and
service together; what is in neither is kept on the bill without a charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing_sources.canonical import CanonicalCharge, CanonicalUsage, Category, Issue
from billing_sources.readers.tmf_group import Group, Used
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_values import is_amount, moment, number_in


class UsageReading:
    def __init__(self, shape: Shape) -> None:
        self._take = shape.taking("@id", "usage.started_at", "usage.kind")
        self._take_named = shape.taking_named(
            "usageCharacteristic", "usage.service", "usage.other_party", "usage.quantity", "usage.unit"
        )
        self._rated, rated = shape.each("ratedProductUsage")
        self._take_rated = rated.taking(
            "productRef.id", "taxExcludedRatingAmount.value", "taxExcludedRatingAmount.unit"
        )

    def add(self, group: Group, usage: Any, origin: str) -> None:
        """One record for each product that it was rated for. What cannot be read waits for a person."""
        usage_id, started_at, kind = self._take(usage)
        service, other_party, quantity, unit = self._take_named(usage)
        for product, amount, currency in map(self._take_rated, self._rated(usage)):
            try:
                if amount is None or not is_amount(amount):
                    raise ValueError(f"amount {amount}")
                read = CanonicalUsage(
                    0, moment(started_at), amount, kind, service, other_party, number_in(quantity), unit, origin
                )
            except ValueError as error:
                group.issues.append(
                    Issue("TMF-USAGE", origin, "usage", "a date-time and an amount", f"{usage_id}: {error}", "", False)
                )
                continue
            group.usage.setdefault(product, []).append(Used(product, currency, read))


def explaining(charges: Sequence[CanonicalCharge], currency: str, group: Group) -> list[CanonicalUsage]:
    """The usage of a bill's products in its period, each record with the charge that it explains."""
    by_product: dict[str, list[CanonicalCharge]] = {}
    for charge in charges:
        if charge.category is Category.USAGE and charge.account in group.usage:
            by_product.setdefault(charge.account, []).append(charge)
    return [
        _placed(used.usage, among)
        for product, among in by_product.items()
        for used in group.usage[product]
        if used.currency in ("", currency) and _is_within(used.usage, among)
    ]


def _placed(usage: CanonicalUsage, among: Sequence[CanonicalCharge]) -> CanonicalUsage:
    if len(among) > 1:
        among = [charge for charge in among if charge.service == usage.service]
    usage.charge = among[0].position if len(among) == 1 else 0
    return usage


def _is_within(usage: CanonicalUsage, among: Sequence[CanonicalCharge]) -> bool:
    """Whether it falls into the period of any of these charges; a charge without a period takes all."""
    day = usage.started_at.date()
    return any(
        (charge.period_start is None or day >= charge.period_start)
        and (charge.period_end is None or day <= charge.period_end)
        for charge in among
    )
