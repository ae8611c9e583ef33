"""TMF635 Usage, what was used behind a usage charge. Pure.

TM Forum does not tie usage to a charge; some servers do, in a characteristic. Else the product does where it has one
usage charge on the bill, or product and service together; what is in neither is kept on the bill without a charge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing_sources.canonical import CanonicalCharge, CanonicalUsage, Category, Issue
from billing_sources.readers.tmf_group import Group, Rate, Used
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_values import is_amount, moment, number_in


class UsageReading:
    def __init__(self, shape: Shape) -> None:
        self._take = shape.taking("@id", "usage.started_at", "usage.kind")
        self._take_named = shape.taking_named(
            "usageCharacteristic",
            "usage.charge",
            "usage.service",
            "usage.other_party",
            "usage.quantity",
            "usage.unit",
        )
        self._rated, rated = shape.each("ratedProductUsage")
        self._take_rated = rated.taking(
            "productRef.id", "taxExcludedRatingAmount.value", "taxExcludedRatingAmount.unit"
        )

    def add(self, group: Group, usage: Any, origin: str) -> None:
        """One record for each product that it was rated for. What cannot be read waits for a person."""
        usage_id, started_at, kind = self._take(usage)
        rate_id, service, other_party, quantity, unit = self._take_named(usage)
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
            group.usage.setdefault(product, []).append(Used(rate_id, currency, read))


def explaining(rates: Sequence[Rate], currency: str, group: Group) -> list[CanonicalUsage]:
    """The usage of a bill's products, each record with the charge that it explains. Taken from the group: what
    explains one bill explains no other.
    """
    by_product: dict[str, list[Rate]] = {}
    for rate in rates:
        if rate.charge.category is Category.USAGE and rate.charge.account in group.usage:
            by_product.setdefault(rate.charge.account, []).append(rate)
    found = []
    for product, among in by_product.items():
        left = []
        for used in group.usage[product]:
            if used.currency in ("", currency) and _is_placed(used, among):
                found.append(used.usage)
            else:
                left.append(used)
        group.usage[product] = left
    return found


def _is_placed(used: Used, among: Sequence[Rate]) -> bool:
    """Whether it belongs to one of these charges, or at least to their product in their time; notes which one."""
    usage = used.usage
    if used.rate_id:
        usage.charge = next((rate.charge.position for rate in among if rate.rate_id == used.rate_id), 0)
        return usage.charge > 0
    charges = [rate.charge for rate in among if _is_within(usage, rate.charge)]
    same = [charge for charge in charges if charge.service == usage.service] if len(charges) > 1 else charges
    usage.charge = same[0].position if len(same) == 1 else 0
    return bool(charges)


def _is_within(usage: CanonicalUsage, charge: CanonicalCharge) -> bool:
    """Whether it falls into the period of the charge; one without a period takes all."""
    day, start, end = usage.started_at.date(), charge.period_start, charge.period_end
    return (start is None or day >= start) and (end is None or day <= end)
