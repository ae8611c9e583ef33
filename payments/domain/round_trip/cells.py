"""What a cell of a workbook says, as a canonical text: the same for whatever way it was written. Pure.

A cell comes as the reader of workbooks gives it: text, a number, a date, a truth, or nothing. People type amounts as
text in their own way, paste dates as words, and put percentages where an amount belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Final

from payments.domain.allocation import LARGEST
from payments.domain.pasting.amounts import Way, read_amount
from payments.domain.tagging import read_tags, why_not_tags
from portal.money import exponent, is_exact, without_noise

NOISE: Final = Decimal("0.0000001")  # what a spreadsheet's own arithmetic leaves behind
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_YES: Final = frozenset(("yes", "y", "x", "true", "1"))
_NO: Final = frozenset(("", "no", "n", "false", "0"))


class Unreadable(ValueError):
    """A cell that says nothing that could be meant; the words are for whoever typed it."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that cannot be taken for its value, and why."""

    why: str


def plain(amount: Decimal | None) -> str:
    """The canonical text of an amount; of none, and of zero, it is ""."""
    return f"{amount.normalize():f}" if amount else ""


def read_money(cell: object, currency: str) -> str:
    """An amount of the currency; a blank and a zero are the same."""
    amount = _number(cell)
    if abs(amount) >= LARGEST:
        raise Unreadable("No amount is as large as this.")
    amount = without_noise(amount, NOISE)
    if not is_exact(amount, currency):
        places = exponent(currency)
        digits = f"{places} decimals" if places else "no decimals"
        raise Unreadable(f"{plain(amount)} is finer than {currency} can pay: it has {digits}.")
    return plain(amount)


def read_date(cell: object) -> str:
    """An ISO date. 3/4/2026 is the third of April to some and the fourth of March to others, and refused."""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    text = text_of(cell)
    if not text:
        return ""
    if found := _ISO.fullmatch(text):
        return _date(found[1], found[2], found[3])
    if found := _DOTTED.fullmatch(text):
        return _date(found[3], found[2], found[1])
    if found := _SLASHED.fullmatch(text):
        return _slashed(found[1], found[2], found[3])
    raise Unreadable(f"“{text[:30]}” is no date such as 2026-12-31.")


def read_choice(cell: object, choices: Mapping[str, str]) -> str:
    """The key of the choice; `choices` maps words and keys, in small letters, to keys."""
    text = text_of(cell)
    key = choices.get(text.casefold()) if text else ""
    if key is None:
        raise Unreadable(f"“{text[:30]}” is not in the list.")
    return key


def read_yes(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else ""
    text = text_of(cell).casefold()
    if text not in _YES and text not in _NO:
        raise Unreadable(f"“{text[:30]}” is neither yes nor blank.")
    return "yes" if text in _YES else ""


def read_note(cell: object, longest: int) -> str:
    text = text_of(cell)
    if len(text) > longest:
        raise Unreadable(f"A note has at most {longest} characters.")
    return text


def read_tag_names(cell: object) -> str:
    """Names of tags in the order of the alphabet, each once, with commas between."""
    names = read_tags(text_of(cell))
    if refusal := why_not_tags(names):
        raise Unreadable(refusal.words)
    return ", ".join(sorted(names))


def text_of(cell: object) -> str:
    """As it stands in the cell, in single spaces; a number without the decimals that a spreadsheet adds."""
    if isinstance(cell, str):
        return cell if cell.isalnum() else " ".join(cell.replace("\x00", "").split())
    if cell is None:
        return ""
    if isinstance(cell, Formula):
        raise Unreadable(cell.why)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    return plain(_number(cell)) or "0"


def _number(cell: object) -> Decimal:
    if cell is None or cell == "":
        return Decimal(0)
    if isinstance(cell, Formula):
        raise Unreadable(cell.why)
    if isinstance(cell, bool | date):
        raise Unreadable("This is no amount.")
    if isinstance(cell, Real):
        return _finite(Decimal(str(cell)))
    return _written(" ".join(str(cell).split()))


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise Unreadable("This is no amount.")
    return number


def _written(text: str) -> Decimal:
    """An amount that stands in its cell as text: read only where 1.234 and 1,234 cannot be mistaken."""
    if not text:
        return Decimal(0)
    if text.endswith("%"):
        raise Unreadable(f"{text[:20]} is a percentage: type the amount.")
    point, comma = read_amount(text, Way.POINT), read_amount(text, Way.COMMA)
    found = point or comma
    if found is None:
        raise Unreadable(f"“{text[:30]}” is no amount.")
    if point and comma and point.value != comma.value:
        raise Unreadable(f"{text[:30]} may be thousands or decimals: type it as a number.")
    return found.value


def _slashed(first: str, second: str, year: str) -> str:
    """With a day above 12 there is no doubt which is the month."""
    if int(first) > 12 >= int(second):
        return _date(year, second, first)
    if int(second) > 12 >= int(first) or first == second:
        return _date(year, first, second)
    raise Unreadable(f"{first}/{second}/{year} may be two dates: type it as {year}-{first:0>2}-{second:0>2}.")


def _date(year: str, month: str, day: str) -> str:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError as error:
        raise Unreadable(f"There is no day {year}-{month}-{day}.") from error
