"""What the bills that a file brings add up to, by category, by tax and by account, for the proof. Pure.

Memory does not grow with the file: accounts are told by a count, a sum and a digest, never one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

import msgspec

from billing_sources.canonical import CanonicalCharge, Category
from billing_sources.normalize import Bill
from portal.money import ZERO

CATEGORY, TAX, ACCOUNT = "category", "tax", "account"
DIGEST_DIGITS = 15  # hexadecimal, of a SHA-256; they are added up, so that the order of bills does not matter


class Line(NamedTuple):
    """What is added up: charges of a category, taxes of a category, or (key "") the bills of all accounts."""

    kind: str
    key: str
    currency: str


class Sums(NamedTuple):
    """`digest` is of accounts alone: the sum over all bills of `digest_of`."""

    number: int
    amount: Decimal
    digest: int = 0


class Tally(msgspec.Struct):
    """Sums by line. Charges and taxes for information count as well: they are loaded like the others."""

    lines: dict[Line, Sums] = {}

    def add(self, bills: Iterable[Bill]) -> None:
        by_line: defaultdict[Line, list[Decimal]] = defaultdict(list)
        for bill in bills:
            invoice = bill.invoice
            self._count_bill(bill)
            _sort_charges(invoice.charges, invoice.currency, by_line)
            for tax in invoice.taxes:
                by_line[Line(TAX, tax.category, invoice.currency)].append(tax.amount)
        for line, amounts in by_line.items():
            self._add(line, Sums(len(amounts), sum(amounts, ZERO)))

    def _count_bill(self, bill: Bill) -> None:
        invoice, due = bill.invoice, bill.invoice.amount_due or ZERO
        digest = digest_of(invoice.account, invoice.number, invoice.currency, due)
        self._add(Line(ACCOUNT, "", invoice.currency), Sums(1, due, digest))

    def _add(self, line: Line, more: Sums) -> None:
        number, amount, digest = self.lines.get(line, (0, ZERO, 0))
        self.lines[line] = Sums(number + more.number, amount + more.amount, digest + more.digest)


def digest_of(account: str, number: str, currency: str, amount: Decimal) -> int:
    """The first digits of the SHA-256 of `account TAB number TAB currency TAB amount`, UTF-8, no zeros behind."""
    text = f"{account}\t{number}\t{currency}\t{amount.normalize() + 0:f}"
    return int(sha256(text.encode()).hexdigest()[:DIGEST_DIGITS], 16)


def _sort_charges(charges: Iterable[CanonicalCharge], currency: str, by_line: defaultdict[Line, list[Decimal]]) -> None:
    """Hot: millions of charges of a few categories, whose lines are looked up once a bill."""
    found: dict[Category, list[Decimal]] = {}
    for charge in charges:
        amounts = found.get(charge.category)
        if amounts is None:
            amounts = found[charge.category] = by_line[Line(CATEGORY, str(charge.category), currency)]
        amounts.append(charge.amount)
