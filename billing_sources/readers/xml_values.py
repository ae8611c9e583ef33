"""The transforms of the XML mapping tables: stripped text that is not empty → value. Pure.

Each raises `ValueError` on a text that it does not recognise: a value is read or refused, never repaired. A file
knows few dates, so those are remembered; remembering amounts or names costs more than it saves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_AMOUNT_CHARACTERS = "+-.0123456789"
_AMOUNT_LENGTH = 40
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)  # xsd:date, the zone does not move it
_DATE_102 = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def amount(text: str) -> Decimal:
    """An xsd:decimal at its own precision. `Decimal` alone would also take `NaN`, `1e9`, `1_0` and Arabic digits."""
    if text.strip(_AMOUNT_CHARACTERS) or len(text) > _AMOUNT_LENGTH:
        raise ValueError(text)
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    return number if number else number.copy_abs()  # "-0" is printed, and means nothing


@lru_cache(maxsize=1 << 12)
def iso_date(text: str) -> date:
    return _as_date(_DATE.fullmatch(text), text)


@lru_cache(maxsize=1 << 12)
def date_102(text: str) -> date:
    """CCYYMMDD, the only format that EN 16931 allows in CII."""
    return _as_date(_DATE_102.fullmatch(text), text)


def moment(text: str) -> date:
    """The day of an xsd:dateTime."""
    day, separator, _ = text.partition("T")
    if not separator:
        raise ValueError(text)
    return iso_date(day)


def line(text: str) -> str:
    """One line: runs of white space, line ends among them, become one blank."""
    return " ".join(text.split())


def currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise ValueError(text)
    return text


def flag(text: str) -> bool:
    try:
        return _FLAGS[text]
    except KeyError as error:
        raise ValueError(text) from error


def _as_date(match: re.Match[str] | None, text: str) -> date:
    if match is None:
        raise ValueError(text)
    return date(int(match[1]), int(match[2]), int(match[3]))


TRANSFORMS: dict[str, Callable[[str], Any]] = {
    "line": line,
    "amount": amount,
    "date": iso_date,
    "date 102": date_102,
    "moment": moment,
    "currency": currency,
    "flag": flag,
}
