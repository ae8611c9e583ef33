"""Which payments can take a bill, the best first, by the rules in their order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from payments.domain.proposing.inputs import Bill, Lane, Matching, Order, Rules

Rank = tuple[Any, ...]
ORDERS: Final[dict[Order, Any]] = {
    "oldest": lambda bill: (bill.due_on or date.max, bill.key),
    "largest": lambda bill: (-abs(bill.asked), bill.key),
    "smallest": lambda bill: (abs(bill.asked), bill.key),
}


def in_order(bills: Sequence[Bill], order: Order) -> list[Bill]:
    """Ties are broken by system, entity, number and series, in that order."""
    return sorted(bills, key=ORDERS[order])


@dataclass(frozen=True, slots=True)
class Choice:
    """The lanes that can take a bill, the best first: `best` of them are equally good. `exact` are the positions that
    no rule before the exact amount would send it away from."""

    lanes: tuple[Lane, ...]
    best: int
    exact: frozenset[int]


class Ranking:
    """Lanes for bills; bills that look the same to the rules are ranked once."""

    def __init__(self, lanes: Sequence[Lane], rules: Rules) -> None:
        self._lanes = lanes
        self._rules = [rule for rule in rules.matching if rule != "exact"]
        self._before_exact = _before_exact(rules.matching)
        self._known: dict[Rank, Choice] = {}
        self._by_code: dict[str, Choice] = {}

    def lanes_for(self, bill: Bill) -> tuple[Lane, ...]:
        """Those that can take it, the best first; then the lowest position."""
        return self._choice(bill).lanes

    def best_for(self, bill: Bill) -> tuple[Lane, ...]:
        """The first, and those that are as good by all rules."""
        choice = self._choice(bill)
        return choice.lanes[: choice.best]

    def exact_for(self, bill: Bill) -> frozenset[int]:
        """The positions that no rule before the exact amount would send the bill away from."""
        return self._choice(bill).exact

    def rank(self, bill: Bill, lane: Lane) -> Rank:
        """The lower the better; equal where the rules know no difference."""
        return tuple(RANKS[rule](bill, lane) for rule in self._rules)

    def _choice(self, bill: Bill) -> Choice:
        if bill.code in self._by_code:
            return self._by_code[bill.code]
        look = (bill.currency, bill.refused, bill.method, bill.reference, bill.pay_by, bill.amount < 0)
        if look not in self._known:
            self._known[look] = self._ranked(bill)
        self._by_code[bill.code] = self._known[look]
        return self._known[look]

    def _ranked(self, bill: Bill) -> Choice:
        able = [lane for lane in self._lanes if not why_not(bill, lane)]
        ranks = sorted((self.rank(bill, lane), lane.position, lane) for lane in able)
        early = {lane.position: tuple(RANKS[rule](bill, lane) for rule in self._before_exact) for lane in able}
        return Choice(
            lanes=tuple(lane for _, _, lane in ranks),
            best=sum(rank == ranks[0][0] for rank, _, _ in ranks),
            exact=frozenset(position for position, rank in early.items() if rank == min(early.values())),
        )


def why_not(bill: Bill, lane: Lane) -> str:
    """Why the lane cannot take the bill; "" where it can. A credit needs no method: nobody pays it."""
    if bill.currency != lane.currency:
        return f"billed in {bill.currency}"
    return "" if bill.amount < 0 else next((why for method, why in bill.refused if method == lane.method), "")


def of_group(bill: Bill, lane: Lane) -> bool:
    """Whether the lane is what the bill's group is paid with."""
    return not any(_of_group(bill, lane))


def in_time(bill: Bill, lane: Lane) -> bool:
    return bill.pay_by is None or lane.value_on <= bill.pay_by


def _of_group(bill: Bill, lane: Lane) -> Rank:
    return bill.method not in ("", lane.method), bill.reference not in ("", lane.reference)


def _by_due(bill: Bill, lane: Lane) -> Rank:
    """The latest that is in time; else the earliest that is not."""
    if bill.pay_by is None:
        return ()
    day = lane.value_on.toordinal()
    return (0, -day) if in_time(bill, lane) else (1, day)


RANKS: Final = {"group": _of_group, "due": _by_due}


def _before_exact(matching: Sequence[Matching]) -> list[Matching]:
    return list(matching[: matching.index("exact")]) if "exact" in matching else []
