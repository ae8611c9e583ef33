"""Disputes as pages show them: every cell is text before the template sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol

from payments.domain.dispute import DECIDED, OPEN, STATES, number_of
from payments.domain.reasons import reason
from portal.money import format_amount

# What a list shows: name, label, states.
CUSTOMER_CHIPS: Final = (
    ("open", "With the carrier", ("opened",)),
    ("answered", "Answered: your turn", ("asked", "answered", "proposed")),
    ("promised", "Credit promised", (DECIDED,)),
    ("over", "Over", ("settled", "upheld", "withdrawn")),
    ("all", "All", tuple(STATES)),
)
DESK_CHIPS: Final = (
    ("", "To answer", ("opened",)),
    ("theirs", "With the customer", ("asked", "answered", "proposed")),
    ("promised", "Credit note awaited", (DECIDED,)),
    ("over", "Over", ("settled", "upheld", "withdrawn")),
    ("all", "All", tuple(STATES)),
)
_AT_DESK: Final = {"opened": ("To answer", "warn"), "asked": ("Evidence asked for", "info")}


class Clocked(Protocol):
    """What tells how late the carrier is."""

    state: str
    opened_at: datetime
    answered_at: datetime | None
    answer_due_on: date
    resolve_due_on: date


@dataclass(frozen=True)
class DisputeRow:
    name: str
    url: str
    customer: str
    invoice: str
    invoice_url: str
    reason: str
    amount: str
    standing: str
    currency: str
    state: str
    tone: str
    age: str
    due: str
    due_tone: str
    owner: str
    opened_on: str


@dataclass(frozen=True)
class Figure:
    label: str
    amount: str
    is_total: bool = False


def reason_words(key: str) -> str:
    known = reason(key)
    return known.words if known else key


def state_words(state: str, *, at_desk: bool = False) -> tuple[str, str]:
    return _AT_DESK.get(state, STATES[state]) if at_desk else STATES[state]


def name_of(number: int) -> str:
    return number_of(number)


def age_of(each: Clocked, today: date) -> str:
    days = (today - each.opened_at.date()).days
    return "today" if days <= 0 else f"{days} day{'' if days == 1 else 's'}"


def due_of(each: Clocked, today: date) -> tuple[str, str]:
    """What the carrier owes next, by when, and how that looks."""
    if each.state not in OPEN:
        return "", ""
    what, due = ("answer", each.answer_due_on) if each.answered_at is None else ("decision", each.resolve_due_on)
    late = (today - due).days
    if late > 0:
        return f"{what} {late} day{'' if late == 1 else 's'} overdue", "bad"
    return f"{what} by {due}", "warn" if late > -2 else "off"


def money(amount: Decimal, currency: str) -> str:
    return f"{format_amount(amount, currency)} {currency}"
