"""What the grid reads of an invoice, the words for where it stands, and what a filter comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol
from uuid import UUID

from payments.domain.reasons import reason
from portal.money import ZERO, exponent, format_amount


class Standing(Protocol):
    """What tells where an invoice stands."""

    @property
    def due_on(self) -> date | None: ...
    @property
    def payable(self) -> Decimal: ...
    @property
    def open(self) -> Decimal: ...
    @property
    def held(self) -> Decimal: ...
    @property
    def is_payable(self) -> bool: ...
    @property
    def revision(self) -> int: ...
    @property
    def disputed(self) -> Decimal: ...


class InvoiceFacts(NamedTuple):
    """What the list reads of an invoice, in the order that payments.invoices.listing asks for it."""

    code: UUID
    number: str
    account: str | None
    account_number: str | None
    cost_center: str | None
    parent: str | None
    grandparent: int | None
    system: str
    cycle: str
    tags: Sequence[str]
    billed_on: date
    due_on: date | None
    currency: str
    payable: Decimal
    open: Decimal
    held: Decimal
    disputed: Decimal
    settled: Decimal
    credited: Decimal
    amount_due: Decimal
    is_payable: bool
    revision: int
    to_pay: Decimal | None
    reason: str
    note: str
    own_tags: Sequence[str] = ()  # without those of the nodes above


def state_of(facts: Standing, today: date) -> tuple[str, str]:
    """The one word for where an invoice stands, and its color; what asks for an act comes first."""
    if not facts.is_payable:
        return "Memo", "off"
    if facts.payable < 0:
        return "Credit", "good"
    if facts.held:
        return "In a pay run", "info"
    if not facts.open:
        return ("Paid", "good") if facts.payable else ("Nothing due", "off")
    return _open_state(facts, today)


def _open_state(facts: Standing, today: date) -> tuple[str, str]:
    if facts.disputed == facts.open:
        return "Disputed", "info"
    if facts.due_on and facts.due_on < today:
        return "Overdue", "bad"
    if facts.open != facts.payable:
        return "Partly paid", "warn"
    return ("Reissued", "info") if facts.revision > 1 else ("Open", "open")


def reason_words(key: str, note: str) -> str:
    """Why not the rest: “Other: the lift was out of order”."""
    known = reason(key)
    return ": ".join(filter(None, (known.words, note))) if known else ""


def account_path(name: str | None, parent: str | None, grandparent: int | None) -> str:
    """The node and the one above it, unless its name begins with that or that is the root."""
    if not name or not parent or not grandparent or name.startswith(parent):
        return name or ""
    return f"{parent} · {name}"


def billed_by(system: str, cycle: str) -> str:
    return f"{system} · cycle {cycle}" if cycle else system


def minor_units(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(exponent(currency)))


@dataclass(frozen=True)
class Total:
    """What the invoices of one currency come to, over the whole filter. `credits` is the part of `open` below zero,
    `to_pay` what was said to be paid of them."""

    currency: str
    count: int
    billed: Decimal
    open: Decimal
    credits: Decimal
    held: Decimal
    disputed: Decimal
    to_pay: Decimal


@dataclass(frozen=True)
class Figure:
    """A cell of the sum bar (templates/components/sum.html)."""

    label: str
    amount: str
    tone: str = ""
    name: str = ""
    minor: int = 0
    count: str = ""
    whole_count: str = ""
    whole: str = ""

    __getitem__ = object.__getattribute__  # a template asks for an item first; refusing costs it time


@dataclass(frozen=True)
class Sum:
    """A row of the sum bar: one currency."""

    currency: str
    exponent: int
    figures: tuple[Figure, ...]

    __getitem__ = object.__getattribute__  # a template asks for an item first; refusing costs it time


def sums(totals: Sequence[Total], kept: Sequence[Total] = ()) -> list[Sum]:
    """The sum bar of a filter. `kept` is what is selected but not on this page."""
    elsewhere = {total.currency: total for total in kept}
    selected = sum(total.count for total in kept)
    everything = f"{sum(total.count for total in totals):,}"
    return [_sum(total, elsewhere.get(total.currency), selected, everything) for total in totals]


def _sum(total: Total, elsewhere: Total | None, selected: int, everything: str) -> Sum:
    def amount(value: Decimal) -> str:
        return format_amount(value, total.currency)

    kept = elsewhere.open if elsewhere else ZERO
    figures = (
        Figure("Invoices", f"{total.count:,}"),
        Figure("Billed", amount(total.billed)),
        Figure("Open", amount(total.open)),
        Figure("Credits", amount(total.credits), "credit" if total.credits else ""),
        Figure("In pay runs", amount(total.held)),
        Figure("Disputed", amount(total.disputed), "warn" if total.disputed else ""),
        Figure("To pay", amount(total.to_pay)),
        Figure(
            "Selected",
            amount(kept),
            name="selected",
            minor=minor_units(kept, total.currency),
            count=str(selected),
            whole_count=everything,
            whole=amount(total.open),
        ),
    )
    return Sum(total.currency, exponent(total.currency), figures)
