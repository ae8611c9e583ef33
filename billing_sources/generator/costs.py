"""Writes a cycle of echo's cloud accounts as one FOCUS 1.0 cost file: a row a charge, three for metered use. Pure.

Only what is charged this month is billed: no balance is carried. An invoice is what one account is billed for a month,
so further bills of an account become part of its first.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from billing_sources.canonical import Category
from billing_sources.generator.bill import Bill, Charge
from billing_sources.generator.carrier import Site
from billing_sources.generator.figures import text_of

COLUMNS = (
    "BilledCost", "EffectiveCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart",
    "BillingPeriodEnd", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodStart",
    "ChargePeriodEnd", "InvoiceIssuerName", "PricingQuantity", "PricingUnit", "RegionName", "ResourceId", "SkuId",
    "SubAccountId", "SubAccountName",
)  # fmt: skip
_KINDS = {
    Category.RECURRING: ("Purchase", "Recurring"),
    Category.USAGE: ("Usage", "Usage-Based"),
    Category.DISCOUNT: ("Credit", "One-Time"),
    Category.ADJUSTMENT: ("Adjustment", "One-Time"),
}
_OTHER = ("Purchase", "One-Time")
_DIGITS = 11  # decimals of a cost
_METERED_ROWS = 3
_ONE_DAY = timedelta(days=1)


class _What(NamedTuple):
    """What a row charges for, in FOCUS's words."""

    category: str
    frequency: str
    text: str
    quantity: str = "NULL"
    unit: str = "NULL"
    resource: str = "NULL"
    sku: str = "NULL"


class Costs:
    """One file: `head`, then `bill` for each bill. A cost file has no end of its own."""

    def __init__(self, seller: str) -> None:
        self._seller = seller
        self._rows = self._billed = 0

    def head(self) -> bytes:
        return _lines([COLUMNS])

    def bill(self, bill: Bill) -> bytes:
        rows = [*self._charges(bill), *self._taxes(bill)]
        self._rows += len(rows)
        self._billed += sum(_parts(row[0]) for row in rows)
        return _lines(rows)

    def tail(self, false_count: int = 0) -> bytes:
        return b""

    def control(self, sha256: str) -> bytes:
        """The manifest beside it: rows, the sum of what they bill, the file's hash."""
        said = {"rows": self._rows, "billed_cost": _fine(self._billed), "sha256": sha256}
        return json.dumps(said).encode()

    def _charges(self, bill: Bill) -> Iterator[tuple[str, ...]]:
        for charge in bill.charges:
            kind = _KINDS.get(charge.category, _OTHER)
            what = _What(*kind, charge.text, f"{charge.quantity}", charge.unit, charge.service or "NULL", charge.code)
            for cost in _costs(charge):
                yield self._row(bill, charge.site, cost, what)

    def _taxes(self, bill: Bill) -> Iterator[tuple[str, ...]]:
        for tax in bill.taxes:
            if tax.is_included and tax.site:
                what = _What("Tax", "One-Time", f"{tax.category} {tax.jurisdiction}")
                yield self._row(bill, tax.site, _cost(tax.amount), what)

    def _row(self, bill: Bill, site: Site, cost: str, what: _What) -> tuple[str, ...]:
        account = bill.account
        start, end = _instant(bill.period_start), _instant(bill.period_end + _ONE_DAY)
        issued = (account.external_id, account.name, account.currency, start, end)
        charged = (what.category, "NULL", what.text, what.frequency, start, end, self._seller)
        resource = (what.quantity, what.unit, site.place.region, what.resource, what.sku)
        return (cost, cost, *issued, *charged, *resource, account.site_id(site), site.name)


def _costs(charge: Charge) -> list[str]:
    """What is metered comes in parts that no cent divides, and that add up to the charge."""
    if charge.category != Category.USAGE:
        return [_cost(charge.amount)]
    part = charge.amount * 10 ** (_DIGITS - 2) // _METERED_ROWS
    rest = charge.amount * 10 ** (_DIGITS - 2) - part * (_METERED_ROWS - 1)
    return [_fine(part)] * (_METERED_ROWS - 1) + [_fine(rest)]


def _cost(minor: int) -> str:
    return text_of(minor) + "0" * (_DIGITS - 2)


def _fine(figure: int) -> str:
    """The smallest part of a cost as a decimal with a point."""
    whole, fraction = divmod(abs(figure), 10**_DIGITS)
    return f"{'-' * (figure < 0)}{whole}.{fraction:0{_DIGITS}}"


def _parts(cost: str) -> int:
    """A cost in its smallest parts, as `_fine` writes them."""
    sign = -1 if cost.startswith("-") else 1
    whole, _, fraction = cost.lstrip("-").partition(".")
    return sign * int(whole + fraction.ljust(_DIGITS, "0"))


def _instant(day: date) -> str:
    return f"{day:%Y-%m-%d}T00:00:00Z"


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
