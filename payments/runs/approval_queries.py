"""What somebody who approves a pay run must know of it. Called inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from payments.domain.reasons import reason
from payments.runs.lines import Line
from portal.money import format_amount


@dataclass(frozen=True)
class ShortPaid:
    number: str
    amount: str
    reason: str
    note: str


def short_paid(lines: Sequence[Line]) -> list[ShortPaid]:
    """Every short pay of the run, the largest first."""
    found = sorted((line for line in lines if line.short), key=lambda line: line.short, reverse=True)
    return [_short_paid(line) for line in found]


def _short_paid(line: Line) -> ShortPaid:
    item = line.item
    known = reason(item.reason)
    amount = f"{format_amount(line.short, item.currency)} {item.currency}"
    return ShortPaid(item.number, amount, known.words if known else item.reason, item.note)
