"""What a proposal comes to: what shall stand where and why, and what is left out and why. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from payments.domain.proposing.desk import Desk, Put, kept_of
from payments.domain.proposing.inputs import Inputs
from payments.domain.proposing.ranking import Ranking
from payments.domain.proposing.words import why_instead, why_left, why_placed
from portal.money import ZERO


@dataclass(frozen=True, slots=True)
class Placed:
    """`amount` shall stand of the bill on the payment, `fresh` of it by this proposal. `instead` is the best other
    payment and why not that one."""

    code: str
    position: int
    amount: Decimal
    fresh: Decimal
    why: str
    instead: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So much of the bill is on no payment, for this reason."""

    code: str
    amount: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Result:
    """amount of a bill = what stands and stays + what is placed + what is left out. Below zero of credits."""

    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]


def result_of(inputs: Inputs, desk: Desk, ranking: Ranking) -> Result:
    """In the order of the inputs, whatever order it was placed in."""
    placed, left_out = [], []
    puts: dict[str, list[Put]] = defaultdict(list)
    for put in desk.puts.values():
        puts[put.bill.code].append(put)
    for bill in inputs.bills:
        kept = dict(kept_of(bill, is_anew=inputs.rules.is_anew))
        own = sorted(puts[bill.code], key=lambda put: put.lane.position)
        for put in own:
            at = put.lane.position
            why, instead = why_placed(put, inputs.rules), why_instead(put, desk, ranking)
            placed.append(Placed(bill.code, at, kept.get(at, ZERO) + put.amount, put.amount, why, instead))
        fresh = sum((put.amount for put in own), ZERO)
        rest = bill.asked - sum(kept.values(), ZERO) - fresh
        left_out += [LeftOut(bill.code, amount, why) for why, amount in bill.withheld]
        if rest:
            left_out.append(LeftOut(bill.code, rest, why_left(bill, desk, ranking, inputs.rules)))
    return Result(tuple(placed), tuple(left_out))
