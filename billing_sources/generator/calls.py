"""The calls, sessions and transfers behind a usage charge. Pure: the same charge gives the same records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from billing_sources.canonical import Category
from billing_sources.generator.bill import Bill, Call, Charge
from billing_sources.generator.dice import Dice

_KINDS = {"MIN": "VOICE", "GB": "DATA", "EA": "MESSAGE", "KWH": "METER"}
_AREA_CODES = ("212", "305", "415", "503", "617", "702", "808")
_SECONDS_A_DAY = 86_400


def calls_of(bill: Bill, mean: int) -> Iterator[Call]:
    """The records of every usage charge, `mean` for each on average; those of one charge add up to its amount."""
    for position, charge in enumerate(bill.charges, start=1):
        if charge.category == Category.USAGE and charge.rate:
            dice = Dice(bill.number, position, "calls")
            count = dice.between(1, 2 * mean - 1)
            yield from _records(position, charge, bill, _shares(charge.quantity, count, dice), dice)


def _records(position: int, charge: Charge, bill: Bill, shares: Sequence[int], dice: Dice) -> Iterator[Call]:
    start = datetime.combine(bill.period_start, time())
    span = ((bill.period_end - bill.period_start).days + 1) * _SECONDS_A_DAY
    for place, quantity in enumerate(shares):
        second = (place * span + dice.below(span)) // len(shares)
        other = f"{dice.pick(_AREA_CODES)}555{dice.below(10000):04}" if charge.unit == "MIN" else ""
        yield Call(
            position,
            start + timedelta(seconds=second),
            _KINDS.get(charge.unit, charge.unit),
            charge.service,
            other,
            quantity,
            charge.unit,
            quantity * charge.rate,
        )


def _shares(quantity: int, count: int, dice: Dice) -> list[int]:
    """A whole quantity cut into at most `count` whole parts, none of them nothing."""
    count = min(count, quantity)
    cuts = sorted({dice.between(1, quantity - 1) for _ in range(count - 1)}) if count > 1 else []
    return [end - start for start, end in zip([0, *cuts], [*cuts, quantity], strict=True)]
