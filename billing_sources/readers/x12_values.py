"""X12 element texts as values: amounts, dates, codes. Pure. What cannot be read raises, nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from billing_sources.canonical import BillType
from billing_sources.readers.values import ZERO, Unreadable

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})")
_CENTURY_PIVOT = 70  # YYMMDD of version 003040: 70 and later is 19YY
_CREDIT, _MEMO = frozenset({"CR", "CN"}), frozenset({"ME"})
_DEBIT = frozenset({"", "CD", "CI", "DI", "DR", "FB", "N6", "PB", "PP", "PR"})
KNOWN_TYPES = _CREDIT | _MEMO | _DEBIT | {"CO"}
_PURPOSES = {"00": None, "05": BillType.CORRECTED, "07": BillType.MEMO}


@lru_cache(maxsize=1 << 14)
def amount(text: str) -> Decimal:
    """A number with an explicit point, or whole. `-0` is 0. Prices and quantities repeat: most are read once."""
    if not _NUMBER.fullmatch(text):
        raise Unreadable("a number of at most 15 digits before and 10 behind the point")
    return Decimal(text) or ZERO


def implied_cents(text: str) -> Decimal:
    """N2: the last two digits are cents, unless the sender wrote a point."""
    value = amount(text)
    return value if "." in text else value.scaleb(-2)


@lru_cache(maxsize=4096)
def day(text: str) -> date:
    """CCYYMMDD, or YYMMDD as version 003040 writes it."""
    if not (text.isascii() and text.isdigit() and len(text) in (6, 8)):
        raise Unreadable("a date CCYYMMDD or YYMMDD")
    if len(text) == 6:
        text = ("19" if int(text[:2]) >= _CENTURY_PIVOT else "20") + text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise Unreadable("a day that exists") from None


def bill_type(code: str) -> BillType:
    """BIG07. A code that nobody listed reads as an invoice; the reader raises an issue for it."""
    if code in _MEMO:
        return BillType.MEMO
    if code == "CO":
        return BillType.CORRECTED
    return BillType.CREDIT_NOTE if code in _CREDIT else BillType.INVOICE


def purpose(code: str) -> BillType | None:
    """BIG08. An original leaves the type to BIG07; a cancellation is not a bill and cannot be read as one."""
    if code not in _PURPOSES:
        raise Unreadable("purpose 00 original, 05 replacement or 07 duplicate")
    return _PURPOSES[code]


def currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise Unreadable("an ISO 4217 code")
    return text.upper()


def rate_percent(text: str, base: Decimal | None, tax: Decimal) -> Decimal | None:
    """A tax rate in percent. Senders write 8.25 and .0825: the one that explains the tax on its base is meant.

    Without a base, below 1 is a fraction, as data element 954 has it.
    """
    rate = amount(text)
    is_fraction = abs(base * rate - tax) < abs(base * rate / 100 - tax) if base else abs(rate) < 1
    return rate * 100 if is_fraction else rate


def _text(text: str, _billed_on: date) -> str:
    return text


def _days_after(text: str, billed_on: date) -> date:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise Unreadable("a number of days")
    try:
        return billed_on + timedelta(days=int(text))
    except OverflowError:
        raise Unreadable("days after which there is a date") from None


Value = str | Decimal | date | BillType | tuple[str, ...] | None
Transform = Callable[[str, date], Value]

TRANSFORMS: dict[str, Transform] = {
    "": _text,
    "amount": lambda text, _: amount(text),
    "amount, added up": lambda text, _: amount(text),
    "amount, minus turned": lambda text, _: -amount(text) or ZERO,
    "implied cents": lambda text, _: implied_cents(text),
    "date": lambda text, _: day(text),
    "days after the bill date": _days_after,
    "bill type": lambda text, _: bill_type(text),
    "purpose": lambda text, _: purpose(text),
    "currency": lambda text, _: currency(text),
    "name and address lines": lambda text, _: tuple(text.split("\n")),
    "address lines": lambda text, _: tuple(text.split("\n")[1:]) or None,
    "joined lines": _text,
}
"""What a heading row of a mapping may name. It gets the text and the bill's date; None means "ask the next"."""
