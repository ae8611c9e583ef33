"""What is placed while a proposal is made, what is left of each bill, and how much room each payment has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from payments.domain.proposing.inputs import Bill, Inputs, Lane
from portal.money import ZERO, is_exact, quantum

How = Literal["exact", "fill", "payments", "invoices", "credit"]
NO_LIMIT: Final = Decimal("Infinity")


@dataclass(slots=True)
class Put:
    """What a proposal puts of a bill on a payment; `left` is the room after it, `together` how many met it exactly."""

    bill: Bill
    lane: Lane
    amount: Decimal
    how: How
    left: Decimal
    together: int = 1


class Desk:
    """Every amount moves here and nowhere else, so that no bill and no payment is ever exceeded."""

    def __init__(self, inputs: Inputs) -> None:
        self.lanes = inputs.lanes
        self.puts: dict[tuple[str, int], Put] = {}
        self.placed = {lane.position: ZERO for lane in inputs.lanes}
        self.rest: dict[str, Decimal] = {}
        self._caps = {(cap.method, cap.currency): cap.amount for cap in inputs.rules.caps}
        for bill in inputs.bills:
            kept = kept_of(bill, is_anew=inputs.rules.is_anew)
            self.rest[bill.code] = _free(bill, sum((amount for _, amount in kept), ZERO))
            for position, amount in kept:
                self.placed[position] += amount
        self.room = {lane.position: self._room(lane) for lane in inputs.lanes}

    def put(self, bill: Bill, lane: Lane, amount: Decimal, how: How, together: int = 1) -> None:
        """So much more of the bill on the lane; nothing is nothing."""
        if not amount:
            return
        self._move(bill, lane, amount)
        known = self.puts.setdefault((bill.code, lane.position), Put(bill, lane, ZERO, how, ZERO, together))
        known.amount += amount
        known.left = self.room[lane.position]

    def take_back(self, put: Put, amount: Decimal) -> None:
        """Less of what was put; all of it is as if it had never been."""
        self._move(put.bill, put.lane, -amount)
        put.amount -= amount
        put.left = self.room[put.lane.position]
        if not put.amount:
            del self.puts[put.bill.code, put.lane.position]

    def fits(self, bill: Bill, lane: Lane) -> Decimal:
        """How much more of the bill the lane can take."""
        return max(min(self.rest[bill.code], self.room[lane.position]), ZERO)

    def to_reach(self, lane: Lane) -> Decimal:
        """What the lane lacks of its planned amount; without end where none is planned."""
        return NO_LIMIT if lane.planned is None else lane.planned - self.placed[lane.position]

    def to_lower(self, lane: Lane) -> Decimal:
        """How far credits may lower the lane: a payment is above zero."""
        return max(self.placed[lane.position] - quantum(lane.currency), ZERO)

    def _move(self, bill: Bill, lane: Lane, amount: Decimal) -> None:
        self.rest[bill.code] -= amount
        self.placed[lane.position] += amount
        self.room[lane.position] = self._room(lane)
        if (lane.method, lane.currency) in self._caps:
            self.room |= {each.position: self._room(each) for each in self._alike(lane)}

    def _room(self, lane: Lane) -> Decimal:
        cap = self._caps.get((lane.method, lane.currency))
        carried = sum((self.placed[each.position] for each in self._alike(lane)), ZERO) if cap is not None else ZERO
        return max(min(self.to_reach(lane), NO_LIMIT if cap is None else cap - carried), ZERO)

    def _alike(self, lane: Lane) -> Sequence[Lane]:
        return [each for each in self.lanes if (each.method, each.currency) == (lane.method, lane.currency)]


def kept_of(bill: Bill, *, is_anew: bool) -> tuple[tuple[int, Decimal], ...]:
    """What stands of the bill and stays."""
    return () if is_anew and not bill.fixed else bill.stands


def _free(bill: Bill, kept: Decimal) -> Decimal:
    """What may still be placed: never of a fixed bill, nor of one finer than its currency can pay."""
    if bill.fixed or not is_exact(bill.asked, bill.currency):
        return ZERO
    free = bill.asked - kept
    return free if free * bill.asked > 0 else ZERO
