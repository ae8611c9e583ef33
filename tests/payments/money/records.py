"""The oracle's records: bills, payments, disputes, runs and people. Plain, in whole cents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

EDITABLE = ("draft", "submitted", "approved")
IN_FLIGHT = ("released", "sent", "accepted")


class No(Exception):
    """The act is refused."""


@dataclass(eq=False)
class Bill:
    """One revision of a bill; a credit note is below zero, and so is all that stands of it."""

    name: str
    account: str
    currency: str
    payable: int
    state: str = "published"
    revision: int = 1
    is_void: bool = False

    @property
    def side(self) -> int:
        return -1 if self.payable < 0 else 1

    @property
    def is_current(self) -> bool:
        return self.state == "published"


@dataclass(eq=False)
class Pay:
    """A payment: `planned` is what it must reach, or None. What stands on it, and what AR booked, by bill."""

    made: int
    position: int
    currency: str
    planned: int | None
    state: str = "planned"
    held: dict[Bill, int] = field(default_factory=dict)
    settled: dict[Bill, int] = field(default_factory=dict)

    @property
    def placed(self) -> int:
        return sum(self.held.values()) + sum(self.settled.values())


@dataclass(eq=False)
class Dispute:
    """What is disputed of a bill. `credited` is what the carrier promised, `settled` what of it came."""

    bill: Bill
    amount: int
    credited: int = 0
    settled: int = 0
    given_up: int = 0  # withdrawn, or upheld
    is_discussed: bool = True

    @property
    def standing(self) -> int:
        return self.amount - self.settled - self.given_up

    @property
    def undecided(self) -> int:
        return self.amount - self.credited - self.given_up


@dataclass(eq=False)
class Run:
    maker: str
    state: str = "draft"
    version: int = 1
    editors: set[str] = field(default_factory=set)
    submitter: str = ""
    items: dict[Bill, bool] = field(default_factory=dict)  # the rest is left open on purpose
    shorts: dict[Bill, int] = field(default_factory=dict)
    filled_in: set[Bill] = field(default_factory=set)  # short-paid by a dispute, by nobody's hand
    pays: list[Pay] = field(default_factory=list)

    @property
    def live(self) -> list[Pay]:
        return [pay for pay in self.pays if pay.state != "cancelled"]

    def pay(self, pay: Pay) -> Pay:
        if pay not in self.live:
            raise No("no such payment in this run")
        return pay


@dataclass(frozen=True)
class Person:
    name: str
    prepares: frozenset[str] = frozenset()  # accounts
    approves: frozenset[str] = frozenset()


def wanted_of(available: int, amount: int | None, percent: int | None) -> int:
    """What an amount, a percentage or (neither) everything comes to, half a cent away from zero."""
    if amount is not None:
        return amount
    if percent is None:
        return available
    whole, rest = divmod(abs(available) * percent, 100)
    return (whole + (rest * 2 >= 100)) * (1 if available > 0 else -1)


def in_order(pays: Iterable[Pay]) -> list[Pay]:
    """As they were made."""
    return sorted(pays, key=lambda pay: pay.made)
