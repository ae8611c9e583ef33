"""Texts of delimited files as values: amounts, days, times, codes. Pure. What cannot be read raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from billing_sources.canonical import BillType
from billing_sources.readers.values import ZERO, Unreadable

Value = str | Decimal | date | time | int | BillType | None
Transform = Callable[[str], Value]

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})")
_DATE_PARTS = re.compile(r"YYYY|MM|DD|[^A-Z]+")


def amount(text: str) -> Decimal:
    """A number with a point; a credit stands in parentheses, or behind a minus. Blanks around it are layout."""
    text = text.strip()
    is_credit = text.startswith("(") and text.endswith(")")
    digits = text[1:-1] if is_credit else text
    if not _NUMBER.fullmatch(digits) or (is_credit and digits[0] in "+-"):
        raise Unreadable("an amount such as 12.50, a credit in parentheses")
    value = Decimal(digits)
    return (-value if is_credit else value) or ZERO


def amount_with_comma(text: str) -> Decimal:
    """A number with a decimal comma."""
    if "." in text:
        raise Unreadable("an amount such as 12,50")
    return amount(text.replace(",", ".", 1))


def count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Unreadable("a whole number")
    return int(text)


def currency(text: str) -> str:
    text = text.strip()
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise Unreadable("an ISO 4217 code")
    return text.upper()


@lru_cache(maxsize=64)
def day(pattern: str) -> Transform:
    """Reads days written as `pattern`, of YYYY, MM, DD and what stands between. Blank is None."""
    groups = {"YYYY": "(?P<y>[0-9]{4})", "MM": "(?P<m>[0-9]{1,2})", "DD": "(?P<d>[0-9]{1,2})"}
    parts = _DATE_PARTS.findall(pattern)
    if "".join(parts) != pattern or not set(groups) <= set(parts):
        raise ValueError(f"not a pattern of a date: {pattern}")
    if len(parts) == len(groups):  # nothing between them: both digits are written
        groups |= {name: group.replace("{1,2}", "{2}") for name, group in groups.items()}
    compiled = re.compile("".join(groups.get(part, re.escape(part)) for part in parts))

    @lru_cache(maxsize=1 << 12)
    def read(text: str) -> date | None:
        text = text.strip()
        if not text:
            return None
        match = compiled.fullmatch(text)
        try:
            return date(int(match["y"]), int(match["m"]), int(match["d"])) if match else _no_day(pattern)
        except ValueError:
            return _no_day(pattern)

    return read


@lru_cache(maxsize=1 << 14)
def clock(text: str) -> time:
    """HHMMSS or HHMM, with or without colons. Blank is midnight."""
    digits = text.strip().replace(":", "")
    if not digits:
        return time()
    if not (digits.isascii() and digits.isdigit() and len(digits) in (4, 6)):
        raise Unreadable("a time HHMMSS")
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0))
    except ValueError:
        raise Unreadable("a time HHMMSS") from None


def _no_day(pattern: str) -> date:
    raise Unreadable(f"a day written {pattern}")
