"""One invoice out of the rows of a cloud cost file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from billing_sources.readers.focus.dialects import FIELDS, Dialect
from billing_sources.readers.focus.spool import Row
from billing_sources.readers.focus.values import NULLS, amount, first_day, last_day
from billing_sources.readers.values import ZERO, Unreadable

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

    def __init__(self, vocabulary: Vocabulary, dialect: Dialect, seconds: Sequence[int] = ()) -> None:
        self.dialect, self.seconds = dialect, seconds
        self._vocabulary = vocabulary
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}

    def verdict(self, category: str, kind: str, frequency: str) -> Verdict:
        key = category, kind, frequency
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
        invoice, seconds, verdict_of = self._invoice, self._terms.seconds, self._terms.verdict
        for line, raw in rows:
            cells = _cells(raw, seconds)
            if not invoice.origin:
                self._head(cells, f"line {line}")
            verdict = verdict_of(cells.category, cells.kind, cells.frequency)
            if verdict.category is Category.TAX:
                value = self._read(amount, cells.amount, "charge.amount", line)
                invoice.taxes.append(_tax(cells, value or ZERO, self._account(cells), line))
            else:
                invoice.charges.append(self._charge(cells, verdict, line))
        invoice.accounts += self._accounts.values()

    def _head(self, cells: Cells, origin: str) -> None:
        invoice = self._invoice
        invoice.origin, invoice.buyer = origin, cells.buyer.strip()
        self._accounts[invoice.account] = CanonicalAccount(invoice.account, "", "billing account", invoice.buyer)

    def _charge(self, cells: Cells, verdict: Verdict, line: int) -> CanonicalCharge:
        value, quantity, start, end = self._figures(cells, line)
        return CanonicalCharge(
            len(self._invoice.charges) + 1,
            verdict.category,
            verdict.term,
            value or ZERO,
            cells.description.strip(),
            self._account(cells),
            cells.service.strip(),
            cells.product_code.strip(),
            quantity,
            cells.unit.strip(),
            None,
            start,
            start if start and end and end < start else end,
            is_mapped=verdict.is_mapped,
            origin=f"line {line}",
        )

    def _figures(self, cells: Cells, line: int) -> tuple[Decimal | None, Decimal | None, date | None, date | None]:
        """Amount, quantity, first and last day: at once where all can be read, which is nearly always."""
        start, end = cells.period_start, cells.period_end
        is_exclusive = self._terms.dialect.is_end_exclusive
        try:
            return (
                amount(cells.amount),
                amount(cells.quantity) if cells.quantity else None,
                first_day(start) if start else None,
                last_day(end, is_exclusive) if end else None,
            )
        except Unreadable:
            read = self._read
            return (
                read(amount, cells.amount, "charge.amount", line),
                read(amount, cells.quantity, "charge.quantity", line) if cells.quantity else None,
                read(first_day, start, "charge.period_start", line) if start else None,
                read(lambda text: last_day(text, is_exclusive), end, "charge.period_end", line) if end else None,
            )

    def _account(self, cells: Cells) -> str:
        account = cells.account.strip()
        if account and account not in self._accounts:
            name, parent = cells.account_name.strip(), self._invoice.account
            self._accounts[account] = CanonicalAccount(account, parent, "sub account", name)
        return account

    def _read(self, read: Callable[[str], T], text: str, field: str, line: int) -> T | None:
        try:
            return read(text)
        except Unreadable as unreadable:
            flaws, dialect = self._invoice.flaws, self._terms.dialect
            if len(flaws) < _MOST_FLAWS:
                source = f"{dialect.name} {dialect.columns[field][0]}"
                number = self._invoice.number
                flaws.append(Issue("FOCUS-VALUE", f"line {line}", source, str(unreadable), text[:80], number))
            return None


def _cells(raw: Sequence[str], seconds: Sequence[int]) -> Cells:
    """The second column of a field speaks where the first is blank."""
    texts = ["" if text in NULLS else text for text in raw]
    for place, field in enumerate(seconds, len(FIELDS)):
        texts[field] = texts[field] or texts[place]
    return Cells._make(texts[: len(FIELDS)])


def _tax(cells: Cells, value: Decimal, account: str, line: int) -> CanonicalTax:
    return CanonicalTax(
        category=cells.category, amount=value, jurisdiction=cells.jurisdiction, account=account, origin=f"line {line}"
    )
