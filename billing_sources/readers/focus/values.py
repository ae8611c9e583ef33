"""Texts of cloud cost files as values. Exporters and spreadsheets write them in many ways. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from billing_sources.readers.values import ZERO, Unreadable

NULLS = frozenset({"NULL", "null", "Null", " "})
_ONE_DAY = timedelta(days=1)
_YEARS = range(1900, 2200)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE][+-]?[0-9]{1,2})?")
_SHEET = re.compile(r"-?\(?-?[$€£]?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\)?")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)Z?)?")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})")
_MIDNIGHT = re.compile(r"[0:.]*")


@lru_cache(maxsize=1 << 14)
def amount(text: str) -> Decimal:
    """`0.00000080000`, `5.64902E-05`, and what a spreadsheet makes of it: `"$50,000.00 "`, `(12.50)`."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text) or ZERO
    match = _SHEET.fullmatch(text)
    if not match or text.count("(") != text.count(")") or (text.count("-") + text.count("(")) > 1:
        raise Unreadable("an amount")
    value = Decimal(match["digits"].replace(",", ""))
    return (-value if "(" in text or "-" in text else value) or ZERO


@lru_cache(maxsize=1 << 12)
def first_day(text: str) -> date:
    """The day on which a period begins. Of an interval `a/b`, a."""
    return _day_and_clock(_part(text, 0))[0]


@lru_cache(maxsize=1 << 12)
def last_day(text: str, is_exclusive: bool = True) -> date:
    """The last day of a period. FOCUS states the instant behind it: midnight is the day before. Of `a/b`, b."""
    day, is_midnight = _day_and_clock(_part(text, 1))
    return day - _ONE_DAY if is_exclusive and is_midnight else day


def _part(text: str, which: int) -> str:
    parts = text.strip().split("/")
    return parts[which] if len(parts) == 2 else text.strip()


def _day_and_clock(text: str) -> tuple[date, bool]:
    try:
        if match := _ISO.fullmatch(text):
            return _day(int(match[1]), int(match[2]), int(match[3])), bool(_MIDNIGHT.fullmatch(match["clock"] or ""))
        if match := _AMERICAN.fullmatch(text):
            year = int(match[3])
            return _day(year + 2000 * (year < 100), int(match[1]), int(match[2])), True
    except ValueError:
        pass
    raise Unreadable("a day such as 2026-09-01T00:00:00Z or 9/1/2026")


def _day(year: int, month: int, day: int) -> date:
    """Days are counted on and back from it, which the ends of the calendar would not bear."""
    if year not in _YEARS:
        raise ValueError(year)
    return date(year, month, day)


def month_of(day: date) -> tuple[date, date]:
    """First and last day of a day's month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - _ONE_DAY
