"""Bill numbers and account ids as most systems write them. Pure."""

from __future__ import annotations

import re
from datetime import date

from billing_sources.generator.format import Numbering

_NUMBER = re.compile(r"[A-Z].*-([0-9]{8})-([0-9]+)")


def _written(series: str, billed_on: date, counter: int) -> str:
    return f"{series}-{billed_on:%Y%m%d}-{counter}"


def _read(number: str) -> tuple[date, int]:
    match = _NUMBER.fullmatch(number)
    if not match:
        raise ValueError(f"not a bill number: {number}")
    return date.fromisoformat(match[1]), int(match[2])


DASHED = Numbering(_written, _read)
"""Letter of the system and cycle, date, counter: "A8-20261122-595"."""
