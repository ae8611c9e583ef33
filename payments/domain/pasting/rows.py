"""The rows of a pasted table, read as its layout says, with what the reader has decided about single ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from payments.domain.pasting.amounts import Amount, Way, WayFound, read_amount, way_of
from payments.domain.pasting.columns import Kind, Layout, column_of, reason_of
from payments.domain.pasting.table import Table

LONGEST_NUMBER: Final = 80  # of an invoice, as the database keeps it
LONGEST_AMOUNT: Final = 40
_LOST: Final = "E+"  # how a spreadsheet shows a long number whose figures it has thrown away


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the reader says about one row: another number or amount, which invoice is meant, that it is left out, or
    that it belongs together with an earlier row of the same invoice."""

    number: str | None = None
    amount: str | None = None
    invoice: UUID | None = None
    is_dropped: bool = False
    is_joined: bool = False


AS_PASTED: Final = Decision()
Decisions = Mapping[int, Decision]  # by line


class Row(NamedTuple):
    """One row as it is read. `amount_text` with `amount` None is an amount that cannot be read; `pasted` is
    the amount before the reader corrected it. `currency` is as stated, or "". `line` names the row: where in the pasted
    text it began."""

    line: int
    number: str
    amount_text: str
    amount: Decimal | None
    pasted: Decimal | None
    currency: str
    account: str
    due: str
    reason: str  # key of payments.domain.reasons, or ""
    reason_text: str
    note: str
    decided: Decision

    @property
    def is_unreadable(self) -> bool:
        return bool(self.amount_text) and self.amount is None

    @property
    def has_lost_figures(self) -> bool:
        """A number like 1.23457E+12."""
        return _LOST in self.number.upper()


@dataclass(frozen=True)
class Reading:
    """All rows, and in which way their amounts were read; `way` is None where no column holds amounts."""

    rows: tuple[Row, ...]
    way: WayFound | None


def read_rows(table: Table, layout: Layout, decisions: Decisions) -> Reading:
    """Every row of the table but its head."""
    first = 1 if layout.has_header else 0
    way = _way(table, layout, first)
    places = _places(layout)
    rows = (
        _row(table.lines[at], table.rows[at], places, way.way if way else Way.POINT, decisions)
        for at in range(first, len(table.rows))
    )
    return Reading(tuple(rows), way)


def _way(table: Table, layout: Layout, first: int) -> WayFound | None:
    column = column_of(layout, Kind.AMOUNT)
    if column is None:
        return None
    return WayFound(layout.way) if layout.way else way_of(cells[column] for cells in table.rows[first:])


def _places(layout: Layout) -> dict[Kind, int]:
    """Where each kind stands; of two columns of a kind the first."""
    return {kind: at for at, kind in reversed(list(enumerate(layout.kinds))) if kind is not Kind.IGNORE}


def _row(line: int, cells: Sequence[str], places: Mapping[Kind, int], way: Way, decisions: Decisions) -> Row:
    said = {kind: cells[at] for kind, at in places.items()}.get
    decided = decisions.get(line, AS_PASTED)
    amount_text = said(Kind.AMOUNT, "")
    pasted = read_amount(amount_text, way)
    text = decided.amount if decided.amount is not None else amount_text
    amount = read_amount(text, way) if decided.amount is not None else pasted
    reason_text = said(Kind.REASON, "")
    reason = reason_of(reason_text) if reason_text else None
    return Row(
        line=line,
        number=decided.number if decided.number is not None else said(Kind.NUMBER, ""),
        amount_text=text,
        amount=amount.value if amount else None,
        pasted=pasted.value if pasted else None,
        currency=_currency(amount, said(Kind.CURRENCY, "")),
        account=said(Kind.ACCOUNT, ""),
        due=said(Kind.DUE, ""),
        reason=reason.key if reason else "",
        reason_text=reason_text,
        note=said(Kind.NOTE, ""),
        decided=decided,
    )


def _currency(amount: Amount | None, stated: str) -> str:
    """As its own column says, else as it stands beside the amount."""
    if len(stated) == 3 and stated.isascii() and stated.isalpha():
        return stated.upper()
    return amount.currency if amount else ""
