"""What every act of the machine stands on: the oracle beside the real thing, and how one of each is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from billing_sources.models import Invoice
from payments import operations
from payments.commands import Done
from payments.domain.refusals import Refused
from portal.actor import Actor, CarrierActor
from portal.customers.access import Denied
from tests.payments.money.oracle import Books
from tests.payments.money.records import EDITABLE, Bill, Dispute, No, Pay, Person, Run
from tests.payments.money.witness import Witness
from tests.payments.partner import Partner

DONE: Counter[str] = Counter()
"""How often each act was done or refused: a machine that only hears "no" proves nothing."""


@dataclass(frozen=True)
class Dice:
    """What is drawn for an act, which uses what it needs of it."""

    who: int
    on: int
    which: list[int]
    amount: int
    share: int
    side: int

    @property
    def is_seldom(self) -> bool:
        return self.side == 0


@dataclass
class World:
    """A fresh database with its people. `accounts` by name; `actors` are those of `persons`."""

    accounts: Mapping[str, Any]
    persons: Sequence[Person]
    actors: Mapping[str, Actor]
    sam: CarrierActor
    partner: Partner
    witness: Witness
    now: datetime


@dataclass
class Twin:
    """Which real things the oracle's stand for."""

    invoices: dict[Bill, Invoice] = field(default_factory=dict)
    runs: dict[Run, UUID] = field(default_factory=dict)
    pays: dict[Pay, UUID] = field(default_factory=dict)
    first_of: dict[str, Invoice] = field(default_factory=dict)  # by account


class Desk:
    """`last` is the command that was done last: (operation, actor, request, answer)."""

    def __init__(self, world: World) -> None:
        self.world, self.books, self.twin = world, Books(), Twin()
        self.last: tuple[str, Actor, dict[str, Any], Done] | None = None

    def do(
        self, name: str, person: Person, expect: Callable[[], object], run: Run | None = None, **said: Any
    ) -> Done | None:
        """The oracle first; the real thing must refuse when it does, and only then."""
        request = {**said, "key": uuid4(), "now": self.world.now, **({"run": self.twin.runs[run]} if run else {})}
        why = refusal(expect)
        actor = replace(self.world.actors[person.name], confirmed_at=self.world.now)
        try:
            done: Done = getattr(operations, name)(actor, **request)
        except (Refused, Denied) as refused:
            DONE[f"{name} refused"] += 1
            assert why, f"{name}: refused with “{refused}”, and the oracle would do it"
            return None
        DONE[name] += 1
        assert not why, f"{name}: done, and the oracle refuses: {why}"
        self.last = (name, actor, request, done)
        return done

    # --- Who, and what ----------------------------------------------------------------------------------------------

    def person(self, dice: Dice, right: str = "prepares") -> Person:
        """Mostly somebody whose work it is; sometimes anybody."""
        persons = self.world.persons
        entitled = [person for person in persons if len(getattr(person, right)) == len(self.world.accounts)]
        chosen = persons if dice.who % 8 == 7 else entitled
        return chosen[dice.who // 8 % len(chosen)]

    def run(self, dice: Dice, *, has_items: bool = False) -> Run | None:
        """Mostly a draft; now and then one that somebody else waits for, or any."""
        runs = [run for run in self.books.runs if run.items or not has_items]
        states = ("draft",) if dice.on % 16 > 1 else EDITABLE if dice.on % 16 else ()
        chosen = [run for run in runs if run.state in states] or runs
        return chosen[dice.on // 16 % len(chosen)] if chosen else None

    def pay(self, dice: Dice) -> tuple[Run, Pay] | None:
        run = self.run(dice)
        if run is None or not self.twin.pays:
            return None
        pays = run.live or list(self.twin.pays)
        pay = pays[dice.on // 64 % len(pays)]
        return next(each for each in self.books.runs if pay in each.pays), pay

    def bill(self, dice: Dice) -> Bill:
        """Mostly one that can be paid; one of the last few whatever it is."""
        bills = self.payable_bills()
        return bills[dice.which[0] % len(bills)]

    def payable_bills(self) -> list[Bill]:
        bills = self.books.bills
        return [bill for bill in bills if self.books.open(bill) and bill.is_current] + bills[-2:]

    def dispute(self, dice: Dice) -> Dispute | None:
        disputes = self.books.disputes
        return disputes[dice.which[0] % len(disputes)] if disputes else None

    def codes(self, bills: Sequence[Bill]) -> list[UUID]:
        return [self.twin.invoices[bill].code for bill in bills]


def some(of: Sequence[Any], which: Sequence[int]) -> list[Any]:
    return list(dict.fromkeys(of[index % len(of)] for index in which)) if of else []


def refusal(expect: Callable[[], object]) -> str:
    """Why the oracle refuses, or nothing."""
    try:
        expect()
    except No as no:
        return str(no)
    return ""


def money(cents: int | None) -> Decimal | None:
    return None if cents is None else Decimal(cents).scaleb(-2)
