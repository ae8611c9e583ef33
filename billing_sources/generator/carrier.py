"""The demo carrier and its customers: invented, stable, the same for every system. Pure.

`customers(seed, n)` starts with the same companies for every n, so that a larger demo contains a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from billing_sources.generator.companies import COMPANIES, NAME_HEADS, NAME_TAILS, PLACES, Company, Place
from billing_sources.generator.dice import Dice
from billing_sources.generator.format import Format, Market

_HOME_CURRENCIES = ("SEK", "EUR", "DKK", "NOK")
_COUNTRY_OF_CURRENCY = {"SEK": "SE", "EUR": "FI", "DKK": "DK", "NOK": "NO"}


@dataclass(frozen=True)
class RemitTo:
    """Where money for a system's bills goes, and who sends the bills."""

    name: str
    seller_id: str  # the seller's id in its bills
    street: str
    city: str
    region: str
    postcode: str
    country: str
    vat_id: str = ""
    iban: str = ""
    bic: str = ""


MERIDIAN_INC = RemitTo("Meridian Networks Inc.", "MERIDIANUS", "PO Box 741044", "Atlanta", "GA", "30374", "US")
MERIDIAN_AB = RemitTo(
    "Meridian Networks AB",
    "5567821946",
    "Receivables, Box 4410",
    "Stockholm",
    "",
    "11592",
    "SE",
    vat_id="SE556782194601",
    iban="SE1950000000058412207310",
    bic="MERNSESS",
)
MERIDIAN_OY = RemitTo(
    "Meridian Networks Oy",
    "27412085",
    "Receivables, PL 318",
    "Helsinki",
    "",
    "00101",
    "FI",
    vat_id="FI27412085",
    iban="FI2112345600000785",
    bic="MERNFIHH",
)
"""Meridian Networks, the demo carrier: an American company, a Swedish one and a Finnish one."""


@dataclass(frozen=True)
class Site:
    """One of a customer's locations, "Reno" of "Harlow West"."""

    region: str
    name: str
    place: Place


@dataclass(frozen=True)
class Customer:
    """An enterprise that the carrier bills."""

    number: str  # the carrier's customer number, "40-11982"
    name: str
    industry: str
    currency: str  # of its European bills
    weight: int  # how many accounts it has beside the others
    sites: tuple[Site, ...]

    @property
    def digits(self) -> str:
        return self.number.replace("-", "")

    def sites_in(self, market: Market) -> tuple[Site, ...]:
        return self._american if market is Market.AMERICA else self._european

    @cached_property
    def _american(self) -> tuple[Site, ...]:
        return tuple(site for site in self.sites if site.place.country == "US")

    @cached_property
    def _european(self) -> tuple[Site, ...]:
        return tuple(site for site in self.sites if site.place.country != "US")


@dataclass(frozen=True)
class Account:
    """A billed account of one system and cycle: what bills are addressed to and what staff link to a customer."""

    format: Format
    cycle: str
    external_id: str
    master: str  # external id of the customer's node above it, the same in all cycles
    name: str  # "Harlow West · Reno"
    customer: Customer
    sites: tuple[Site, ...]
    currency: str
    country: str  # of the buyer, which decides its taxes

    @property
    def system(self) -> str:
        return self.format.key

    @property
    def address(self) -> Place:
        """The buyer's address on bills: its first site in its own country."""
        at_home = (site.place for site in self.customer.sites if site.place.country == self.country)
        return next(at_home, self.sites[0].place)

    def site_id(self, site: Site) -> str:
        """External id of one of its sites: the node below it that charges belong to."""
        return self.format.account_ids.site(self.external_id, self.sites.index(site) + 1, site.name)

    def tree(self) -> list[AccountNode]:
        """The customer's node, the account and its sites, parents first, as bills speak of them."""
        return [
            AccountNode(self.master, "", self.customer.name),
            AccountNode(self.external_id, self.master, self.name),
            *(AccountNode(self.site_id(site), self.external_id, site.name) for site in self.sites),
        ]


class AccountNode(NamedTuple):
    external_id: str
    parent: str
    name: str


def customers(seed: int, n: int) -> list[Customer]:
    """The first n customers. The well-known ones come first; beyond them names are drawn from the seed."""
    known = [_customer(company) for company in COMPANIES[:n]]
    return known + [_drawn_customer(seed, index) for index in range(len(known), n)]


class AccountBook:
    """The accounts of one system's cycle, by index: dealt to the customers by weight, the same in every month.

    Raises ValueError when no customer has a site that the system serves.
    """

    def __init__(self, format: Format, cycle: str, of: Sequence[Customer], currencies: Sequence[str] = ()) -> None:
        served = [customer for customer in of if customer.sites_in(format.market)]
        if not served:
            raise ValueError(f"none of these customers has a site that {format.key} serves")
        rounds = range(max(customer.weight for customer in served))
        self._wheel = [(customer, turn) for turn in rounds for customer in served if turn < customer.weight]
        self._format, self._cycle = format, cycle
        self._currencies = currencies or format.currencies

    def at(self, index: int) -> Account:
        lap, seat = divmod(index, len(self._wheel))
        customer, turn = self._wheel[seat]
        return account(self._format, self._cycle, customer, lap * customer.weight + turn, self._currencies)


def account(format: Format, cycle: str, customer: Customer, ordinal: int, currencies: Sequence[str]) -> Account:
    """A customer's account number `ordinal` (from 0) in a cycle. Every fourth one covers a whole region."""
    sites = customer.sites_in(format.market)
    site = sites[ordinal % len(sites)]
    region = tuple(other for other in sites if other.region == site.region)
    is_regional = ordinal % 4 == 0 and len(region) > 1
    currency = _currency(customer, currencies)
    external_id, digits = format.account_ids.account, customer.digits
    return Account(
        format=format,
        cycle=cycle,
        external_id=external_id(f"{cycle:0>2}", digits, ordinal + 1),
        master=external_id("00", digits, 0),
        name=site.region if is_regional else f"{site.region} · {site.name}",
        customer=customer,
        sites=region if is_regional else (site,),
        currency=currency,
        country="US" if format.market is Market.AMERICA else _COUNTRY_OF_CURRENCY.get(currency, "NO"),
    )


def _customer(company: Company) -> Customer:
    return Customer(
        company.number, company.name, company.industry, company.currency, company.weight, tuple(_sites(company.sites))
    )


def _sites(text: str) -> Iterator[Site]:
    for part in text.split("|"):
        region, _, names = part.strip().partition(": ")
        for name in names.split(", "):
            label, _, city = name.partition("=")
            yield Site(region, label, PLACES[city or label])


def _drawn_customer(seed: int, index: int) -> Customer:
    """Names run through all pairs of head and tail before one comes again with a number."""
    dice = Dice(seed, "customer", index)
    series, pair = divmod(index, len(NAME_HEADS) * len(NAME_TAILS))
    head = NAME_HEADS[pair % len(NAME_HEADS)]
    tail, industry = NAME_TAILS[pair // len(NAME_HEADS)]
    american = [city for city, place in PLACES.items() if place.country == "US"]
    european = [city for city, place in PLACES.items() if place.country != "US"]
    cities = {dice.pick(pool) for pool in (american, american, american, european, european)}
    return Customer(
        number=f"41-{10000 + index}",
        name=f"{head} {tail} {series + 1}" if series else f"{head} {tail}",
        industry=industry,
        currency=dice.pick(_HOME_CURRENCIES),
        weight=1,
        sites=tuple(Site(head, city, PLACES[city]) for city in sorted(cities)),
    )


def _currency(customer: Customer, allowed: Sequence[str]) -> str:
    return customer.currency if customer.currency in allowed else allowed[int(customer.digits) % len(allowed)]
