"""What the demo carrier sells, and the lines that an account has of it in a given month. Pure.

An account is a row of slots. In each slot a line lives for its term, then another takes its place: so lines are
stable over months, a few end and a few are new in every month, and no state is kept between months.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import NamedTuple

from billing_sources.generator.bill import Minor
from billing_sources.generator.carrier import Account, Site
from billing_sources.generator.dice import Dice
from billing_sources.generator.format import Market

_PRICE_LEVEL = {"USD": 100, "EUR": 100, "SEK": 1150, "DKK": 750, "NOK": 1180}  # hundredths of the list price


class Usage(NamedTuple):
    """Metered use of a product. `rate` is in thousandths of a minor unit for one; `low` and `high` a month's use."""

    title: str
    unit: str
    rate: int
    low: int
    high: int


class Product(NamedTuple):
    """`low` and `high` bound the list price of one, in cents of USD or EUR; `most` is the largest number on a line."""

    code: str
    title: str
    prefix: str  # of the service id: a circuit type, "tel" or "sim"
    low: int
    high: int
    most: int
    usage: Usage | None = None
    device: Minor = 0  # monthly instalment of the equipment that comes with it
    vat: str = "S25"  # EN 16931 category and percent in Sweden


_MINUTES = Usage("Minutes", "MIN", 1200, 400, 9000)
_CALLS = Usage("Calls", "MIN", 2400, 25, 700)
_DATA = Usage("Data", "GB", 45000, 5, 160)
_BURST = Usage("Burst traffic", "GB", 22000, 20, 700)
_MESSAGES = Usage("Messages", "EA", 800, 100, 2000)
_POWER = Usage("Power", "KWH", 19000, 400, 2600)

PRODUCTS = (
    Product("0410", "MPLS port 50 Mbit/s", "MPL", 38000, 52000, 1),
    Product("0412", "MPLS port 200 Mbit/s", "MPL", 71000, 98000, 1),
    Product("0520", "Dedicated Internet 500 Mbit/s", "DIA", 44000, 69000, 1, _BURST),
    Product("0521", "Dedicated Internet 1 Gbit/s", "DIA", 82000, 118000, 1, _BURST),
    Product("0610", "Ethernet private line 1G", "EPL", 96000, 142000, 1),
    Product("1130", "SIP trunk, channels", "SIP", 1450, 2200, 46, _MINUTES),
    Product("1210", "Hosted voice seats", "HVS", 1190, 1790, 60, _MINUTES, 640),
    Product("1310", "Toll-free number", "tel", 900, 1500, 1, _MINUTES),
    Product("2051", "Business line", "tel", 3200, 5400, 1, _CALLS),
    Product("2210", "Mobile voice and data 20 GB", "tel", 2900, 4400, 1, _DATA, 2250),
    Product("2211", "Mobile voice and data unlimited", "tel", 4700, 6500, 1, _MESSAGES, 3125),
    Product("2240", "Mobile broadband router", "sim", 2500, 3900, 1, _DATA, 890),
    Product("2710", "IoT SIM pool", "sim", 85, 160, 400, _MESSAGES),
    Product("3110", "Colocation rack, full", "COL", 88000, 131000, 2, _POWER),
    Product("3220", "SD-WAN edge, managed", "SDW", 9900, 18900, 1, None, 4150),
    Product("2910", "Maritime satellite link", "SAT", 42000, 66000, 1, _BURST, 0, "Z0"),
    Product("2990", "Device insurance", "INS", 350, 690, 30, None, 0, "E0"),
    Product("0901", "Printed call itemisation", "PRT", 400, 900, 3, None, 0, "S6"),
)
_AMERICAN = PRODUCTS[:15]
_WEIGHTED = {Market.AMERICA: _AMERICAN + _AMERICAN[8:13] * 2, Market.EUROPE: PRODUCTS + PRODUCTS[8:13] * 2}


class Line(NamedTuple):
    """One service of an account."""

    product: Product
    service: str  # telephone number, circuit or SIM
    site: Site
    quantity: int
    price: Minor  # of one, a month
    device: Minor
    use: int  # usual monthly use, in the unit of its usage


class Slot(NamedTuple):
    number: int
    offset: int
    term: int  # months that a line stays


class LineUp:
    """The lines of one account, month by month. Keeps each line it has worked out, so that months share them."""

    def __init__(self, seed: str, account: Account, size: int) -> None:
        self._key = f"{seed}/{account.system}/{account.external_id}"
        self._account = account
        self._known: dict[tuple[int, int], Line] = {}
        dice = self.dice("slots")
        self._slots = [Slot(number, dice.below(60), dice.between(18, 60)) for number in range(size)]

    def lines(self, month: int) -> Iterator[tuple[Line, bool]]:
        """Every line of the month, and whether it is new in it."""
        for slot in self._slots:
            generation, age = divmod(month + slot.offset, slot.term)
            key = (slot.number, generation)
            line = self._known.get(key)
            if line is None:
                line = self._known[key] = self._line(*key)
            yield line, age == 0

    def dice(self, *key: object) -> Dice:
        """Chance that belongs to this account."""
        return Dice(self._key, *key)

    def _line(self, slot: int, generation: int) -> Line:
        dice = self.dice(slot, generation)
        account = self._account
        product = dice.pick(_WEIGHTED[account.format.market])
        site = dice.pick(account.sites)
        level = _PRICE_LEVEL.get(account.currency, 100)
        usage = product.usage
        return Line(
            product=product,
            service=_service_id(product, site, dice),
            site=site,
            quantity=dice.between(max(1, product.most // 8), product.most),
            price=dice.between(product.low, product.high) // 5 * 5 * level // 100,
            device=product.device * level // 100 if dice.percent(40) else 0,
            use=dice.between(usage.low, usage.high) if usage else 0,
        )


def use_of(line: Line, month_dice: Dice, currency: str) -> tuple[int, int, Minor]:
    """This month's use of a metered line: quantity, rate in thousandths of a minor unit, amount.

    The quantity is within a tenth of the usual one, cut to a number that makes the amount exact.
    """
    usage = line.product.usage
    if usage is None:
        return 0, 0, 0
    rate = usage.rate * _PRICE_LEVEL.get(currency, 100) // 100
    quantity = line.use * month_dice.between(90, 110) // 100
    quantity -= quantity % (1000 // gcd(rate, 1000))
    return quantity, rate, quantity * rate // 1000


def _service_id(product: Product, site: Site, dice: Dice) -> str:
    if product.prefix == "tel":
        return f"{site.place.area_code}555{dice.below(10000):04}"
    if product.prefix == "sim":
        return f"8946{dice.below(10**15):015}"
    code = site.place.city[:3].upper().translate(str.maketrans("ÖØÅÄ", "OOAA"))
    return f"{code}/{product.prefix}/{dice.below(1000000):06}/MN"
