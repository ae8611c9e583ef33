"""What the sheets of a workbook look like: their columns, and how a cell of each is read. Pure but for labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from payments.domain.reasons import LONGEST_NOTE, SHORT_PAY_REASONS
from payments.domain.round_trip.cells import (
    Unreadable,
    read_choice,
    read_date,
    read_money,
    read_note,
    read_tag_names,
    read_yes,
    text_of,
)
from payments.domain.round_trip.sheets import Column, SheetSpec
from payments.models import Payment
from payments.operations.plan import LONGEST_NOTE as LONGEST_OWN_REFERENCE

LINES, PAYMENTS, TAGS = "Lines", "Payments", "Tags"
PAY: Final = "pay-"  # of a column of Lines, before the code of its payment
REASON_WORDS: Final = {reason.key: reason.words for reason in SHORT_PAY_REASONS}
METHOD_WORDS: Final = {value: str(label) for value, label in Payment.Method.choices}
Values = Mapping[str, str]


def run_specs(payments: Sequence[tuple[str, str]]) -> tuple[SheetSpec, ...]:
    """Of a pay run; `payments` are (code, position) by position."""
    pays = [_money(f"{PAY}{code}", f"Payment {position}", is_editable=True) for code, position in payments]
    lines = (
        *_invoice_columns(),
        _money("disputed", "Disputed"),
        *pays,
        _money("short", "Short pay", is_editable=True),
        _choice("reason", "Reason", REASON_WORDS, width=26),
        Column("note", "Note", lambda cell, _: read_note(cell, LONGEST_NOTE), width=36, is_editable=True),
        Column("left_open", "Left open", lambda cell, _: read_yes(cell), "choice", 11, True, {"yes": "yes"}),
    )
    return SheetSpec(LINES, lines), SheetSpec(PAYMENTS, _payment_columns())


def tag_specs() -> tuple[SheetSpec, ...]:
    names = Column("tags", "Tags", lambda cell, _: read_tag_names(cell), width=48, is_editable=True)
    return (SheetSpec(TAGS, (*_invoice_columns(), names)),)


def choices_of(words: Mapping[str, str]) -> dict[str, str]:
    """Words and keys, in small letters, to keys."""
    return {each.casefold(): key for key, shown in words.items() for each in (key, shown)}


def _invoice_columns() -> tuple[Column, ...]:
    return (
        _text("number", "Invoice", 24),
        _text("account", "Account", 36),
        _text("billed_by", "Billed by", 16),
        Column("due", "Due", lambda cell, _: read_date(cell), "date", 12),
        _text("currency", "Currency", 9),
        _money("open", "Open"),
    )


def _payment_columns() -> tuple[Column, ...]:
    return (
        _text("position", "Payment", 9),
        _text("currency", "Currency", 9),
        _needed(_choice("method", "Method", METHOD_WORDS, width=14), "Choose a method from the list."),
        _needed(
            Column("value_on", "Value date", lambda cell, _: read_date(cell), "date", 12, True), "Say the value date."
        ),
        Column("planned", "Planned", _planned, "money", 16, True),
        Column("note", "Your own reference", lambda cell, _: read_note(cell, LONGEST_OWN_REFERENCE), "text", 36, True),
    )


def _text(key: str, head: str, width: int) -> Column:
    return Column(key, head, lambda cell, _: text_of(cell), "text", width)


def _money(key: str, head: str, *, is_editable: bool = False) -> Column:
    return Column(key, head, _amount, "money", 16, is_editable)


def _choice(key: str, head: str, words: Mapping[str, str], *, width: int) -> Column:
    known = choices_of(words)
    return Column(key, head, lambda cell, _: read_choice(cell, known), "choice", width, True, words)


def _needed(column: Column, why: str) -> Column:
    """The column, but a blank is refused."""

    def read(cell: object, values: Values) -> str:
        value = column.read(cell, values)
        if not value:
            raise Unreadable(why)
        return value

    return Column(column.key, column.head, read, column.look, column.width, column.is_editable, column.words)


def _amount(cell: object, values: Values) -> str:
    return read_money(cell, values["currency"])


def _planned(cell: object, values: Values) -> str:
    amount = read_money(cell, values["currency"])
    if amount.startswith("-"):
        raise Unreadable("A planned amount is above zero.")
    return amount
