"""jBilling's columns as values: amounts in float noise, timestamps without zone, texts with HTML entities. Pure.

Each transform takes a column's text and raises `ValueError` on one that it does not recognise.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from portal.money import without_noise

NOISE = Decimal("0.00000001")
"""What a double may add to an amount on its way through jBilling: its 15 digits are exact to this for any bill below
ten million. More than this is not noise but money, or a rate, and stays."""

_LARGEST = Decimal(10) ** 12  # numeric(22,10)
_NUMBER = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,10})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PERIOD = re.compile(r"\bfrom\s+(\d\d/\d\d/\d{4})\s+to\s+(\d\d/\d\d/\d{4})\b", re.ASCII | re.IGNORECASE)


class Amount(NamedTuple):
    """A number without its float noise, and that noise: together they are what the column holds."""

    value: Decimal
    noise: Decimal


@lru_cache(maxsize=1 << 16)
def cleaned(text: str) -> Amount:
    """Prices and quantities repeat: most are read once."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    stated = Decimal(text)
    if abs(stated) >= _LARGEST:
        raise ValueError(text)
    meant = without_noise(stated, NOISE)
    return Amount(meant, stated - meant)


def amount(text: str) -> Decimal:
    return cleaned(text).value or Decimal(0)


@lru_cache(maxsize=1 << 14)
def line(text: str) -> str:
    """One line of text, its HTML entities resolved once."""
    return " ".join((html.unescape(text) if "&" in text else text).split())


def currency(text: str) -> str:
    code = text.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(text)
    return code


@lru_cache(maxsize=1 << 12)
def day(text: str) -> date:
    """The day as printed: a timestamp without zone is not moved."""
    if not _DATE.fullmatch(text[:10]) or text[10:11] not in ("", "T", " "):
        raise ValueError(text)
    return date.fromisoformat(text[:10])


def day_before(text: str) -> date:
    """The last day of a period whose end is exclusive."""
    return day(text) - timedelta(days=1)


def instant(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    if stamp.tzinfo is not None:
        raise ValueError(text)
    return stamp


def remit_lines(text: str) -> tuple[str, ...]:
    return (line(text),)


@lru_cache(maxsize=1 << 12)
def period(text: str) -> tuple[date, date] | None:
    """The days in "Period from 07/26/2006 to 08/25/2006", both inclusive; None where the text tells no such period.

    The month comes first, always: 26/07/2006 is no day, and not taken for the 26th of July.
    """
    found = _PERIOD.search(text)
    if not found:
        return None
    try:
        start, end = (datetime.strptime(stated, "%m/%d/%Y").date() for stated in found.groups())
    except ValueError:
        return None
    return start, end


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "": line,
    "id": str,
    "amount": amount,
    "amount, float noise off": amount,
    "line": line,
    "currency": currency,
    "day": day,
    "the day before": day_before,
    "instant": instant,
    "name": remit_lines,
    "process, or manual": lambda _: "process",
    "period in the text": period,
}
