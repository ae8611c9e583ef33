"""A proposal as its page shows it, beside what stands now: every cell is text before the template sees it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payments.domain.proposing.desk import kept_of
from payments.domain.proposing.inputs import Bill, Inputs, Lane
from payments.domain.proposing.result import LeftOut, Placed, Result
from payments.invoices.rows import Figure, Sum, account_path
from payments.runs.lines import Line
from portal.money import ZERO, exponent, format_amount


@dataclass(frozen=True, slots=True)
class Part:
    """An amount on a payment; `is_new` where it is not what stands now."""

    number: int
    words: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An invoice or credit: where it stands, where it would stand, and why. `left` is what stays on no payment."""

    code: str
    url: str
    number: str
    account: str
    due_on: str
    amount: str
    now: Sequence[Part]
    proposed: Sequence[Part]
    whys: Sequence[str]
    instead: str
    left: str
    left_why: str
    is_change: bool


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A payment before and after."""

    number: int
    method: str
    value_on: str
    currency: str
    now: str
    proposed: str
    change: str
    tone: str
    planned: str
    left: str


SHOWS: Final[Mapping[str, tuple[str, Callable[[Row], bool]]]] = {
    "changes": ("Would change", lambda row: row.is_change),
    "left": ("Left out", lambda row: bool(row.left)),
    "all": ("All", lambda row: True),
}


class Sheet:
    """Inputs and result of one proposal, by bill and by payment."""

    def __init__(self, inputs: Inputs, result: Result) -> None:
        self.inputs = inputs
        self._many = len({bill.currency for bill in inputs.bills}) > 1
        self._placed: dict[str, list[Placed]] = defaultdict(list)
        self._left: dict[str, list[LeftOut]] = defaultdict(list)
        for placed in result.placed:
            self._placed[placed.code].append(placed)
        for left in result.left_out:
            self._left[left.code].append(left)

    def rows(self, lines: Mapping[str, Line], url: str) -> list[Row]:
        """`lines` by code are what the run holds now; `url` is the list of invoices."""
        bills = sorted(self.inputs.bills, key=lambda bill: (bill.due_on is None, bill.due_on, bill.key))
        return [self._row(bill, lines.get(bill.code), url) for bill in bills]

    def lanes(self, labels: Mapping[str, str]) -> list[LaneRow]:
        """In the order of their positions; `labels` are the names of the methods."""
        now, after = self._sums(self._now), self._sums(self._after)
        return [_lane(lane, labels, now[lane.position], after[lane.position]) for lane in self.inputs.lanes]

    def sums(self) -> list[Sum]:
        """The sum bar: a row a currency."""
        currencies = sorted({bill.currency for bill in self.inputs.bills})
        return [Sum(currency, exponent(currency), self._figures(currency)) for currency in currencies]

    def _figures(self, currency: str) -> tuple[Figure, ...]:
        bills = [bill for bill in self.inputs.bills if bill.currency == currency]
        left = [each.amount for bill in bills if bill.amount > 0 for each in self._left[bill.code]]
        figures = (
            ("Can be placed", [bill.amount for bill in bills if bill.amount > 0], ""),
            ("Stands now", [amount for bill in bills for amount in self._now(bill).values()], ""),
            ("Would stand", [amount for bill in bills for amount in self._after(bill).values()], "good"),
            ("Left out", left, "warn"),
        )
        summed = ((label, sum(amounts, ZERO), tone) for label, amounts, tone in figures)
        return tuple(
            Figure(label, format_amount(amount, currency), tone if amount else "") for label, amount, tone in summed
        )

    def _row(self, bill: Bill, line: Line | None, url: str) -> Row:
        now, after = self._now(bill), self._after(bill)
        placed, left = self._placed[bill.code], self._left[bill.code]
        many = len(placed) > 1
        return Row(
            code=bill.code,
            url="" if line is None or line.is_on_account else f"{url}{bill.code}/",
            number=bill.number,
            account=account_path(line.account, line.parent, line.grandparent) if line else "",
            due_on=bill.due_on.isoformat() if bill.due_on else "",
            amount=format_amount(bill.amount, bill.currency) + (f" {bill.currency}" if self._many else ""),
            now=[_part(at, amount, bill) for at, amount in sorted(now.items())],
            proposed=[_part(at, amount, bill, is_new=now.get(at) != amount) for at, amount in sorted(after.items())],
            whys=[f"{each.position}: {each.why}" if many else each.why for each in placed],
            instead=next((each.instead for each in placed if each.instead), ""),
            left=format_amount(sum((each.amount for each in left), ZERO), bill.currency) if left else "",
            left_why=" · ".join(_left_words(each, bill, len(left)) for each in left),
            is_change=now != after,
        )

    def _now(self, bill: Bill) -> dict[int, Decimal]:
        return dict(bill.stands)

    def _after(self, bill: Bill) -> dict[int, Decimal]:
        kept = dict(kept_of(bill, is_anew=self.inputs.rules.is_anew))
        return kept | {each.position: each.amount for each in self._placed[bill.code]}

    def _sums(self, of: Callable[[Bill], dict[int, Decimal]]) -> dict[int, Decimal]:
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for bill in self.inputs.bills:
            for position, amount in of(bill).items():
                sums[position] += amount
        return sums


def _part(position: int, amount: Decimal, bill: Bill, *, is_new: bool = False) -> Part:
    words = "in full" if amount == bill.amount else format_amount(amount, bill.currency)
    return Part(position, words, is_new)


def _left_words(left: LeftOut, bill: Bill, how_many: int) -> str:
    return left.why if how_many == 1 else f"{format_amount(left.amount, bill.currency)} {left.why}"


def _lane(lane: Lane, labels: Mapping[str, str], now: Decimal, after: Decimal) -> LaneRow:
    def shown(amount: Decimal) -> str:
        return format_amount(amount, lane.currency)

    change = after - now
    return LaneRow(
        number=lane.position,
        method=labels[lane.method],
        value_on=lane.value_on.isoformat(),
        currency=lane.currency,
        now=shown(now),
        proposed=shown(after),
        change=("+" if change > 0 else "") + shown(change) if change else "",
        tone="good" if change > 0 else "warn",
        planned="" if lane.planned is None else shown(lane.planned),
        left="" if lane.planned is None else shown(lane.planned - after),
    )
