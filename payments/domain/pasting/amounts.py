"""Amounts as people's spreadsheets write them. A column is read in one way, and where two ways differ that is said.

POINT writes 1,234.56 · 1'234.56 · 1 234.56, COMMA writes 1.234,56 · 1 234,56; both may stand in brackets, or with a
minus or CR before or after, with a currency. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

LONGEST: Final = 40
MOST_DIGITS, MOST_DECIMALS = 15, 8  # so that thousands of amounts add up without a digit lost
_PLAIN: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,8})?")
_POINT: Final = re.compile(r"(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3}|\d{1,3}(?:[ '’]\d{3})+)(?:\.\d*)?|\.\d+")
_COMMA: Final = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ '’]\d{3})+)(?:,\d*)?|,\d+")
_SYMBOLS: Final = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "$": "", "US$": "USD", "C$": "CAD", "A$": "AUD"}
_OUTER: Final = re.compile(
    r"(?P<before>[-+\u2212\u2013]?)\s*(?P<code>[A-Z]{3}|[A-Z]{0,2}[€£¥₹$])?\s*(?P<sign>[-+\u2212\u2013]?)\s*"
    r"(?P<figure>[\d.,'’ ]*\d[.,]?)\s*(?P<after>[-\u2212\u2013]|CR|DR|CR\.|DR\.)?\s*(?P<unit>[A-Z]{3}|[€£¥₹$])?\s*"
    r"(?P<last>[-\u2212\u2013]|CR|DR)?"
)
_IN_BRACKETS: Final = re.compile(r"([A-Z]{3}|[A-Z]{0,2}[€£¥₹$])?\s*\(\s*(.*?)\s*\)\s*([A-Z]{3}|[€£¥₹$])?")
_SHAPE: Final = str.maketrans("012345678", "9" * 9)
_MINUS: Final = frozenset("-\u2212\u2013")


class Way(StrEnum):
    POINT = "point"
    COMMA = "comma"


class Amount(NamedTuple):
    """`currency` as it stands beside the figure, or ""."""

    value: Decimal
    currency: str


@dataclass(frozen=True)
class WayFound:
    """How a column is read. `example` is a figure that the other way would read otherwise: the reader must say which
    is meant ("" where no doubt is left)."""

    way: Way
    example: str = ""


def read_amount(text: str, way: Way) -> Amount | None:
    """The amount, or None where it is none in this way of writing."""
    if way is Way.POINT and _PLAIN.fullmatch(text):
        return Amount(Decimal(text), "")  # what most cells are, read without further ado
    plain = text.strip(" '’\"").upper()
    if not plain or len(plain) > LONGEST:
        return None
    bracketed = _IN_BRACKETS.fullmatch(plain)
    inner = _outside_brackets(plain, bracketed)
    found = _OUTER.fullmatch(inner)
    if not found or not _pattern(way).fullmatch(found["figure"].strip()):
        return None
    whole, _, decimals = _figure(found["figure"], way).partition(".")
    if len(whole) > MOST_DIGITS or len(decimals) > MOST_DECIMALS:
        return None
    value = Decimal(f"{whole or 0}.{decimals or 0}")
    is_negative = bool(bracketed) or _is_signed(found)
    code = found["code"] or found["unit"] or ""
    return Amount(-value if is_negative else value, _SYMBOLS.get(code, code))


def written(amount: Decimal, way: Way) -> str:
    """The amount in this way of writing: `read_amount` reads it back."""
    text = f"{amount:f}"
    return text if way is Way.POINT else text.replace(".", ",")


def way_of(texts: Iterable[str]) -> WayFound:
    """The way that reads most of the column; what both read, and differently, is a doubt unless the rest decides.

    Which ways can read a text is a matter of its shape, and a column has few of those.
    """
    shapes = Counter[str]()
    examples: dict[str, str] = {}
    for text in texts:
        shape = text.translate(_SHAPE)
        shapes[shape] += 1
        examples.setdefault(shape, text)
    by_point = by_comma = 0
    doubtful = ""
    for shape, count in shapes.items():
        point, comma = read_amount(shape, Way.POINT), read_amount(shape, Way.COMMA)
        if point and comma:
            doubtful = doubtful or (examples[shape] if point.value != comma.value else "")
            continue
        by_point += count if point else 0
        by_comma += count if comma else 0
    if by_point != by_comma:
        return WayFound(Way.POINT if by_point > by_comma else Way.COMMA)
    return WayFound(_thousands(doubtful), doubtful)


def _thousands(example: str) -> Way:
    """Of two ways to read 1.234 the one that takes it for thousands, until the reader says so."""
    return Way.COMMA if "." in example else Way.POINT


def _outside_brackets(plain: str, bracketed: re.Match[str] | None) -> str:
    if not bracketed:
        return plain
    return " ".join(part for part in (bracketed[1], bracketed[2], bracketed[3]) if part)


def _is_signed(found: re.Match[str]) -> bool:
    """A minus on either side, or a credit."""
    marks = {found["before"], found["sign"], found["after"] or "", found["last"] or ""}
    return bool(marks & _MINUS) or any(mark.startswith("CR") for mark in marks)


def _pattern(way: Way) -> re.Pattern[str]:
    return _POINT if way is Way.POINT else _COMMA


def _figure(text: str, way: Way) -> str:
    """Figures alone, with a point before the decimals."""
    whole = re.sub(r"[ '’,]" if way is Way.POINT else r"[ '’.]", "", text)
    return whole.replace(",", ".").lstrip("0")
