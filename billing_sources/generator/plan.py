"""Which bills a cycle holds and what stands on them, before any format is written. Pure.

Nothing is remembered between months: every figure follows from the seed, the account and the month, so a bill can
work out last month's total again and carry it. A bill's charges, taxes and totals tie exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from billing_sources.canonical import Category
from billing_sources.generator.bill import Balance, Bill, Charge, Minor, Tax, total
from billing_sources.generator.calls import calls_of
from billing_sources.generator.carrier import Account, AccountBook, customers
from billing_sources.generator.charges import charges_of, plain_charge, raised
from billing_sources.generator.dice import Dice
from billing_sources.generator.format import Format, Market
from billing_sources.generator.formats import FORMATS, SYSTEMS
from billing_sources.generator.service_lines import LineUp
from billing_sources.generator.taxes import sales_taxes, value_added_taxes
from portal.money import exponent

FIRST_COUNTER = 101
_CREDIT_EVERY = 24  # months
_LATE_FEE_PERMILLE = 15


@dataclass(frozen=True)
class CycleOrder:
    """What is asked for: one bill cycle of one system.

    `invoices` beyond `accounts` are further bills of the same accounts, without balances. `charges` is the mean
    number of charges on a bill; `currencies` () takes the system's own, and `calls`, the mean number of usage records
    behind a usage charge, None.
    Raises ValueError on an order that cannot be written.
    """

    system: str
    customers: int
    accounts: int
    invoices: int
    seed: int
    billed_on: date
    cycle: str = "1"
    faults: tuple[str, ...] = ()
    charges: int = 8
    currencies: tuple[str, ...] = ()
    calls: int | None = None

    def __post_init__(self) -> None:
        if self.system not in SYSTEMS:
            raise ValueError(f"no generator for {self.system!r}: choose one of {', '.join(SYSTEMS)}")
        if min(self.customers, self.accounts, self.invoices, self.charges) < 1:
            raise ValueError("customers, accounts, invoices and charges start at 1")
        if any(exponent(currency) != 2 for currency in self.currencies):
            raise ValueError("only currencies of two decimals are generated")

    @property
    def format(self) -> Format:
        return FORMATS[self.system]

    def number(self, index: int, billed_on: date) -> str:
        return self.format.numbering.write(f"{self.format.letter}{self.cycle}", billed_on, FIRST_COUNTER + index)


class Plan:
    """The bills of one order."""

    def __init__(self, order: CycleOrder) -> None:
        self._order = order
        self._format = order.format
        self._calls = self._format.calls if order.calls is None else order.calls
        self._book = AccountBook(self._format, order.cycle, customers(order.seed, order.customers), order.currencies)
        self._month = order.billed_on.year * 12 + order.billed_on.month - 1

    def accounts(self) -> Iterator[Account]:
        """Every account that the cycle bills."""
        return (self._book.at(seat) for seat in range(min(self._order.accounts, self._order.invoices)))

    def indexes(self) -> Iterator[int]:
        """Index of every bill in the order of the file: statements, which go into one group, before the others."""
        every = range(self._order.invoices)
        yield from (index for index in every if self.form(index) == "statement")
        yield from (index for index in every if self.form(index) != "statement")

    def form(self, index: int) -> str:
        """Statements are what a system that carries balances mostly sends; a credit note comes every second year."""
        turn = Dice(self._order.seed, self._order.system, self._order.cycle, "form", index)
        is_statement = self._format.carries_balances and not turn.percent(8)
        is_credit = (self._month + turn.below(_CREDIT_EVERY)) % _CREDIT_EVERY == 0
        if is_statement:
            return "statement"
        return "credit_note" if is_credit else "invoice"

    def bill(self, index: int, raised_by: int = 0) -> Bill:
        """The bill of an index. `raised_by` percent changes its recurring prices: a corrected bill."""
        series, seat = divmod(index, self._order.accounts)
        account = self._book.at(seat)
        bill = self._blank(index, account)
        size = Dice(self._order.seed, account.external_id, series).between(20, 180) * self._order.charges
        lines = LineUp(f"{self._order.seed}/{series}", account, max(1, size // self._format.charges_per_line))
        bill.charges = raised(charges_of(lines, account, self._month, bill.form), raised_by)
        bill.is_corrected = raised_by != 0
        if bill.form == "statement" and series == 0:
            self._carry(bill, lines)
        _close(bill, lines.dice("terms", self._month))
        if self._calls:
            bill.calls = list(calls_of(bill, self._calls))
        return bill

    def _blank(self, index: int, account: Account) -> Bill:
        order = self._order
        last = month_before(order.billed_on)
        form = self.form(index)
        return Bill(
            number=order.number(index, order.billed_on),
            account=account,
            form=form,
            billed_on=order.billed_on,
            due_on=order.billed_on + timedelta(days=30),
            period_start=last,
            period_end=order.billed_on - timedelta(days=1),
            charges=[],
            taxes=[],
            preceding=order.number(index, last) if form == "credit_note" else "",
            preceding_on=last if form == "credit_note" else None,
        )

    def _carry(self, bill: Bill, lines: LineUp) -> None:
        """Last month's total due is this month's previous balance.

        What stayed unpaid is part of one month's own charges, never of older debt: two months back tell it.
        """
        account, month = bill.account, self._month
        last, before = (_current(charges_of(lines, account, month - back, bill.form), account) for back in (1, 2))
        unpaid, unpaid_before = _unpaid(lines, month, last), _unpaid(lines, month - 1, before)
        previous = unpaid_before + _late_fee(unpaid_before) + last
        dice = lines.dice("balance", month)
        adjustments = -(last // 40) if dice.percent(6) else 0
        transferred = last // 25 if dice.percent(2) else 0
        bill.balance = Balance(previous, unpaid - previous - adjustments - transferred, adjustments, transferred)
        if unpaid:
            bill.charges.append(
                plain_charge(Category.LATE_FEE, "Late payment charge", "LPC", account, _late_fee(unpaid))
            )


def month_before(day: date) -> date:
    """The same day a month earlier, or that month's last."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def _current(charges: list[Charge], account: Account) -> Minor:
    return total(charges) + sum(tax.amount for tax in _taxes(charges, account) if tax.is_included)


def _unpaid(lines: LineUp, month: int, last: Minor) -> Minor:
    """What is carried into a month: nothing in nine cases of ten, else part of last month's charges."""
    dice = lines.dice("unpaid", month)
    return last * dice.between(10, 60) // 100 if dice.percent(10) else 0


def _late_fee(unpaid: Minor) -> Minor:
    return unpaid * _LATE_FEE_PERMILLE // 1000


def _close(bill: Bill, dice: Dice) -> None:
    """Terms of the document, taxes, and what remains to pay."""
    account = bill.account
    has_terms = account.format.has_document_terms
    if has_terms and bill.form == "invoice":
        bill.document_charges = list(_document_charges(bill, dice))
    bill.taxes = _taxes(bill.charges + bill.document_charges, account)
    bill.prepaid = _prepaid(bill.current, dice) if has_terms and bill.form == "invoice" else 0
    if has_terms and account.currency == "SEK":
        payable = bill.current - bill.prepaid
        bill.rounding = (payable + 50) // 100 * 100 - payable


def _taxes(charges: list[Charge], account: Account) -> list[Tax]:
    levy = sales_taxes if account.format.market is Market.AMERICA else value_added_taxes
    return levy(charges, account)


def _document_charges(bill: Bill, dice: Dice) -> Iterator[Charge]:
    if dice.percent(8) and bill.net > 1000:
        yield plain_charge(Category.DISCOUNT, "Loyalty allowance", "95", bill.account, -(bill.net // 20))
    if dice.percent(10):
        yield plain_charge(Category.SURCHARGE, "Invoicing fee", "ZZZ", bill.account, 2900)


def _prepaid(current: Minor, dice: Dice) -> Minor:
    """Three in a hundred paid a part in advance, one everything, one too much."""
    case = dice.below(100)
    if case < 3:
        return current // 3
    return {3: current, 4: current + 12500}.get(case, 0)
