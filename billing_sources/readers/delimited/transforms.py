"""The transforms that a column may name. Pure.

| transform | reads |
|---|---|
| (none) | text, stripped |
| `amount`, with options | see `amounts`; blank is None |
| `date DD.MM.YYYY` | a day in the pattern named; blank is None |
| `time` | HHMMSS or HHMM, with or without colons |
| `count` | a whole number |
| `currency` | an ISO 4217 code |
| `bill type` | one of the words in the layout's `bill_types` |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from billing_sources.readers.delimited.amounts import amount_as
from billing_sources.readers.delimited.values import Transform, Value, amount, clock, count, currency, day

_TRANSFORMS: dict[str, Transform] = {"": str.strip, "count": count, "currency": currency, "time": clock}


@lru_cache(maxsize=64)
def transform(name: str) -> Transform:
    """By its name in a layout. Raises ValueError: a layout is code."""
    kind, _, options = name.partition(", ")
    if kind == "amount":
        return _optional(amount_as(tuple(options.split(", "))) if options else amount)
    if name.startswith("date "):
        return day(name.removeprefix("date "))
    try:
        return _TRANSFORMS[name]
    except KeyError:
        raise ValueError(f"no such transform: {name}") from None


def without_turning(name: str) -> str:
    """The transform of a roll-up: as the file prints it, because what is below it is summed with the same sign."""
    return name.replace(", minus turned", "") or "amount"


def _optional(read: Callable[[str], Value]) -> Transform:
    """Blank is None. Figures repeat: most are read once."""
    return lru_cache(maxsize=1 << 14)(lambda text: read(text) if text.strip() else None)
