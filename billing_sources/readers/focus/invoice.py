"""One invoice out of the rows of a cloud cost file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from billing_sources.adapter import Vocabulary
from billing_sources.canonical import (
    BillType,
    CanonicalAccount,
    CanonicalCharge,
    CanonicalInvoice,
    CanonicalTax,
    Category,
    Issue,
)
from billing_sources.readers.delimited.values import ZERO, Unreadable
from billing_sources.readers.focus.dialects import FIELDS, Dialect
from billing_sources.readers.focus.spool import Row
from billing_sources.readers.focus.values import NULLS, amount, first_day, last_day

_MOST_FLAWS = 25  # of one invoice; a person needs no more to see what is wrong with it
_CORRECTIONS = frozenset({"correction", "true"})
_CORRECTION = "Correction"

T = TypeVar("T")


class Key(NamedTuple):
    """What makes an invoice, with the number that follows from it. Both days are in the period."""

    number: str
    seller: str
    account: str
    currency: str
    first: date
    last: date


class Cells(NamedTuple):
    """The cells of a row, in the order of `FIELDS`."""

    amount: str
    category: str
    kind: str
    frequency: str
    description: str
    period_start: str
    period_end: str
    account: str
    account_name: str
    service: str
    product_code: str
    quantity: str
    unit: str
    jurisdiction: str
    buyer: str


class Verdict(NamedTuple):
    category: Category
    term: str
    is_mapped: bool


class Terms:
    """Category × frequency, or the class Correction, through the vocabulary. A tax stays one when it is corrected."""

    def __init__(self, vocabulary: Vocabulary, dialect: Dialect) -> None:
        self.dialect = dialect
        self._vocabulary = vocabulary
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}

    def verdict(self, category: str, kind: str, frequency: str) -> Verdict:
        key = (category, kind, frequency)
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._verdicts[key] = self._look_up(category or self.dialect.category, kind, frequency)
        return verdict

    def _look_up(self, category: str, kind: str, frequency: str) -> Verdict:
        candidates = [" ".join(filter(None, (category, frequency))), category]
        if kind.casefold() in _CORRECTIONS and self._vocabulary.category(category) is not Category.TAX:
            candidates = [_CORRECTION]
        for term in candidates:
            if found := self._vocabulary.category(term):
                return Verdict(found, term, True)
        return Verdict(Category.ADJUSTMENT, candidates[0], False)


def build(key: Key, rows: Iterable[Row], terms: Terms, system: str, days_to_pay: int) -> CanonicalInvoice:
    """Amounts stay as they are: the invoice is rounded once, when it is normalized."""
    billed_on = key.last + timedelta(days=1)
    invoice = CanonicalInvoice(
        system=system,
        number=key.number,
        bill_type=BillType.INVOICE,
        type_code=terms.dialect.name,
        currency=key.currency,
        billed_on=billed_on,
        account=key.account,
        entity=key.seller[:80],
        due_on=billed_on + timedelta(days=days_to_pay),
        period_start=key.first,
        period_end=key.last,
        seller=key.seller,
    )
    _Rows(invoice, terms).add(rows)
    return invoice


class _Rows:
    def __init__(self, invoice: CanonicalInvoice, terms: Terms) -> None:
        self._invoice, self._terms = invoice, terms
        self._accounts: dict[str, CanonicalAccount] = {}

    def add(self, rows: Iterable[Row]) -> None:
        invoice, charges = self._invoice, self._invoice.charges
        for line, *raw in rows:
            cells = _cells(raw)
            if not invoice.origin:
                self._head(cells, f"line {line}")
            value = self._read(amount, cells.amount, "charge.amount", line)
            verdict = self._terms.verdict(cells.category, cells.kind, cells.frequency)
            account = self._account(cells)
            if verdict.category is Category.TAX:
                invoice.taxes.append(_tax(cells, value or ZERO, account, line))
            else:
                charges.append(self._charge(cells, value or ZERO, verdict, account, line))
        invoice.accounts += self._accounts.values()

    def _head(self, cells: Cells, origin: str) -> None:
        invoice = self._invoice
        invoice.origin, invoice.buyer = origin, cells.buyer
        self._accounts[invoice.account] = CanonicalAccount(invoice.account, "", "billing account", cells.buyer)

    def _charge(self, cells: Cells, value: Decimal, verdict: Verdict, account: str, line: int | str) -> CanonicalCharge:
        start = self._read(first_day, cells.period_start, "charge.period_start", line) if cells.period_start else None
        end = self._read(self._last_day, cells.period_end, "charge.period_end", line) if cells.period_end else None
        return CanonicalCharge(
            len(self._invoice.charges) + 1,
            verdict.category,
            verdict.term,
            value,
            cells.description,
            account,
            cells.service,
            cells.product_code,
            self._read(amount, cells.quantity, "charge.quantity", line) if cells.quantity else None,
            cells.unit,
            None,
            start,
            max(start, end) if start and end else end,
            is_mapped=verdict.is_mapped,
            origin=f"line {line}",
        )

    def _last_day(self, text: str) -> date:
        return last_day(text, is_exclusive=self._terms.dialect.is_end_exclusive)

    def _account(self, cells: Cells) -> str:
        if cells.account and cells.account not in self._accounts:
            parent = self._invoice.account
            self._accounts[cells.account] = CanonicalAccount(cells.account, parent, "sub account", cells.account_name)
        return cells.account

    def _read(self, read: Callable[[str], T], text: str, field: str, line: int | str) -> T | None:
        try:
            return read(text)
        except Unreadable as unreadable:
            flaws, dialect = self._invoice.flaws, self._terms.dialect
            if len(flaws) < _MOST_FLAWS:
                source = f"{dialect.name} {dialect.columns[field][0]}"
                number = self._invoice.number
                flaws.append(Issue("FOCUS-VALUE", f"line {line}", source, str(unreadable), text[:80], number))
            return None


def _cells(raw: list[int | str]) -> Cells:
    """The second column of a field speaks where the first is blank."""
    texts = ["" if (text := str(cell).strip()) in NULLS else text for cell in raw]
    half = len(FIELDS)
    return Cells(*[first or second for first, second in zip(texts[:half], texts[half:], strict=True)])


def _tax(cells: Cells, value: Decimal, account: str, line: int | str) -> CanonicalTax:
    return CanonicalTax(
        category=cells.category, amount=value, jurisdiction=cells.jurisdiction, account=account, origin=f"line {line}"
    )
