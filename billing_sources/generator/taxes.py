"""Taxes on generated bills: American sales taxes by jurisdiction, European value added tax by category. Pure.

Rates are those of the places in `companies`, near enough to real ones to look right; no bill relies on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from billing_sources.canonical import Category
from billing_sources.generator.bill import Charge, Tax
from billing_sources.generator.carrier import Account, Site
from billing_sources.generator.companies import Place
from portal.money import round_to

_UNTAXED = frozenset({Category.SURCHARGE, Category.LATE_FEE})
REASONS = {
    "E": "Exempt: insurance and financial services, article 135 of directive 2006/112/EC",
    "AE": "Reverse charge, article 196 of directive 2006/112/EC",
    "G": "Supply to a customer outside the European Union",
}
"""Why a category bears no tax. S and Z must not state a reason (EN 16931, BR-S-10 and BR-Z-10)."""


def sales_taxes(charges: Iterable[Charge], account: Account) -> list[Tax]:
    """State, county and city tax for each site; beside several sites, each site's total for information."""
    bases: dict[Site, int] = {}
    for charge in charges:
        if charge.category not in _UNTAXED:
            bases[charge.site] = bases.get(charge.site, 0) + charge.amount
    taxes: list[Tax] = []
    for site, base in bases.items():
        levied = [tax for tax in _levied(site, base, account.currency) if tax.amount]
        taxes += levied
        if len(account.sites) > 1:
            taxes.append(Tax("TX", sum(tax.amount for tax in levied), base, "", "", False, site))
    return taxes


def value_added_taxes(charges: Iterable[Charge], account: Account) -> list[Tax]:
    """One total per category and rate (EN 16931, BG-23), highest rate first."""
    bases: dict[str, int] = {}
    for charge in charges:
        key = vat_of(charge, account)
        bases[key] = bases.get(key, 0) + charge.amount
    ordered = sorted(bases.items(), key=lambda item: item[0], reverse=True)
    return [_value_added(key, base, account) for key, base in ordered]


def vat_of(charge: Charge, account: Account) -> str:
    """Category and percent, "S25": the product's own at home, reverse charge in the Union, export outside it."""
    if account.country == account.format.remit_to.country or charge.vat == "E0":
        return charge.vat
    return "G0" if account.country == "NO" else "AE0"


def split_vat(vat: str) -> tuple[str, str]:
    """ "S25" → ("S", "25")."""
    category = vat.rstrip("0123456789")
    return category, vat[len(category) :]


def _levied(site: Site, base: int, currency: str) -> Iterator[Tax]:
    place: Place = site.place
    county, city = f"{place.region}/{place.county}", f"{place.region}/{place.county}/{place.city}"
    levels = (("ST", place.state_rate, place.region), ("CT", place.county_rate, county), ("CS", place.city_rate, city))
    for category, percent, jurisdiction in levels:
        if percent != "0":
            yield Tax(category, _share(base, percent, currency), base, percent, jurisdiction, True, site)


def _value_added(key: str, base: int, account: Account) -> Tax:
    category, percent = split_vat(key)
    return Tax(category, _share(base, percent, account.currency), base, percent, account.format.remit_to.country, True)


def _share(base: int, percent: str, currency: str) -> int:
    """A percentage of minor units, rounded as money is."""
    return int(round_to(Decimal(base).scaleb(-4) * Decimal(percent), currency).scaleb(2))
