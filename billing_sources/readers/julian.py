"""Julian dates: year and day of the year, as mainframes write them. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from billing_sources.readers.values import Unreadable

PIVOT = 70
"""Two digits of a year from here on are of the last century."""


@lru_cache(maxsize=4096)
def julian(text: str, pivot: int = PIVOT) -> date | None:
    """CCYYDDD, or YYDDD with a pivot; zeros or blanks are no date. Raises `Unreadable`."""
    if not text.strip(" 0"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) in (5, 7)):
        raise Unreadable("a date CCYYDDD")
    year, day = int(text[:-3]), int(text[-3:])
    if len(text) == 5:
        year += 1900 if year >= pivot else 2000
    days = _days(year)
    if not 1 <= day <= days:
        raise Unreadable(f"a day from 001 to {days} of {year}")
    return date(year, 1, 1) + timedelta(days=day - 1)


def _days(year: int) -> int:
    if not 1 <= year <= 9999:
        raise Unreadable("a year from 0001 to 9999")
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
