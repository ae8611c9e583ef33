"""A later bill changed an invoice that has money on it: where does the money go? Pure; invariants I32, I33.

Everything comes off the old revision. What was booked goes to the new one first, then the holds, payment by payment
in their order, as far as the new revision's payable reaches. What stands of a credit note is below zero, and so is
what its new revision can take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from payments.domain.allocation import Move
from portal.money import ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on one payment of the old revision."""

    payment_id: int
    held: Decimal
    settled: Decimal


@dataclass(frozen=True)
class Transfer:
    """The events of a revision. `left_over` is booked money by payment that does not fit: it stays unapplied there.
    Below zero, it is credit that was used and is not there any more."""

    moves: tuple[Move, ...]
    left_over: tuple[tuple[int, Decimal], ...]
    open: Decimal  # of the new revision, after them


def transfer(old_id: int, new_id: int, room: Decimal, standings: Sequence[Standing]) -> Transfer:
    """`room` is what the new revision can take: its payable, or zero where it cannot be paid in this currency."""
    moves: list[Move] = []
    left_over: list[tuple[int, Decimal]] = []
    side = -1 if any(standing.held + standing.settled < 0 for standing in standings) else 1
    left = max(room * side, ZERO)
    in_order = sorted(standings, key=lambda standing: standing.payment_id)
    for standing in in_order:
        if standing.settled:
            settled = abs(standing.settled)
            moves.append(Move("reversed", standing.payment_id, old_id, settled))
            carried = min(settled, left)
            left -= carried
            if carried:
                moves.append(Move("carried", standing.payment_id, new_id, carried))
            if carried < settled:
                left_over.append((standing.payment_id, (settled - carried) * side))
    for standing in in_order:
        if standing.held:
            held = abs(standing.held)
            moves.append(Move("released", standing.payment_id, old_id, held))
            kept = min(held, left)
            left -= kept
            if kept:
                moves.append(Move("held", standing.payment_id, new_id, kept))
    return Transfer(tuple(moves), tuple(left_over), left * side)
