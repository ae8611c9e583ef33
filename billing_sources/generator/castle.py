"""Writes a cycle as a Castle extract: EBCDIC records behind RDWs, five tiers, and its control file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from billing_sources.canonical import Category, ControlTotals
from billing_sources.generator.bill import Balance, Bill, Charge, Minor, Tax
from billing_sources.generator.carrier import MERIDIAN_INC, Site
from billing_sources.generator.castle_faults import FILE_FAULTS, OWN_FAULTS, RULES, SPOILS
from billing_sources.generator.dice import Dice
from billing_sources.generator.ebcdic import encoded, record
from billing_sources.generator.figures import creditor_reference, text_of
from billing_sources.generator.format import AccountIds, Format, Market, Numbering, Writer
from billing_sources.readers.castle_bill import REBILL
from billing_sources.readers.castle_control import written
from billing_sources.readers.castle_records import CODEC, RECORDS

if TYPE_CHECKING:
    from billing_sources.generator.plan import CycleOrder

Value = str | int | Decimal
"""Of a field: an int counts in units of its last digit."""

_TERMS = {
    Category.RECURRING: "MRC",
    Category.USAGE: "USG",
    Category.ONE_TIME: "NRC",
    Category.EQUIPMENT: "MRC",
    Category.DISCOUNT: "DSC",
    Category.LATE_FEE: "LPC",
    Category.SURCHARGE: "OCC",
}
_USOC = {"EQ": "EQRENT"}
_AUTHORITIES = {"ST": "1", "CT": "2", "CS": "3"}
_NUMBER = re.compile(r"C[0-9]{1,2}([0-9]{2})([0-9]{3})([0-9A-Z]{4})")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HASH_OF = 10**15
_MOST_RATE = 10**10


class Extract:
    """One file. Half of the runs write their run record last, as an extract does that nobody sorted."""

    def __init__(self, order: CycleOrder) -> None:
        self._order = order
        self._is_run_last = Dice(order.seed, "castle", order.cycle, "sorted").percent(50)
        self._is_rerun = "rerun" in order.faults
        self._bills = self._records = self._hash = 0
        self._total: Minor = 0

    def head(self) -> bytes:
        """Nothing: the run record must say whether this is a rerun, and the first bill tells."""
        return b""

    def bill(self, bill: Bill) -> bytes:
        self._is_rerun = self._is_rerun or bill.is_corrected
        begins = not self._bills and not self._is_run_last
        self._bills += 1
        self._total += bill.due
        self._hash += int("".join(filter(str.isdecimal, bill.account.external_id)))
        is_rebill = self._bills == 2 and "unknown_rebill" in self._order.faults
        lines = list(_Lines(bill, is_rebill).records())
        self._records += len(lines) + begins
        return (self._run(0) if begins else b"") + b"".join(map(record, lines))

    def tail(self, false_count: int = 0) -> bytes:
        """The trailer, whose hash total is one too much where that is to be planted."""
        last = self._run(self._bills) if self._is_run_last or not self._bills else b""
        self._records += 1 + bool(last)
        hashed = (self._hash + ("wrong_hash" in self._order.faults)) % _HASH_OF
        end = body("9999", {}, self._bills + false_count, self._records, self._total, hashed)
        return last + record(end)

    def control(self, sha256: str) -> bytes:
        return written(ControlTotals(self._bills, Decimal(text_of(self._total)), self._records, sha256))

    def _run(self, bills: int) -> bytes:
        order = self._order
        batch = f"{order.billed_on:%y%m%d}{order.cycle:0>2}"
        currency = (order.currencies or CASTLE.currencies)[0]
        rerun = int(self._is_rerun)
        return record(body("0010", {}, "CASTLE01", batch, rerun, order.cycle, _day(order.billed_on), currency, bills))


class _Lines:
    """The records of one bill, top down."""

    def __init__(self, bill: Bill, is_rebill: bool) -> None:
        self._bill, self._is_rebill = bill, is_rebill
        self._key: dict[str, Value] = {"BILL-ID": bill.number}
        self._line = self._segment = 0

    def records(self) -> Iterator[bytes]:
        bill = self._bill
        before = [self._heading(), *self._balance(bill.balance), *self._adjustments(), *self._rebill()]
        sites = (found for site in bill.account.sites for found in self._premise(site))
        whole = [*before, *sites]
        yield from whole
        self._key = {"BILL-ID": bill.number}
        yield self._of("9990", len(whole) + 1, bill.current)

    def _heading(self) -> bytes:
        bill, account = self._bill, self._bill.account
        kind = "RB" if self._is_rebill else "CN" if bill.form == "credit_note" else "IN"
        balance = bill.balance or Balance(0, 0, 0, 0)
        days = map(_day, (bill.billed_on, bill.due_on, bill.period_start, bill.period_end))
        adjustments = balance.adjustments + balance.transferred
        amounts = balance.previous, balance.payments, adjustments, bill.current, bill.due
        who = account.external_id, account.master, account.customer.name
        return self._of("0100", *who, *days, kind, *amounts, creditor_reference(bill.number))

    def _balance(self, balance: Balance | None) -> Iterator[bytes]:
        bill = self._bill
        if balance is None:
            return
        if balance.payments:
            yield self._of("0600", _day(bill.billed_on - timedelta(days=9)), balance.payments, f"LBX{bill.number}")
        month_before, counter = bill.period_start, NUMBERING.read(bill.number)[1]
        original = NUMBERING.write(f"C{bill.account.cycle}", month_before, counter)
        named = (("CRD", "Credit on an earlier bill", balance.adjustments), ("ADJ", "Transferred", balance.transferred))
        for code, text, amount in named:
            if amount:
                yield self._of("3400", code, text, amount, original)

    def _adjustments(self) -> Iterator[bytes]:
        """The bill's own: a credit note's name the bill that they give back a part of."""
        for charge in self._bill.charges:
            if charge.category == Category.ADJUSTMENT:
                self._enter(self._bill.account.site_id(charge.site))
                code = "OUTG" if "outage" in charge.text else "CRD"
                yield self._of("3400", code, charge.text, charge.amount, self._bill.preceding)

    def _rebill(self) -> Iterator[bytes]:
        if self._is_rebill:
            self._key = {"BILL-ID": self._bill.number}
            yield self._of("3400", REBILL, "Replaces", 0, "C000000UNKNO")

    def _premise(self, site: Site) -> Iterator[bytes]:
        charges = [one for one in self._bill.charges if one.site == site and one.category != Category.ADJUSTMENT]
        taxes = [tax for tax in self._bill.taxes if tax.site == site]
        self._enter(self._bill.account.site_id(site))
        place = site.place
        where = f"{place.street}, {place.city} {place.region} {place.postcode}"
        yield self._of("0900", site.name, where, place.area_code)
        for service, found in groupby(sorted(charges, key=attrgetter("service")), key=attrgetter("service")):
            yield from self._agreement(service, list(found))
        yield from map(self._tax, taxes)

    def _agreement(self, service: str, charges: list[Charge]) -> Iterator[bytes]:
        """What belongs to no service stands before the first agreement of its premise."""
        bill = self._bill
        self._segment += 1
        self._key |= {"AGREEMENT": _code("A", bill.account.external_id, service), "SEGMENT": self._segment % 10**4}
        if service:
            yield self._of("1100", service, "BTN" if service.isdigit() else "CKT", _day(bill.period_start))
        amount = sum(charge.amount for charge in charges)
        yield self._of("1300", _day(bill.period_start), _day(bill.period_end), "N", amount)
        for charge in charges:
            yield from self._charge(charge)

    def _charge(self, charge: Charge) -> Iterator[bytes]:
        self._line += 1
        self._key["LINE"] = self._line % 10**5
        usoc = _USOC.get(charge.code, charge.code)
        rate = charge.rate if charge.rate < _MOST_RATE else 0
        figures = charge.quantity * 1000, rate, charge.amount
        yield self._of("1700", _TERMS[charge.category], usoc, charge.text, *figures)
        if charge.category == Category.USAGE:
            calls = max(1, charge.quantity // 4)
            yield self._of("2400", charge.unit, calls, charge.quantity * 10, charge.amount)

    def _tax(self, tax: Tax) -> bytes:
        authority = _AUTHORITIES.get(tax.category, "0")
        base, percent, included = tax.base, Decimal(tax.percent or 0), "Y" if tax.is_included else "N"
        return self._of("1800", authority, tax.jurisdiction, tax.category, base, percent, tax.amount, included)

    def _enter(self, premise: str) -> None:
        self._key = {"BILL-ID": self._bill.number, "PREMISE": premise}

    def _of(self, kind: str, *values: Value) -> bytes:
        return body(kind, self._key, *values)


def body(kind: str, key: dict[str, Value], *values: Value) -> bytes:
    """A record: its key, and then a value for each field of its own."""
    fields = RECORDS[kind].fields
    whole = [kind, *(key.get(name, _EMPTY_KEY[name]) for name in _EMPTY_KEY), *values]
    return b"".join(encoded(picture, value, CODEC) for (_, picture), value in zip(fields.values(), whole, strict=True))


_EMPTY_KEY: dict[str, Value] = {"BILL-ID": "", "PREMISE": "", "AGREEMENT": "", "SEGMENT": 0, "LINE": 0}


def _day(day: date) -> str:
    return f"{day:%Y%j}"


def _base36(number: int, width: int) -> str:
    digits = ""
    while number or len(digits) < width:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def _code(letter: str, *key: object) -> str:
    """Ten characters that stand for something, the same in every month."""
    return letter + _base36(Dice("castle", *key).below(36**6), 9)


def _account_id(cycle: str, customer: str, ordinal: int) -> str:
    """Customer, cycle, account, in the ten places that there are; 0000 is the customer's own."""
    return f"{customer[1:]}{_base36(int(cycle), 1)}{_base36(ordinal, 3)}"


def _write_number(series: str, billed_on: date, counter: int) -> str:
    return f"{series}{billed_on:%y%j}{_base36(counter, 4)}"


def _read_number(number: str) -> tuple[date, int]:
    match = _NUMBER.fullmatch(number)
    if not match:
        raise ValueError(f"not a bill number: {number}")
    return date(2000 + int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1), int(match[3], 36)


def _control(writer: Writer, sha256: str) -> bytes:
    if not isinstance(writer, Extract):
        raise TypeError("the control file of an extract")
    return writer.control(sha256)


NUMBERING = Numbering(_write_number, _read_number)
"""Letter of the system and cycle, year and day, counter in base 36: "C8263262T5", the twelve places of BILL-ID."""

CASTLE = Format(
    key="castle",
    suffix="ebc",
    writer=Extract,
    market=Market.AMERICA,
    currencies=("USD",),
    remit_to=MERIDIAN_INC,
    numbering=NUMBERING,
    account_ids=AccountIds(_account_id, lambda account, position, _name: _code("P", account, position)),
    charges_per_line=240,
    rules=RULES,
    spoils=SPOILS,
    own_faults=OWN_FAULTS,
    file_faults=FILE_FAULTS,
    carries_balances=True,
    control=_control,
    control_suffix=".ctl",
)
