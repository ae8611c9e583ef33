"""Which bill cycle a bill belongs to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Cycle(NamedTuple):
    """When a system bills: `day` of each month."""

    code: str
    day: int


def closing_cycle(cycles: Sequence[Cycle], stated: str, day: int) -> str:
    """The cycle of a bill dated on `day` of a month; "" for a system without cycles. `cycles` are in order of days.

    It is the one that the bill names, or where it names none of its system's, the one that closed last.
    """
    if any(cycle.code == stated for cycle in cycles):
        return stated
    closed = [cycle for cycle in cycles if cycle.day <= day] or cycles[:1]
    return closed[-1].code if closed else ""
