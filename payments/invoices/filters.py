"""What a reader asks of the invoices: the query string ↔ values. Pure.

Every field has its own reader on an allow-list; what is not on it, or does not read, is as if it were not there.
The address is the view: `query()` of what was read gives the same address again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
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
    "disputed": "Disputed",
    "credits": "Credits",
    "all": "All",
}
SIZES: Final = (50, 100, 200)
MOST_SORTS: Final = 3
MOST_LISTS: Final = 6
PLACE: Final = ("after", "before", "first")
LOOK: Final = ("columns", "by", "size", "sort")
GROUPINGS: Final = {
    "node": "Account tree",
    "tag": "Tag",
    "week": "Due week",
    "system": "System",
    "cycle": "Cycle",
    "method": "Payment method",
}
NO_METHOD: Final = "none"
BLANKS: Final = {
    "tags": "tag",
    "cycle": "cycle",
    "due": "due date",
    "cost_center": "cost centre",
    "to_pay": "amount to pay",
}


@dataclass(frozen=True)
class InvoiceFilter:
    """Which invoices, in which order, with which columns, gathered by what, and which page of them.

    `account` is a node and all below it, or the node alone where `directly`. `paste` is what the reader's own paste
    last listed (payments.matching). `amount_*` are about what was billed,
    `*_from` and `*_to` otherwise about the column of that name. `without` names columns that are empty; `lists` are the
    names of lists of values (payments.invoices.value_lists). `method` is the one that something is placed on, "none"
    where nothing is. No `columns` are the usual ones. `by` gathers the invoices instead of listing them. `sort` holds
    up to `MOST_SORTS` keys of columns, the first one first, with a minus for descending. `after` and `before` name the
    invoice next to the page, `first` the place of the page's first row as it was counted on the way there; it is for
    the eye alone.
    """

    q: str = ""
    state: str = "open"
    number: str = ""
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    account: UUID | None = None
    directly: str = ""
    account_number: str = ""
    parent: str = ""
    cost_center: str = ""
    system: str = ""
    cycle: str = ""
    tag: str = ""
    group: UUID | None = None
    method: str = ""
    paste: UUID | None = None
    currency: str = ""
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    open_from: Decimal | None = None
    open_to: Decimal | None = None
    held_from: Decimal | None = None
    held_to: Decimal | None = None
    disputed_from: Decimal | None = None
    disputed_to: Decimal | None = None
    to_pay_from: Decimal | None = None
    to_pay_to: Decimal | None = None
    reason: str = ""
    settled_from: Decimal | None = None
    settled_to: Decimal | None = None
    credited_from: Decimal | None = None
    credited_to: Decimal | None = None
    amount_due_from: Decimal | None = None
    amount_due_to: Decimal | None = None
    revision_from: int | None = None
    revision_to: int | None = None
    reissued: str = ""
    without: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by: str = ""
    size: int = 50
    sort: tuple[str, ...] = ("due",)
    after: UUID | None = None
    before: UUID | None = None
    first: int = 1


def read_filter(params: Mapping[str, str]) -> InvoiceFilter:
    """The filter that a query string states; its unknown and unreadable parts are left out."""
    asked = ((name, reader(_said(params, name).strip())) for name, reader in _READERS.items() if name in params)
    return InvoiceFilter(**{name: value for name, value in asked if value is not None})


def _said(params: Mapping[str, str], name: str) -> str:
    """Fields of one name, as a form's checkboxes are, say one thing together."""
    several: Callable[[str], list[str]] | None = getattr(params, "getlist", None)
    return ",".join(several(name)) if several and name == "without" else params[name]


def query(chosen: InvoiceFilter, **changes: Any) -> str:
    """The canonical query string: only what differs from the plain list, in a fixed order. It is never empty, because
    the bare address opens with the reader's default view."""
    wanted = {**vars(chosen), **changes}
    said = [(name, _text(wanted[name])) for name, plain in vars(PLAIN).items() if wanted[name] != plain]
    return urlencode(said, safe=",:") or f"state={PLAIN.state}"


def first_page(chosen: InvoiceFilter, **changes: Any) -> str:
    """The query string of another filter or order: it starts at its beginning."""
    return query(chosen, **{**_START, **changes})


def whole(chosen: InvoiceFilter) -> str:
    """The query string of the filter alone, without look and page: what "all in this filter" means."""
    return query(chosen, **_PLAINLY)


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
    keys = _keys(text, COLUMNS)
    return None if keys == USUAL else keys


def _keys(text: str, known: Collection[str]) -> tuple[str, ...] | None:
    return tuple(dict.fromkeys(key for key in text.split(",") if key in known)) or None


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
    "directly": _one_of("yes"),
    "number": _words(80),
    "issued_from": _day,
    "issued_to": _day,
    "account_number": _words(80),
    "parent": _words(80),
    "cost_center": _words(40),
    "method": _words(12),
    "reason": _words(24),
    "system": _words(20),
    "cycle": _words(12),
    "tag": _words(40),
    "group": _code,
    "paste": _code,
    "currency": lambda text: text.upper() if re.fullmatch(r"[A-Za-z]{3}", text) else None,
    "amount_from": read_amount,
    "amount_to": read_amount,
    **{
        f"{name}_{end}": read_amount
        for name in ("open", "held", "disputed", "to_pay", "settled", "credited", "amount_due")
        for end in ("from", "to")
    },
    "revision_from": _count,
    "revision_to": _count,
    "reissued": _one_of("yes"),
    "without": lambda text: _keys(text, BLANKS),
    "lists": lambda text: tuple(dict.fromkeys(filter(None, text.split(","))))[:MOST_LISTS] or None,
    "by": _one_of(*GROUPINGS),
    "sort": _sort,
    "columns": _columns,
    "size": _size,
    "after": _code,
    "before": _code,
    "first": _count,
}
PLAIN: Final = InvoiceFilter()
_START: Final = {name: getattr(PLAIN, name) for name in PLACE}
_PLAINLY: Final = {name: getattr(PLAIN, name) for name in (*LOOK, *PLACE)}
