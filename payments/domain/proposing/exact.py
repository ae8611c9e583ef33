"""Which few amounts meet a sum exactly. Pure, bounded, and always the same answer for the same row of amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from portal.money import ZERO

MOST_FOR_MANY: Final = 60  # so many amounts, from the first, are tried three and four at a time

Found = tuple[int, ...]  # places in the row of amounts


def exact_set(amounts: Sequence[Decimal], target: Decimal) -> Found | None:
    """Places of amounts (above zero) that add up to the target: all of them, else one, two, three or four."""
    if amounts and sum(amounts, ZERO) == target:
        return tuple(range(len(amounts)))
    places = [place for place, amount in enumerate(amounts) if amount <= target]
    small = [amounts[place] for place in places]
    for find in (_one, _two, _three, _four):
        found = find(small, target)
        if found:
            return tuple(places[place] for place in found)
    return None


def _one(amounts: Sequence[Decimal], target: Decimal) -> Found | None:
    return next(((place,) for place, amount in enumerate(amounts) if amount == target), None)


def _two(amounts: Sequence[Decimal], target: Decimal) -> Found | None:
    seen: dict[Decimal, int] = {}
    for place, amount in enumerate(amounts):
        if target - amount in seen:
            return seen[target - amount], place
        seen.setdefault(amount, place)
    return None


def _three(amounts: Sequence[Decimal], target: Decimal) -> Found | None:
    few = amounts[:MOST_FOR_MANY]
    for first, amount in enumerate(few):
        pair = _two(few[first + 1 :], target - amount)
        if pair:
            return (first, *(first + 1 + place for place in pair))
    return None


def _four(amounts: Sequence[Decimal], target: Decimal) -> Found | None:
    """Two pairs, the first of which lies before the second."""
    few = amounts[:MOST_FOR_MANY]
    earlier: dict[Decimal, tuple[int, int]] = {}
    for third, amount in enumerate(few):
        for fourth in range(third + 1, len(few)):
            pair = earlier.get(target - amount - few[fourth])
            if pair:
                return (*pair, third, fourth)
        for first in range(third):
            earlier.setdefault(few[first] + amount, (first, third))
    return None
