"""What each pasted row is of ours: found, or why not. And the totals, which are those of the paste. Pure.

Nothing is guessed: where more than one invoice may be meant, or the row speaks against the only one, the reader
chooses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from payments.domain.pasting.columns import day_of
from payments.domain.pasting.rows import Row
from portal.money import ZERO


class Verdict(StrEnum):
    """In the order in which a page lists them: what wants an answer comes first."""

    AMBIGUOUS = "ambiguous"
    UNREADABLE = "unreadable"
    TWICE = "twice"
    REPLACED = "replaced"
    UNKNOWN = "unknown"
    NOT_YOURS = "not_yours"
    FOUND = "found"
    PAID = "paid"
    IN_RUN = "in_run"
    DROPPED = "dropped"


UNRESOLVED: Final = frozenset(
    {
        Verdict.AMBIGUOUS,
        Verdict.UNREADABLE,
        Verdict.TWICE,
        Verdict.REPLACED,
        Verdict.UNKNOWN,
        Verdict.NOT_YOURS,
    }
)
IDENTIFIED: Final = frozenset({Verdict.FOUND, Verdict.PAID, Verdict.IN_RUN})
_IN_PREPARATION: Final = frozenset({"draft", "submitted", "approved"})


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A pay run that an invoice was chosen for."""

    code: UUID
    number: int
    state: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """The current revision of an invoice that a pasted number may mean. `earlier` is what its revisions before came
    to; `replaced_by` the number of the bill that took its place; `is_in_reach`: the reader may see it.
    """

    id: int
    code: UUID
    number: str
    account_id: int | None
    account: str
    account_number: str
    system: str
    currency: str
    payable: Decimal
    open: Decimal
    held: Decimal
    due_on: date | None
    is_payable: bool
    revision: int
    earlier: tuple[Decimal, ...]
    runs: tuple[RunSeen, ...]
    replaced_by: str
    is_in_reach: bool = True

    @property
    def run(self) -> RunSeen | None:
        """The pay run in preparation that it is in, or one that holds all of it."""
        holds_all = bool(self.held) and self.open == 0
        return next((each for each in self.runs if each.state in _IN_PREPARATION or holds_all), None)


class Judged(NamedTuple):
    """A row, its verdict, whom it may mean (`candidates`), and whom it does mean (`invoice`)."""

    row: Row
    verdict: Verdict
    why: str = ""
    candidates: tuple[Candidate, ...] = ()
    invoice: Candidate | None = None

    @property
    def difference(self) -> Decimal | None:
        """What was pasted less what is open; None where the two cannot be compared."""
        if self.invoice is None or self.row.amount is None or self.is_in_other_currency:
            return None
        return self.row.amount - self.invoice.open

    @property
    def is_over_open(self) -> bool:
        """Found, and more was pasted than there is to pay."""
        more = self.verdict is Verdict.FOUND and self.invoice and self.invoice.open > 0 and self.difference
        return bool(more and more > 0)

    @property
    def is_in_other_currency(self) -> bool:
        return bool(self.invoice and self.row.currency and self.row.currency != self.invoice.currency)


def judge(rows: Sequence[Row], called: Mapping[str, Sequence[Candidate]]) -> list[Judged]:
    """The verdict on each row, in their order. `called` maps a pasted number to the invoices of that number."""
    taken: dict[int, int] = {}
    judged = []
    for row in rows:
        one = _judge(row, called.get(row.number, ()))
        if one.invoice and one.verdict is not Verdict.DROPPED:
            first = taken.setdefault(one.invoice.id, row.line)
            if first != row.line and not row.decided.is_joined:
                one = Judged(row, Verdict.TWICE, f"It is in row {first} too.", one.candidates, one.invoice)
        judged.append(one)
    return judged


def _judge(row: Row, called: Sequence[Candidate]) -> Judged:
    if row.decided.is_dropped:
        return Judged(row, Verdict.DROPPED)
    within = [each for each in called if each.is_in_reach]
    if not within:
        return _not_found(row, is_elsewhere=bool(called))
    chosen = _chosen(row, within)
    if chosen is None:
        likely = _likely(row, within)
        why = _why_not_certain(row, likely)
        if why:
            return Judged(row, Verdict.AMBIGUOUS, why, tuple(_best_first(row, likely)))
        chosen = likely[0]
    return Judged(row, *_verdict(row, chosen), tuple(within), chosen)


def _not_found(row: Row, *, is_elsewhere: bool) -> Judged:
    if is_elsewhere:
        return Judged(row, Verdict.NOT_YOURS, why="It is on an account that you have no right on.")
    if not row.number:
        return Judged(row, Verdict.UNKNOWN, why="The row has no invoice number.")
    if row.has_lost_figures:
        return Judged(row, Verdict.UNKNOWN, why="The spreadsheet has shortened this number; its last figures are lost.")
    return Judged(row, Verdict.UNKNOWN)


def _chosen(row: Row, within: Sequence[Candidate]) -> Candidate | None:
    return next((each for each in within if each.code == row.decided.invoice), None)


def _likely(row: Row, within: Sequence[Candidate]) -> Sequence[Candidate]:
    """Less of them where the row itself says which: a bill rather than a memo, the very number, the account, the
    currency, the day when it is due."""
    for fits in (
        (_asks_for_money, _is_written_so, _is_on_account, _is_in_currency, _is_due_then) if len(within) > 1 else ()
    ):
        fitting = [each for each in within if fits(row, each)]
        within = fitting or within
    return within


def _asks_for_money(_: Row, each: Candidate) -> bool:
    """A memo repeats the number of a bill."""
    return each.is_payable


def _is_written_so(row: Row, each: Candidate) -> bool:
    """The very number. A spreadsheet takes zeros off, and never adds one: figures without one prove nothing."""
    if each.number.casefold() != row.number.casefold():
        return False
    return not row.number.isdigit() or row.number.startswith("0")


def _is_on_account(row: Row, each: Candidate) -> bool:
    stated = _squeezed(row.account)
    return bool(stated) and stated in (_squeezed(each.account_number), _squeezed(each.account))


def _is_in_currency(row: Row, each: Candidate) -> bool:
    return each.currency == row.currency


def _is_due_then(row: Row, each: Candidate) -> bool:
    return each.due_on is not None and day_of(row.due) == each.due_on


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold().lstrip("0")


def _why_not_certain(row: Row, likely: Sequence[Candidate]) -> str:
    if len(likely) > 1:
        return f"{len(likely)} invoices have this number."
    if row.currency and row.currency != likely[0].currency:
        return f"You pasted {row.currency}, it is billed in {likely[0].currency}."
    return ""


def _best_first(row: Row, likely: Sequence[Candidate]) -> list[Candidate]:
    return sorted(likely, key=lambda each: (row.amount not in (each.open, each.payable), each.system, each.id))


def _verdict(row: Row, chosen: Candidate) -> tuple[Verdict, str]:
    """What can be done with the invoice that is meant, and why nothing can."""
    if chosen.replaced_by:
        return Verdict.REPLACED, f"{chosen.replaced_by} has taken its place."
    if row.is_unreadable:
        return Verdict.UNREADABLE, f"“{row.amount_text}” is no amount."
    if row.decided.invoice is None and row.amount in chosen.earlier and row.amount != chosen.payable:
        return Verdict.REPLACED, f"Your amount is that of an earlier revision; revision {chosen.revision} is in force."
    if chosen.run:
        return Verdict.IN_RUN, f"It is in pay run {chosen.run.number}."
    if chosen.open == 0 and chosen.payable:
        return Verdict.PAID, ""
    return Verdict.FOUND, ""


@dataclass
class VerdictTotal:
    """How many rows have a verdict, and what they come to, by the currency as it was pasted ("" where none was)."""

    verdict: Verdict
    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)


def totals_of(judged: Iterable[Judged]) -> list[VerdictTotal]:
    """One per verdict that there is, in their order. Together they are what was pasted (`pasted_total`) and what the
    reader has corrected of it (`corrected_total`), to the last unit."""
    totals = {verdict: VerdictTotal(verdict) for verdict in Verdict}
    for one in judged:
        totals[one.verdict].count += 1
        _add(totals[one.verdict].amounts, one.row.currency, one.row.amount)
    return [total for total in totals.values() if total.count]


def pasted_total(rows: Iterable[Row]) -> dict[str, Decimal]:
    """What all rows came to by currency, whatever their verdict, before anything was corrected."""
    whole: dict[str, Decimal] = {}
    for row in rows:
        _add(whole, row.currency, row.pasted)
    return whole


def corrected_total(rows: Iterable[Row]) -> dict[str, Decimal]:
    """How much more (or less) the rows come to because the reader has corrected their amounts."""
    more: dict[str, Decimal] = {}
    for row in rows:
        if row.amount != row.pasted:
            _add(more, row.currency, (row.amount or ZERO) - (row.pasted or ZERO))
    return more


def _add(amounts: dict[str, Decimal], currency: str, amount: Decimal | None) -> None:
    if amount is not None:
        amounts[currency] = amounts.get(currency, ZERO) + amount
