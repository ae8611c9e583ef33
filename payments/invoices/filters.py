"""What a reader asks of the invoices: the query string ↔ values. Pure.

Every field has its own reader on an allow-list; what is not on it, or does not read, is as if it were not there.
The address is the view: `query()` of what was read gives the same address again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from payments.invoices.columns import COLUMNS, SORTS, USUAL

STATES: Final = {
    "open": "Open",
    "overdue": "Overdue",
    "in_pay_run": "In a pay run",
    "paid": "Paid",
    "credits": "Credits",
    "all": "All",
}
SIZES: Final = (50, 100, 200)
MOST_SORTS: Final = 3
PAGING: Final = ("sort", "columns", "size", "after", "before", "first")


@dataclass(frozen=True)
class InvoiceFilter:
    """Which invoices, in which order, with which columns, and which page of them.

    `account` is a node and all below it. `amount_*` are about what was billed. No `columns` are the usual ones. `sort`
    holds up to `MOST_SORTS` keys of columns, the first one first, with a minus for descending. `after` and `before`
    name the invoice next to the page, `first` the place of the page's first row as it was counted on the way there; it
    is for the eye alone.
    """

    q: str = ""
    state: str = "open"
    due_from: date | None = None
    due_to: date | None = None
    account: UUID | None = None
    system: str = ""
    cycle: str = ""
    tag: str = ""
    group: UUID | None = None
    currency: str = ""
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    reissued: str = ""
    columns: tuple[str, ...] = ()
    size: int = 50
    sort: tuple[str, ...] = ("due",)
    after: UUID | None = None
    before: UUID | None = None
    first: int = 1


def read_filter(params: Mapping[str, str]) -> InvoiceFilter:
    """The filter that a query string states; its unknown and unreadable parts are left out."""
    asked = ((name, reader(params[name].strip())) for name, reader in _READERS.items() if name in params)
    return InvoiceFilter(**{name: value for name, value in asked if value is not None})


def query(chosen: InvoiceFilter, **changes: Any) -> str:
    """The canonical query string: only what differs from the plain list, in a fixed order."""
    wanted = {**vars(chosen), **changes}
    said = [(name, _text(wanted[name])) for name, plain in vars(PLAIN).items() if wanted[name] != plain]
    return urlencode(said, safe=",")


def first_page(chosen: InvoiceFilter, **changes: Any) -> str:
    """The query string of another filter or order: it starts at its beginning."""
    return query(chosen, **{"after": None, "before": None, "first": 1, **changes})


def whole(chosen: InvoiceFilter) -> str:
    """The query string of the filter alone, without order and page: what "all in this filter" means."""
    return query(chosen, **{name: getattr(PLAIN, name) for name in PAGING})


def read_amount(text: str) -> Decimal | None:
    """An amount as people write it: 1,234.56, 1 234.56, -12 or (12.00); None where it is none."""
    plain = text.replace(",", "").replace(" ", "").replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    try:
        amount = Decimal(plain) if len(plain) <= 24 else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _code(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,8}", text) else None


def _words(longest: int) -> Callable[[str], str | None]:
    return lambda text: None if "\x00" in text else text[:longest]


def _one_of(*allowed: str) -> Callable[[str], str | None]:
    return lambda text: text if text in allowed else None


def _size(text: str) -> int | None:
    return next((size for size in SIZES if str(size) == text), None)


def _sort(text: str) -> tuple[str, ...] | None:
    """Keys of columns that sort, each once."""
    keys = [key for key in text.split(",") if key.removeprefix("-") in SORTS]
    once = {key.removeprefix("-"): key for key in reversed(keys)}
    return tuple(key for key in keys if once[key.removeprefix("-")] is key)[:MOST_SORTS] or None


def _columns(text: str) -> tuple[str, ...] | None:
    keys = tuple(dict.fromkeys(key for key in text.split(",") if key in COLUMNS))
    return None if keys == USUAL else keys or None


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value or "")


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "q": _words(80),
    "state": _one_of(*STATES),
    "due_from": _day,
    "due_to": _day,
    "account": _code,
    "system": _words(20),
    "cycle": _words(12),
    "tag": _words(40),
    "group": _code,
    "currency": lambda text: text.upper() if re.fullmatch(r"[A-Za-z]{3}", text) else None,
    "amount_from": read_amount,
    "amount_to": read_amount,
    "reissued": _one_of("yes"),
    "sort": _sort,
    "columns": _columns,
    "size": _size,
    "after": _code,
    "before": _code,
    "first": _count,
}
PLAIN: Final = InvoiceFilter()
