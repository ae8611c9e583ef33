"""Place the bills by the rules: exact amounts, then each bill on its best payment, credits on their side. Pure.

The version is part of every stored proposal: another one may place otherwise, and replays its own proposals only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from payments.domain.proposing.desk import NO_LIMIT, Desk, Put
from payments.domain.proposing.exact import exact_set
from payments.domain.proposing.inputs import Bill, Inputs, Lane, Rules
from payments.domain.proposing.ranking import Ranking, in_order
from payments.domain.proposing.result import Result, result_of
from portal.money import ZERO, split

ENGINE: Final = 1


def propose(inputs: Inputs) -> Result:
    """Every cent of every bill is placed once or has a reason why it is not; no bill and no payment is exceeded."""
    rules = inputs.rules
    desk, ranking = Desk(inputs), Ranking(inputs.lanes, rules)
    bills = in_order([bill for bill in inputs.bills if bill.amount > 0], rules.order)
    credits = in_order([bill for bill in inputs.bills if bill.amount < 0], rules.order)
    if "exact" in rules.matching:
        _meet(bills, desk, ranking)
    _place(bills, desk, ranking, rules)
    if rules.credits != "none":
        _use(credits, desk, ranking, rules)
    if rules.credits == "first":
        _place(bills, desk, ranking, rules)
        _give_back(desk)
    return result_of(inputs, desk, ranking)


def _meet(bills: Sequence[Bill], desk: Desk, ranking: Ranking) -> None:
    """A payment that must reach an amount takes the bills that come to exactly that."""
    may = [(bill, ranking.exact_for(bill)) for bill in bills]
    for lane in desk.lanes:
        target = desk.room[lane.position]
        if not target or target == NO_LIMIT or target != desk.to_reach(lane):
            continue
        able = [bill for bill, positions in may if lane.position in positions and desk.rest[bill.code] > 0]
        found = exact_set([desk.rest[bill.code] for bill in able], target) or ()
        for place in found:
            desk.put(able[place], lane, desk.rest[able[place].code], "exact", len(found))


def _place(bills: Sequence[Bill], desk: Desk, ranking: Ranking, rules: Rules) -> None:
    waiting = [bill for bill in bills if desk.rest[bill.code] > 0]
    if rules.share == "payments":
        for bill in waiting:
            _over_payments(bill, desk, ranking)
    if rules.share == "invoices":
        _over_invoices(waiting, desk, ranking)
    for bill in waiting:
        for lane in ranking.lanes_for(bill):
            if desk.room[lane.position]:
                desk.put(bill, lane, desk.fits(bill, lane), "fill")
            if not desk.rest[bill.code]:
                break


def _over_payments(bill: Bill, desk: Desk, ranking: Ranking) -> None:
    """In proportion to the room of the payments that are equally good; equal parts where none is limited."""
    lanes = [lane for lane in ranking.best_for(bill) if desk.room[lane.position]]
    limited = [lane for lane in lanes if desk.room[lane.position] < NO_LIMIT]
    weights = [desk.room[lane.position] for lane in limited] or [Decimal(1)] * len(lanes)
    if not weights:
        return
    most = sum(weights, ZERO) if limited else NO_LIMIT
    parts = split(min(desk.rest[bill.code], most), weights, bill.currency)
    for lane, part in zip(limited or lanes, parts, strict=True):
        desk.put(bill, lane, min(part, desk.fits(bill, lane)), "payments")


def _over_invoices(bills: Sequence[Bill], desk: Desk, ranking: Ranking) -> None:
    """In rounds: what its bills ask for, or of its room in proportion to that; the rest asks the next best payment."""
    while asking := _asking(bills, desk, ranking):
        for lane in desk.lanes:
            _share(asking.get(lane.position, ()), lane, desk)


def _asking(bills: Sequence[Bill], desk: Desk, ranking: Ranking) -> dict[int, list[Bill]]:
    """By position, the bills of which something is left and whose best payment with room that is."""
    asking: dict[int, list[Bill]] = defaultdict(list)
    for bill in bills:
        lanes = ranking.lanes_for(bill) if desk.rest[bill.code] else ()
        first = next((lane for lane in lanes if desk.room[lane.position]), None)
        if first:
            asking[first.position].append(bill)
    return asking


def _share(bills: Sequence[Bill], lane: Lane, desk: Desk) -> None:
    rests = [desk.rest[bill.code] for bill in bills]
    amount = min(sum(rests, ZERO), desk.room[lane.position])
    if not amount:
        return
    for bill, part in zip(bills, split(amount, rests, lane.currency), strict=True):
        desk.put(bill, lane, part, "invoices")


def _use(credits: Sequence[Bill], desk: Desk, ranking: Ranking, rules: Rules) -> None:
    """Each on the payment that carries most, one without a planned amount before the others; those that must reach an
    amount take credits only where they make room."""
    for credit in credits:
        lanes = [lane for lane in ranking.lanes_for(credit) if rules.credits == "first" or lane.planned is None]
        for lane in sorted(lanes, key=lambda lane: (lane.planned is not None, -desk.placed[lane.position])):
            desk.put(credit, lane, -min(-desk.rest[credit.code], desk.to_lower(lane)), "credit")


def _give_back(desk: Desk) -> None:
    """A payment that must reach an amount keeps no credit that nothing took the room of; the last goes first."""
    for put in reversed([put for put in desk.puts.values() if put.how == "credit" and put.lane.planned is not None]):
        desk.take_back(put, -_unused(put, desk))


def _unused(put: Put, desk: Desk) -> Decimal:
    return min(desk.room[put.lane.position], -put.amount)
