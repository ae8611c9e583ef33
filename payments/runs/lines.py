"""A pay run as its page needs it: lines, what they come to, and which of them are asked for. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from payments.domain.submission import ON_ACCOUNT, Item
from portal.money import ZERO

PAGE_SIZE: Final = 100
NOT_PAID: Final = "Not paid"  # what "Not placed" means once the run is out of the customer's hands
SHOWS: Final = {
    "all": "All",
    "to_place": "Not placed",
    "short": "Short-paid",
    "left_open": "Left open",
    "credits": "Credits",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice of a run. `to_pay` is what was wanted of it when it was chosen, where somebody had said; `verdicts`
    are what AR said: payment position, verdict, reason."""

    item: Item
    placed: Decimal
    code: UUID
    due_on: date | None
    account: str
    parent: str | None
    grandparent: int | None
    system: str
    cycle: str
    to_pay: Decimal | None = None
    verdicts: tuple[tuple[int, str, str], ...] = ()

    @property
    def short(self) -> Decimal:
        return self.item.short_paid or ZERO

    @property
    def available(self) -> Decimal:
        """What this run can place of the invoice: open now, or placed by it. Below zero of a credit."""
        return self.item.open + self.placed

    @property
    def wanted(self) -> Decimal:
        """What this run is to place of it unless somebody says otherwise."""
        most = self.available - self.short
        return most if self.to_pay is None or not self.item.left_open else min(most, self.to_pay)

    @property
    def is_credit(self) -> bool:
        return self.available < 0

    @property
    def side(self) -> int:
        """-1 of a credit, 1 of what is owed."""
        return -1 if self.is_credit else 1

    @property
    def is_on_account(self) -> bool:
        return self.item.system == ON_ACCOUNT

    @property
    def is_to_place(self) -> bool:
        """Something of it is neither placed, short-paid nor left open; nothing at all of it counts as well."""
        return not self.item.left_open and (bool(self.item.unexplained) or not (self.placed or self.short))


@dataclass(frozen=True)
class RunFilter:
    """Which lines, in which order, and which page of them; the address of the page says so.

    `edit` is "yes" once somebody wants to change a run that was submitted already.
    """

    show: str = "all"
    sort: str = "due"
    page: int = 1
    edit: str = ""


@dataclass(frozen=True)
class Totals:
    """What the lines of one currency come to: chosen = placed - credits + short + left_open + to_place.

    `placed` is what the payments come to, with the credits that are used (below zero); all others are of invoices.
    """

    currency: str
    chosen: Decimal = ZERO
    placed: Decimal = ZERO
    credits: Decimal = ZERO
    short: Decimal = ZERO
    left_open: Decimal = ZERO
    to_place: Decimal = ZERO


def read_run_filter(params: Mapping[str, str]) -> RunFilter:
    """What a query string asks for; what does not read is as if it were not there."""
    page, sort, show = params.get("page", ""), params.get("sort", ""), params.get("show", "")
    return RunFilter(
        show=show if show in SHOWS else "all",
        sort=sort if sort.removeprefix("-") in SORT_KEYS else "due",
        page=int(page[:4]) if page.isascii() and page.isdecimal() and int(page[:4]) else 1,
        edit="yes" if params.get("edit") == "yes" else "",
    )


def run_query(chosen: RunFilter, **changes: Any) -> str:
    """The query string of the filter: only what differs from the plain page."""
    wanted = replace(chosen, **changes)
    plain = RunFilter()
    stated = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    return urlencode({name: value for name, value in stated.items() if value != getattr(plain, name)})


def matching(lines: Iterable[Line], chosen: RunFilter) -> list[Line]:
    """The lines that the filter asks for, in its order."""
    wanted = _MATCHES[chosen.show]
    found = sorted(filter(wanted, lines), key=lambda line: line.item.invoice_id)
    found.sort(key=SORT_KEYS[chosen.sort.removeprefix("-")], reverse=chosen.sort.startswith("-"))
    return found


def counts(lines: Sequence[Line]) -> dict[str, int]:
    """How many lines each of the `SHOWS` would show."""
    return {show: sum(map(wanted, lines)) for show, wanted in _MATCHES.items()}


def totals(lines: Iterable[Line]) -> list[Totals]:
    """By currency, in the order of their codes."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in lines:
        of_currency = sums[line.item.currency]
        of_currency["placed"] += line.placed
        if line.is_credit:
            of_currency["credits"] += line.placed
            continue
        of_currency["chosen"] += line.available
        of_currency["short"] += line.short
        of_currency["left_open" if line.item.left_open else "to_place"] += line.item.unexplained
    return [Totals(currency, **sums[currency]) for currency in sorted(sums)]


_MATCHES: Final[Mapping[str, Callable[[Line], bool]]] = {
    "all": lambda line: True,
    "to_place": lambda line: line.is_to_place,
    "short": lambda line: bool(line.short),
    "left_open": lambda line: line.item.left_open,
    "credits": lambda line: line.is_credit,
}
SORT_KEYS: Final[Mapping[str, Callable[[Line], Any]]] = {
    "number": lambda line: line.item.number,
    "account": lambda line: (line.parent or "", line.account),
    "due": lambda line: line.due_on or date.max,
    "open": lambda line: (line.item.currency, line.available),
}
