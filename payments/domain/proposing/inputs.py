"""What a proposal is made from, and nothing else: bills, payments and rules, as canonical text. Pure.

Nothing in here is an id of a row: a bill is known by its natural key, a payment by its position. `code` only leads
back to the row, and decides nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from portal.money import ZERO

Matching = Literal["exact", "group", "due"]
MATCHING: Final[tuple[Matching, ...]] = ("exact", "group", "due")
Order = Literal["oldest", "largest", "smallest"]
Share = Literal["fill", "payments", "invoices"]
Credits = Literal["first", "last", "none"]


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that the payments of a method carry together in a currency."""

    method: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """`matching` says, the most important first, which payment a bill goes to; `order` which bill comes first; `share`
    how: one after another, or pro rata. `is_anew`: what stands already is placed again as well."""

    matching: tuple[Matching, ...] = MATCHING
    order: Order = "oldest"
    share: Share = "fill"
    credits: Credits = "first"
    caps: tuple[Cap, ...] = ()
    is_anew: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice or a credit of the run.

    `amount` is what the run can place of it, with what `stands` (payment position, amount); below zero of a credit.
    `withheld` of that is not asked for, and why. `refused` are the methods that cannot pay it, and why. `group` is the
    name of the one that says how it is paid: by `method`, on the payment of `reference`; `pay_by` when it is to arrive.
    A `fixed` one stays as it stands.
    """

    code: str
    system: str
    entity: str
    number: str
    series: str
    revision: int
    currency: str
    amount: Decimal
    withheld: tuple[tuple[str, Decimal], ...] = ()
    stands: tuple[tuple[int, Decimal], ...] = ()
    due_on: date | None = None
    pay_by: date | None = None
    refused: tuple[tuple[str, str], ...] = ()
    group: str = ""
    method: str = ""
    reference: str = ""
    fixed: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is known by, whatever the rows are numbered."""
        return self.system, self.entity, self.number, self.series

    @property
    def asked(self) -> Decimal:
        return self.amount - sum((amount for _, amount in self.withheld), ZERO)


@dataclass(frozen=True, slots=True)
class Lane:
    """A payment of the run; `planned` is the amount that it must reach, or None."""

    position: int
    currency: str
    method: str
    value_on: date
    planned: Decimal | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    bills: tuple[Bill, ...]
    lanes: tuple[Lane, ...]
    rules: Rules


def inputs_of(bills: Sequence[Bill], lanes: Sequence[Lane], rules: Rules) -> Inputs:
    """In their canonical order, whatever order the rows came in."""
    in_order = tuple(sorted(bills, key=lambda bill: bill.key))
    return Inputs(in_order, tuple(sorted(lanes, key=lambda lane: lane.position)), rules)


def canonical(value: Any) -> str:
    """The same text for the same content: keys sorted, amounts without needless zeros, no spaces."""
    plain = msgspec.to_builtins(value, builtin_types=(Decimal, date))
    return json.dumps(plain, default=_text, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_inputs(text: str) -> Inputs:
    """What `canonical` wrote."""
    return msgspec.json.decode(text, type=Inputs)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value.isoformat())
