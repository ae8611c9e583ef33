"""What a row of a pay run's sheet wants, judged as a whole: its cells can each be read and yet not fit together. Pure.

The operations judge again, under lock; this is what the reader sees beforehand, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from payments.domain.reasons import reason
from portal.money import ZERO, format_amount

Values = Mapping[str, str]


def why_not(values: Values, moved: Sequence[str], payments: Mapping[str, Values]) -> Iterator[tuple[str, str]]:
    """(column, why) for the moved cells that cannot stand. `values` are those that the row would have, `open` as it is
    now; `payments` are those of the run, by the column of their amounts."""
    for column in moved:
        if column in payments and (why := _amount(values, column, payments[column])):
            yield column, why
    if why := _short(values):
        yield from ((column, why) for column in moved if column in ("short", "reason", "note"))
    elif why := _together(values, payments):
        yield from ((column, why) for column in moved if column in payments or column == "short")


def _amount(values: Values, column: str, payment: Values) -> str:
    amount = _decimal(values, column)
    if amount and payment["currency"] != values["currency"]:
        return f"Payment {payment['position']} is in {payment['currency']}."
    side = -1 if _decimal(values, "open") < 0 else 1
    if amount * side < 0:
        return "Of a credit only an amount below zero can be used." if side < 0 else "An amount is above zero."
    return ""


def _short(values: Values) -> str:
    amount, known = _decimal(values, "short"), reason(values.get("reason", ""))
    if amount < 0:
        return "A short pay is above zero."
    if not amount:
        return "A reason and a note belong to an amount in “Short pay”." if _says_why(values) else ""
    if known is None:
        return "Say why it is not paid: choose a reason."
    return f"“{known.words}” needs a note." if known.needs_note and not values.get("note") else ""


def _says_why(values: Values) -> bool:
    return bool(values.get("reason") or values.get("note"))


def _together(values: Values, payments: Mapping[str, Values]) -> str:
    wanted = sum((_decimal(values, column) for column in payments), _decimal(values, "short"))
    there = _decimal(values, "open")
    if abs(wanted) <= abs(there):
        return ""
    currency = values["currency"]
    shown = [format_amount(amount, currency) for amount in (wanted, there)]
    return f"The row comes to {shown[0]} {currency}, and {shown[1]} is open."


def _decimal(values: Values, column: str) -> Decimal:
    return Decimal(values.get(column) or ZERO)
