"""The columns of the grid: what each shows of an invoice, and what it sorts by. Pure.

A reader chooses some of them in an order; page and export show the same ones. `key` stands in the address, and as
`data-column` on each cell of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from payments.invoices.rows import InvoiceFacts, account_path, billed_by

TEXT, CODE, MONEY, DAY, COUNT, TAGS, STATE = "text", "code", "money", "day", "count", "tags", "state"
TO_PAY, REASON = "to_pay", "reason"
_INVOICE: Final = "billing_sources_invoice"


@dataclass(frozen=True)
class Column:
    """`read` gives the plain value; its `kind` says how page and export write it. `order` is what it sorts by in SQL,
    never NULL, or empty where it does not sort. `style` is the class of its cells; one that is `spare` is left out on
    a phone."""

    key: str
    label: str
    kind: str
    read: Callable[[InvoiceFacts], Any]
    order: str = ""
    style: str = ""
    width: int = 14

    @property
    def is_number(self) -> bool:
        return self.kind in (MONEY, COUNT, TO_PAY)

    @property
    def is_spare(self) -> bool:
        return "sheet__spare" in self.style


def _money(key: str, label: str, style: str = "num") -> Column:
    read = "payable" if key == "billed" else key
    return Column(key, label, MONEY, attrgetter(read), f"{_INVOICE}.{read}", style, 15)


def _account(facts: InvoiceFacts) -> str:
    return account_path(facts.account, facts.parent, facts.grandparent)


def _billed_by(facts: InvoiceFacts) -> str:
    return billed_by(facts.system, facts.cycle)


_LAST_DAY: Final = "DATE '9999-12-31'"  # an invoice without a due date is due after all others
_REASON_ORDER: Final = "COALESCE(wish.reason, '')"
_ALL: Final = (
    Column("number", "Invoice", CODE, attrgetter("number"), f"{_INVOICE}.number", "sheet__lead", 22),
    Column("account", "Account", TEXT, _account, "COALESCE(account.name, '')", "sheet__line", 34),
    Column("account_number", "Account no.", TEXT, attrgetter("account_number"), "COALESCE(account.external_id, '')"),
    Column("parent", "Parent", TEXT, attrgetter("parent"), "COALESCE(above.name, '')", "", 22),
    Column("cost_center", "Cost centre", TEXT, attrgetter("cost_center"), "COALESCE(account.cost_center, '')"),
    Column("billed_by", "Billed by", TEXT, _billed_by, "", "sheet__spare muted", 22),
    Column("system", "System", TEXT, attrgetter("system"), "system.name"),
    Column("cycle", "Cycle", TEXT, attrgetter("cycle"), f"lpad({_INVOICE}.cycle, 12)", "", 9),
    Column("tags", "Tags", TAGS, attrgetter("tags"), "", "sheet__spare", 20),
    Column("issued", "Issued", DAY, attrgetter("billed_on"), f"{_INVOICE}.billed_on", "", 12),
    Column("due", "Due", DAY, attrgetter("due_on"), f"LEAST({_INVOICE}.due_on, {_LAST_DAY})", "", 12),
    Column("currency", "Currency", TEXT, attrgetter("currency"), f"{_INVOICE}.currency", "muted", 9),
    _money("billed", "Billed"),
    _money("open", "Open", "num num--strong sheet__side"),
    Column("to_pay", "To pay", TO_PAY, attrgetter("to_pay"), "COALESCE(wish.amount, -1)", "num", 15),
    Column("reason", "Reason", REASON, attrgetter("reason"), _REASON_ORDER, "sheet__spare sheet__reason", 26),
    _money("held", "In pay runs"),
    _money("disputed", "Disputed"),
    _money("settled", "Booked"),
    _money("credited", "Credited"),
    _money("amount_due", "Due on the bill"),
    Column("revision", "Revision", COUNT, attrgetter("revision"), f"{_INVOICE}.revision", "num", 9),
    Column("state", "State", STATE, lambda facts: facts),
)
COLUMNS: Final[Mapping[str, Column]] = {column.key: column for column in _ALL}
USUAL: Final = ("number", "account", "billed_by", "tags", "due", "open", "to_pay", "reason", "state")
SORTS: Final = tuple(column.key for column in _ALL if column.order)
LEAD: Final = "number"


def columns_of(keys: Sequence[str], *, shows_currency: bool) -> list[Column]:
    """The columns with these keys, or the usual ones. The invoice's number always leads its row, and amounts never
    stand without their currency where there are several."""
    wanted = list(keys or USUAL)
    if LEAD not in wanted:
        wanted.insert(0, LEAD)
    if shows_currency and "currency" not in wanted:
        wanted.insert(_first_amount(wanted), "currency")
    return [COLUMNS[key] for key in wanted]


def _first_amount(keys: Sequence[str]) -> int:
    return next((place for place, key in enumerate(keys) if COLUMNS[key].kind == MONEY), len(keys))
