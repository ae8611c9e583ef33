"""Values as TM Forum's JSON writes them: dates, periods, amounts. Pure.

Each raises `ValueError` on what it does not recognise: a value is read or refused, never repaired.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]|$)", re.ASCII)
_LONGEST_NUMBER = 40  # characters
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?", re.ASCII)


@lru_cache(maxsize=1 << 12)
def day(text: str) -> date | None:
    """The day that a date-time was on where it was written: its zone does not move it. None for ""."""
    if not text:
        return None
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date.fromisoformat(match["day"])


@lru_cache(maxsize=1 << 12)
def period(start: str, end: str) -> tuple[date | None, date | None]:
    """First and last day. An end at midnight on the same day of a later month closes whole months: it is the first
    moment that is not covered, so that the last day is the one before.
    """
    first, last = day(start), day(end)
    if first and last and last > first and last.day == first.day and _MIDNIGHT.search(end):
        last -= timedelta(days=1)
    return first, last


def moment(text: str) -> datetime:
    """A point in time as it is printed, without its zone, in whole microseconds."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return datetime.fromisoformat(f"{match['day']}T{(match['time'] or '00:00')[:15]}")


def is_amount(number: Decimal) -> bool:
    """Whether a number can be money: JSON has no bounds, and text like "NaN" passes for a number too."""
    return number.is_finite() and -30 < number.adjusted() < 30 and len(str(number)) <= _LONGEST_NUMBER


@lru_cache(maxsize=1 << 12)
def number_in(text: str) -> Decimal | None:
    """A number that is written as text; None for ""."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
