"""How a delimited file writes its amounts: `amount`, with what is unusual about it behind commas. Pure.

`amount, decimal comma, minus behind` reads `12,50-`. The options:

| option | reads |
|---|---|
| `decimal comma` | `12,50` |
| `thousands` | `1,234.50`; with a decimal comma `1.234,50` |
| `minus behind` | `12.50-` is a credit |
| `CR behind` | `12.50 CR` is a credit; DR and DB behind are not |
| `cents` | `1250` is 12.50 |
| `minus turned` | what is printed as a credit counts as positive: payments received |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from billing_sources.readers.delimited.values import amount, amount_with_comma
from billing_sources.readers.values import ZERO, Unreadable

OPTIONS = ("decimal comma", "thousands", "minus behind", "CR behind", "cents", "minus turned")

_GROUPS = {
    sign: re.compile(rf"[^0-9]*[0-9]{{1,3}}(?:{re.escape(sign)}[0-9]{{3}})+(?:[^0-9{re.escape(sign)}].*)?")
    for sign in ",."
}
_WORD = re.compile(r"(.*?) ?(CR|DR|DB)", re.IGNORECASE)


def amount_as(options: tuple[str, ...]) -> Callable[[str], Decimal]:
    """Raises ValueError for an option that there is not; what it returns raises `Unreadable`."""
    if unknown := set(options) - set(OPTIONS):
        raise ValueError(f"no such option of an amount: {', '.join(sorted(unknown))}")
    number = amount_with_comma if "decimal comma" in options else amount
    group = "." if "decimal comma" in options else ","
    places = -2 if "cents" in options else 0
    factor = -1 if "minus turned" in options else 1

    def read(text: str) -> Decimal:
        text = text.strip()
        if "CR behind" in options:
            text = _signed_by_word(text)
        if "minus behind" in options and text.endswith("-"):
            text = "-" + text[:-1].rstrip()
        if "thousands" in options and group in text:
            text = _ungrouped(text, group)
        if places and not text.strip("+-()").isdigit():
            raise Unreadable("an amount in whole cents such as 1250")
        return number(text).scaleb(places) * factor or ZERO

    return read


def _signed_by_word(text: str) -> str:
    match = _WORD.fullmatch(text)
    if not match:
        return text
    return "-" + match[1] if match[2].upper() == "CR" else match[1]


def _ungrouped(text: str, sign: str) -> str:
    if not _GROUPS[sign].fullmatch(text):
        raise Unreadable(f"thousands in groups of three, 1{sign}234")
    return text.replace(sign, "")
