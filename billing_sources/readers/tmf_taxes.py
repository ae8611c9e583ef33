"""Taxes of a TMF678 bill, and whether a rate is a fraction or a percentage. Pure.

One published document prints 0.2, 0.25 and 20 for the same kind of tax. The tax amount decides: of the two readings the
one that explains it is taken, and where neither or both do, none is (formats.md §1.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from billing_sources.canonical import CanonicalTax
from billing_sources.readers.tmf_values import is_amount
from portal.money import ZERO, quantum

_HUNDRED = Decimal(100)


class Levy(NamedTuple):
    """A tax as it is printed, on a bill or on one of its charges."""

    category: str
    amount: Decimal
    rate: Decimal | None


class Taxed(NamedTuple):
    """What is charged under one category and rate: net, tax and number of charges, each of them rounded."""

    base: Decimal = ZERO
    tax: Decimal = ZERO
    charges: int = 0


Bases = dict[tuple[str, Decimal | None], Taxed]


def bases_of(charges: Iterable[tuple[Decimal, Sequence[Levy]]]) -> Bases:
    """What each tax was levied on, by the charges (net amount, taxes) that say so."""
    bases: Bases = {}
    for net, levies in charges:
        for levy in levies:
            key = (levy.category, levy.rate)
            base, tax, count = bases.get(key, Taxed())
            bases[key] = Taxed(base + net, tax + levy.amount, count + 1)
    return bases


def taxes_of(levies: Sequence[Levy], bases: Bases, net: Decimal | None, currency: str) -> list[CanonicalTax]:
    """The bill's own tax items; where it has none, those of its charges, added up. A rate that is not understood is
    None: `is_unexplained` tells it from one that is not printed.
    """
    if not levies:
        return [
            CanonicalTax(category, taxed.tax, taxed.base, rate_percent(rate, taxed.tax, taxed, currency))
            for (category, rate), taxed in bases.items()
        ]
    whole = Taxed(net, ZERO, 1) if net is not None and len(levies) == 1 and not bases else None
    return [_tax(levy, bases.get((levy.category, levy.rate), whole), currency) for levy in levies]


def rate_percent(rate: Decimal | None, tax: Decimal, taxed: Taxed, currency: str) -> Decimal | None:
    """The rate as a percentage, by the reading that gives the tax to within the rounding of each charge."""
    if not rate:
        return None if tax else rate
    if not is_amount(rate):
        return None
    tolerance = quantum(currency) / 2 * (taxed.charges + 1)
    explains = [abs(taxed.base * reading / _HUNDRED - tax) <= tolerance for reading in (rate, rate * _HUNDRED)]
    if explains.count(True) != 1:
        return None
    return rate if explains[0] else (rate * _HUNDRED).normalize() + ZERO


def _tax(levy: Levy, taxed: Taxed | None, currency: str) -> CanonicalTax:
    if taxed is None:
        return CanonicalTax(levy.category, levy.amount)
    return CanonicalTax(levy.category, levy.amount, taxed.base, rate_percent(levy.rate, levy.amount, taxed, currency))
