"""One generated bill, before any format is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from billing_sources.canonical import Category
from billing_sources.generator.carrier import Account, Site

Minor = int
"""Money in minor units of its currency. The generator counts in whole cents; every figure is exact."""


class Charge(NamedTuple):
    """One charge. quantity × rate / 1000 is the amount; rate 0 means that only the amount is known."""

    category: Category
    text: str
    code: str
    service: str
    site: Site
    quantity: int
    unit: str
    rate: int  # thousandths of a minor unit
    amount: Minor
    vat: str


class Balance(NamedTuple):
    """How a balance-forward bill comes to what it carries. Payments are negative."""

    previous: Minor
    payments: Minor
    adjustments: Minor
    transferred: Minor

    @property
    def carried(self) -> Minor:
        return sum(self)


@dataclass(slots=True)
class Bill:
    """One bill. Amounts are as on the paper: see `Format.credits_are_positive`."""

    number: str
    account: Account
    form: str  # statement | invoice | credit_note
    billed_on: date
    due_on: date
    period_start: date
    period_end: date
    charges: list[Charge]
    taxes: list[Tax]
    document_charges: list[Charge] = field(default_factory=list)  # allowances negative
    balance: Balance | None = None
    prepaid: Minor = 0
    rounding: Minor = 0
    preceding: str = ""
    preceding_on: date | None = None
    is_corrected: bool = False
    calls: list[Call] = field(default_factory=list)

    @property
    def net(self) -> Minor:
        return total(self.charges) + total(self.document_charges)

    @property
    def tax(self) -> Minor:
        return sum(tax.amount for tax in self.taxes if tax.is_included)

    @property
    def current(self) -> Minor:
        return self.net + self.tax

    @property
    def due(self) -> Minor:
        carried = self.balance.carried if self.balance else 0
        return carried + self.current - self.prepaid + self.rounding


class Tax(NamedTuple):
    """One tax figure. `is_included` is false for totals that repeat others."""

    category: str
    amount: Minor
    base: Minor
    percent: str
    jurisdiction: str
    is_included: bool
    site: Site | None = None


class Call(NamedTuple):
    """One usage record. The records of a charge add up to its quantity and, exactly, to its amount."""

    charge: int  # position of its charge among the bill's, from 1
    started_at: datetime
    kind: str  # VOICE DATA MESSAGE METER
    service: str
    other_party: str  # number called; "" where there is none
    quantity: int
    unit: str
    amount: int  # thousandths of a minor unit


def total(charges: Iterable[Charge]) -> Minor:
    return sum(charge.amount for charge in charges)
