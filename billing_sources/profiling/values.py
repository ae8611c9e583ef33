"""What one text could be: an amount in somebody's notation, a day in some pattern. Pure."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from billing_sources.readers.delimited.values import day
from billing_sources.readers.values import Unreadable

PATTERNS = (
    "YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "MM/DD/YYYY", "DD/MM/YYYY", "MM-DD-YYYY", "DD-MM-YYYY", "YYYY/MM/DD",
    "MMDDYYYY", "DDMMYYYY",
)  # fmt: skip
_YEARS = range(1980, 2061)
_LOOKS_LIKE_A_DAY = re.compile(r"[0-9]{8}|[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")
_NUMBER = re.compile(
    r"(?P<lead>[+-]?)(?P<open>\()?(?P<digits>[0-9][0-9.,]{0,24}|\.[0-9]{1,15})(?P<close>\))?"
    r"(?P<behind>-| ?(?:CR|DR|DB))?",
    re.IGNORECASE,
)
_OVERPUNCHED = re.compile(r"(?P<digits>[0-9]{2,17})(?P<last>[{}A-R])")
_LAST_DIGITS = {sign: (at % 10, at >= 10) for at, sign in enumerate("{ABCDEFGHI}JKLMNOPQR")}


class Figure(NamedTuple):
    """A number, and what was unusual in how it was written, as the options of an amount say it."""

    value: Decimal
    signs: tuple[str, ...]


@lru_cache(maxsize=1 << 14)
def figure(text: str) -> Figure | None:
    """None where it is no number; a sign on either side or punched over the last digit, point or comma."""
    if punched := _OVERPUNCHED.fullmatch(text):
        last, is_minus = _LAST_DIGITS[punched["last"]]
        value = Decimal(f"{punched['digits']}{last}")
        return Figure(-value if is_minus else value, ("overpunch",))
    match = _NUMBER.fullmatch(text)
    if not match or bool(match["open"]) != bool(match["close"]):
        return None
    digits, written = _plain(match["digits"])
    if digits is None:
        return None
    behind = (match["behind"] or "").strip().upper()
    signs = [*written, *_sign_words(match["lead"], bool(match["open"]), behind)]
    is_minus = match["lead"] == "-" or bool(match["open"]) or behind in ("-", "CR")
    value = Decimal(digits)
    return Figure(-value if is_minus else value, tuple(signs))


def _sign_words(lead: str, is_open: bool, behind: str) -> list[str]:
    words = ["minus before"] * (lead == "-") + ["parentheses"] * is_open + ["minus behind"] * (behind == "-")
    return words + ["CR behind"] * (behind in ("CR", "DR", "DB"))


def _plain(digits: str) -> tuple[str | None, list[str]]:
    """With a point and without groups. A comma alone is a decimal comma unless there are several."""
    if "," not in digits:
        return (digits, []) if digits.count(".") <= 1 else _grouped(digits, ".", "decimal comma")
    if "." not in digits:
        return (digits.replace(",", "."), ["decimal comma"]) if digits.count(",") == 1 else _grouped(digits, ",")
    if digits.rfind(",") > digits.rfind("."):
        whole, _, part = digits.rpartition(",")
        plain, words = _grouped(whole, ".", "decimal comma")
    else:
        whole, _, part = digits.rpartition(".")
        plain, words = _grouped(whole, ",")
    return (f"{plain}.{part}" if plain else None), words


def _grouped(digits: str, sign: str, *words: str) -> tuple[str | None, list[str]]:
    if not re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(sign)}[0-9]{{3}})+", digits):
        return None, []
    return digits.replace(sign, ""), [*words, "thousands"]


@lru_cache(maxsize=1 << 14)
def days(text: str) -> dict[str, date]:
    """By pattern, every day that a text could be."""
    if not _LOOKS_LIKE_A_DAY.fullmatch(text):
        return {}
    found = {}
    for pattern in PATTERNS:
        try:
            value = day(pattern)(text)
        except Unreadable:
            continue
        if isinstance(value, date) and value.year in _YEARS:
            found[pattern] = value
    return found
