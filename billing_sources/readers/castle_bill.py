"""One Castle bill while its records go by: 0100 first, 9990 last. Pure.

Tiers: bill → premise (0900, a node of the account tree) → agreement (1100, the service) → segment (1300, the period) →
line (1700, the charge).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from billing_sources.adapter import Adapter
from billing_sources.canonical import (
    BillType,
    CanonicalAccount,
    CanonicalCharge,
    CanonicalInvoice,
    CanonicalTax,
    Category,
    Issue,
)
from billing_sources.readers.castle_records import text_of
from billing_sources.readers.castle_table import BadField, Table
from billing_sources.readers.julian import julian
from billing_sources.readers.values import Unreadable

TYPES = {"IN": BillType.INVOICE, "FN": BillType.INVOICE, "RB": BillType.CORRECTED, "CN": BillType.CREDIT_NOTE}
REBILL = "RBIL"
"""Code of the 3400 that names the bill which a rebill takes the place of."""
ZERO = Decimal(0)


class Run(NamedTuple):
    """What the run record says of every bill."""

    system: str
    cycle: str
    currency: str
    bills: int  # 0 where it was written before they were counted


class Getters:
    """The mapping's fields, compiled once a file."""

    def __init__(self, adapter: Adapter) -> None:
        table = Table(adapter.mapping)
        self.adapter = adapter
        self.heading = table.texts(
            "0100", "number", "account", "account.parent", "buyer", "type_code", "payment_reference"
        )
        self.days = table.texts("0100", "billed_on", "due_on", "period_start", "period_end")
        self.day_names = [table.source("0100", name) for name in ("billed_on", "due_on", "period_start", "period_end")]
        self.balances = table.numbers(
            "0100", "previous_balance", "payments_received", "adjustments_prior", "tax_included", "amount_due"
        )
        self.premise = table.texts("0900", "account.external_id", "account.name", "account.address")
        self.service = table.texts("1100", "charge.service", "charge.service")
        self.period = table.texts("1300", "charge.period_start", "charge.period_end")
        self.period_names = [table.source("1300", name) for name in ("charge.period_start", "charge.period_end")]
        self.charge = table.texts(
            "1700", "charge.account", "charge.source_term", "charge.product_code", "charge.description"
        )
        self.figures = table.numbers("1700", "charge.quantity", "charge.unit_price", "charge.amount")
        self.tax = table.texts("1800", "tax.account", "tax.category", "tax.jurisdiction", "tax.is_included")
        self.levied = table.numbers("1800", "tax.base", "tax.rate_percent", "tax.amount")
        self.total = table.texts("2400", "charge.account", "charge.unit")
        self.used = table.numbers("2400", "charge.calls", "charge.quantity", "charge.amount")
        self.adjustment = table.texts("3400", "charge.account", "charge.source_term", "charge.description", "preceding")
        self.adjusted = table.numbers("3400", "charge.amount")
        self.end = table.numbers("9990", "declared_records", "tax_included")
        self.term = lru_cache(maxsize=4096)(self._term)

    def _term(self, term: str, code: str) -> tuple[Category | None, str]:
        """Category and term: what the vocabulary says of class and USOC together, else of the class alone."""
        category = self.adapter.vocabulary.category
        both = f"{term} {code}".strip()
        found = category(both) if code else None
        return (found, both) if found else (category(term), term)


class OpenBill:
    """A bill that 0100 has opened. Raises `BadField` where a field breaks its picture."""

    def __init__(self, record: bytes, offset: int, getters: Getters, run: Run) -> None:
        self._get, self._run = getters, run
        self._service = ""
        self._period: tuple[date | None, date | None] = (None, None)
        self._carries_adjustments = False
        self.records = 1
        self.invoice = self._opened(record, f"byte {offset}")
        self.number = self.invoice.number

    def close(self, record: bytes, offset: int) -> Issue | None:
        """What is wrong with the bill as a whole, by its 9990."""
        invoice, position = self.invoice, f"byte {offset}"
        count, current = self._get.end(record.hex())
        if count != self.records + 1:
            return self.issue("CAS-9990", position, "9990 REC-CNT", f"{self.records + 1}", f"{count}")
        if current != invoice.tax_included:
            return self.issue("CAS-9990", position, "9990 CURRENT", f"{invoice.tax_included}", f"{current}")
        if invoice.type_code not in TYPES:
            return self.issue("CAS-TYPE", invoice.origin, "0100 TYPE", ", ".join(TYPES), invoice.type_code)
        if invoice.bill_type is BillType.CREDIT_NOTE and current > 0:
            return self.issue("CAS-SIGN", invoice.origin, "0100 CURRENT", "a negative amount", f"{current}")
        if invoice.type_code == "RB" and not invoice.replaces:
            return self.issue("CAS-RB", invoice.origin, "3400 ORIG-BILL", "the bill that this one replaces", "none")
        return None

    def issue(self, rule: str, position: str, field: str, expected: str, found: str) -> Issue:
        return Issue(rule, position, field, expected, found, self.number, account=self.invoice.account)

    def _opened(self, record: bytes, origin: str) -> CanonicalInvoice:
        text, get, run = text_of(record), self._get, self._run
        number, account, parent, buyer, kind, scanline = (field.rstrip() for field in get.heading(text))
        billed_on, due_on, start, end = _days(get.days(text), get.day_names)
        if billed_on is None:
            raise BadField("a date CCYYDDD", get.day_names[0], "none")
        previous, payments, adjustments, current, due = get.balances(record.hex())
        self._carries_adjustments = kind not in ("CN", "RB")
        invoice = CanonicalInvoice(
            system=get.adapter.key,
            number=number,
            bill_type=TYPES.get(kind, BillType.INVOICE),
            type_code=kind,
            currency=run.currency,
            billed_on=billed_on,
            account=account,
            entity=run.system,
            due_on=due_on,
            period_start=start,
            period_end=end,
            cycle=run.cycle,
            buyer=buyer,
            payment_reference=scanline,
            tax_included=current,
            amount_due=due,
            accounts=[CanonicalAccount(account, parent, get.adapter.level_names[1], buyer)],
            charges=[],
            taxes=[],
            flaws=[],
            origin=origin,
        )
        if parent:
            invoice.accounts.insert(0, CanonicalAccount(parent, "", get.adapter.level_names[0], buyer))
        if previous or payments or adjustments:
            invoice.previous_balance, invoice.payments_received = previous, -payments or ZERO
            invoice.adjustments_prior = adjustments
            invoice.balance_forward = previous + payments + adjustments
        return invoice

    def _premise(self, record: bytes, _offset: int) -> None:
        premise, name, address = (field.rstrip() for field in self._get.premise(text_of(record)))
        invoice, level = self.invoice, self._get.adapter.level_names[2]
        self._service, self._period = "", (None, None)
        invoice.accounts.append(CanonicalAccount(premise, invoice.account, level, name, address))

    def _agreement(self, record: bytes, _offset: int) -> None:
        self._service = self._get.service(text_of(record))[0].rstrip()

    def _segment(self, record: bytes, _offset: int) -> None:
        start, end = _days(self._get.period(text_of(record)), self._get.period_names)
        self._period = start, end

    def _charge(self, record: bytes, offset: int) -> None:
        get, charges = self._get, self.invoice.charges
        premise, rate_class, usoc, text = get.charge(text_of(record))
        usoc = usoc.rstrip()
        category, term = get.term(rate_class.rstrip(), usoc)
        quantity, rate, amount = get.figures(record.hex())
        start, end = self._period
        charges.append(
            CanonicalCharge(
                len(charges) + 1,
                category or Category.ADJUSTMENT,
                term,
                amount,
                text.rstrip(),
                premise.rstrip(),
                self._service,
                usoc,
                quantity,
                "",
                rate,
                start,
                end,
                is_mapped=category is not None,
                origin=f"byte {offset}",
            )
        )
        if "€" in text and self._run.currency != "EUR":
            self._doubt_euro(offset, text)

    def _doubt_euro(self, offset: int, text: str) -> None:
        expected = f"no € on a bill in {self._run.currency}: in cp037 its byte 9F is another sign"
        flaw = Issue("CAS-EURO", f"byte {offset}", "1700 TEXT", expected, text.rstrip(), self.number, is_fatal=False)
        self.invoice.flaws.append(flaw)

    def _tax(self, record: bytes, offset: int) -> None:
        get = self._get
        premise, kind, jurisdiction, included = get.tax(text_of(record))
        base, percent, amount = get.levied(record.hex())
        self.invoice.taxes.append(
            CanonicalTax(
                kind.rstrip(),
                amount,
                base,
                percent,
                jurisdiction.rstrip(),
                account=premise.rstrip(),
                is_included=included == "Y",
                origin=f"byte {offset}",
            )
        )

    def _usage_total(self, record: bytes, offset: int) -> None:
        """What the calls of the charge before it add up to: shown, never added."""
        premise, unit = self._get.total(text_of(record))
        calls, minutes, amount = self._get.used(record.hex())
        of = self.invoice.charges[-1] if self.invoice.charges else None
        category, term = (of.category, of.source_term) if of else (Category.USAGE, "USG")
        start, end = self._period
        self.invoice.charges.append(
            CanonicalCharge(
                len(self.invoice.charges) + 1,
                category,
                term,
                amount,
                f"{calls} calls",
                premise.rstrip(),
                self._service,
                "",
                minutes,
                unit.rstrip(),
                None,
                start,
                end,
                is_information_only=True,
                is_mapped=of is None or of.is_mapped,
                origin=f"byte {offset}",
            )
        )

    def _adjustment(self, record: bytes, offset: int) -> None:
        """One that names an earlier bill is part of what is carried, unless it is the credit note's own."""
        get, invoice = self._get, self.invoice
        premise, code, text, original = (field.rstrip() for field in get.adjustment(text_of(record)))
        (amount,) = get.adjusted(record.hex())
        if code == REBILL:
            invoice.replaces = original
            return
        if original and not invoice.preceding:
            invoice.preceding = original
        category, term = get.term(code, "")
        charge = CanonicalCharge(len(invoice.charges) + 1, category or Category.ADJUSTMENT, term, amount, text, premise)
        charge.is_mapped, charge.origin = category is not None, f"byte {offset}"
        charge.is_information_only = bool(original) and self._carries_adjustments
        invoice.charges.append(charge)

    def _payment(self, _record: bytes, _offset: int) -> None:
        """Explains PAYMENTS of the bill, which is what counts."""


def _days(texts: tuple[str, ...], sources: list[str]) -> list[date | None]:
    """Raises `BadField`."""
    found: list[date | None] = []
    for text, source in zip(texts, sources, strict=True):
        try:
            found.append(julian(text))
        except Unreadable as problem:
            raise BadField(str(problem), source, text) from None
    return found


STEPS: dict[str, Callable[[OpenBill, bytes, int], None]] = {
    "0600": OpenBill._payment,
    "0900": OpenBill._premise,
    "1100": OpenBill._agreement,
    "1300": OpenBill._segment,
    "1700": OpenBill._charge,
    "1800": OpenBill._tax,
    "2400": OpenBill._usage_total,
    "3400": OpenBill._adjustment,
}
"""Kind of record → what it means to the open bill. Raises `BadField`."""
