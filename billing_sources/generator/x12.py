"""Writes a cycle as one X12 004010 interchange: 811 statements in one group, 810 invoices in the next. Pure.

The layout follows formats.md §1.1, §1.2 and appendix C: TDS holds the current charges in implied cents, BAL the
chain from the previous balance to the total due. No text of the demo carrier holds a delimiter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from billing_sources.canonical import Category
from billing_sources.generator.bill import Balance, Bill, Charge, Tax
from billing_sources.generator.carrier import MERIDIAN_INC, Account
from billing_sources.generator.companies import Place
from billing_sources.generator.dice import Dice
from billing_sources.generator.faults import EVERYWHERE, UNKNOWN_TERM, hundred_more, substitute
from billing_sources.generator.figures import text_of
from billing_sources.generator.format import AccountIds, Format, Market
from billing_sources.generator.numbers import DASHED
from billing_sources.generator.terms import ATLAS_TERMS


class Delimiters(NamedTuple):
    element: str
    segment: str
    component: str


_VARIANTS = (Delimiters("*", "~", ">"), Delimiters("~", "!", "¦"), Delimiters("*", "~", ":"), Delimiters("|", "!", ">"))
_UNITS = {"MIN": "MJ", "KWH": "KH"}
_SETS = {"statement": ("CI", "811"), "invoice": ("IN", "810"), "credit_note": ("IN", "810")}
_BILL_TYPES = {"statement": "CD", "invoice": "DI", "credit_note": "CR"}


class Interchange:
    """One file. `head`, then `bill` for each bill, statements before invoices, then `tail`."""

    def __init__(self, seed: int, billed_on: date, cycle: str) -> None:
        self._delimiters = Dice(seed, "atlas", cycle, "delimiters").pick(_VARIANTS)
        self._day, self._cycle = billed_on, cycle
        self._control = Dice(seed, "atlas", cycle, billed_on).between(1, 999_999_999)
        self._group = ""
        self._groups = self._sets = 0

    def head(self) -> bytes:
        day, separators = self._day, self._delimiters
        isa = (
            f"ISA*00*          *00*          *ZZ*MERIDIANUS     *ZZ*TRIBUTARY      *{day:%y%m%d}*0230*U*00401"
            f"*{self._control:09}*0*P*{separators.component}"
        )
        return self._bytes([isa])

    def bill(self, bill: Bill) -> bytes:
        functional_group, _ = _SETS[bill.form]
        opening = [] if functional_group == self._group else self._open(functional_group)
        self._sets += 1
        sets = [_transaction(bill, f"{self._sets:04}")]
        if _has_memo(bill):
            self._sets += 1
            sets.append(_memo(bill, f"{self._sets:04}"))
        return self._bytes([*opening, *(segment for body in sets for segment in body)])

    def tail(self, false_count: int = 0) -> bytes:
        """GE and IEA. `false_count` is added to the number of sets, for a file whose trailer is wrong."""
        return self._bytes([*self._close(false_count), f"IEA*{self._groups}*{self._control:09}"])

    def _open(self, functional_group: str) -> list[str]:
        closing = self._close(0)
        self._group, self._sets = functional_group, 0
        self._groups += 1
        day = f"{self._day:%Y%m%d}"
        return [*closing, f"GS*{functional_group}*MERIDIANUS*TRIBUTARY*{day}*0230*{self._groups}*X*004010"]

    def _close(self, false_count: int) -> list[str]:
        return [f"GE*{self._sets + false_count}*{self._groups}"] if self._group else []

    def _bytes(self, segments: list[str]) -> bytes:
        end = f"{self._delimiters.segment}\n"
        return (end.join(segments) + end).replace("*", self._delimiters.element).encode()


def _transaction(bill: Bill, control: str) -> list[str]:
    _, kind = _SETS[bill.form]
    body = _statement(bill) if kind == "811" else _invoice(bill)
    return _enveloped(kind, control, body)


def _memo(bill: Bill, control: str) -> list[str]:
    """The same bill once more, for information: BIG07 ME, no balances, nothing to pay."""
    body = [*_heading(bill, "ME"), f"TDS*{bill.current}", *_tree(bill)]
    return _enveloped("811", control, body)


def _has_memo(bill: Bill) -> bool:
    """Two accounts in a hundred get a memo set beside their statement."""
    return bill.form == "statement" and not bill.is_corrected and Dice(bill.account.external_id, "memo").percent(2)


def _enveloped(kind: str, control: str, body: list[str]) -> list[str]:
    return [f"ST*{kind}*{control}", *body, f"SE*{len(body) + 2}*{control}"]


def _statement(bill: Bill) -> list[str]:
    balances = _balances(bill.balance, bill.due) if bill.balance else []
    return [*_heading(bill, "CD"), f"TDS*{bill.current}", *balances, *_tree(bill)]


def _heading(bill: Bill, bill_type: str) -> list[str]:
    account = bill.account
    preceding = f"{bill.preceding_on:%Y%m%d}*{bill.preceding}" if bill.preceding_on else "*"
    return [
        f"BIG*{bill.billed_on:%Y%m%d}*{bill.number}*{preceding}***{bill_type}{'*05' if bill.is_corrected else ''}",
        *_currency(account),
        f"REF*12*{account.external_id}",
        f"REF*14*{account.master}",
        f"REF*YB*{account.cycle}",
        f"ITD*03*3****{bill.due_on:%Y%m%d}",
        f"DTM*186*{bill.period_start:%Y%m%d}",
        f"DTM*187*{bill.period_end:%Y%m%d}",
        f"N1*PE*{MERIDIAN_INC.name}*91*{MERIDIAN_INC.seller_id}",
        f"N3*{MERIDIAN_INC.street}",
        f"N4*{MERIDIAN_INC.city}*{MERIDIAN_INC.region}*{MERIDIAN_INC.postcode}",
        f"N1*PR*{account.customer.name}*91*{account.customer.number}",
        *_address(account.address),
    ]


def _currency(account: Account) -> list[str]:
    """The dollar goes without saying on one account in three."""
    is_silent = account.currency == "USD" and int(account.external_id) % 3 == 0
    return [] if is_silent else [f"CUR*SE*{account.currency}"]


def _address(place: Place) -> list[str]:
    return [f"N3*{place.street}", f"N4*{place.city}*{place.region}*{place.postcode}"]


def _balances(balance: Balance, due: int) -> list[str]:
    return [
        f"BAL*P*PB*{text_of(balance.previous)}",
        f"BAL*A*NA*{text_of(balance.adjustments)}",
        f"BAL*M*TP*{text_of(balance.payments)}",
        f"BAL*A*BT*{text_of(balance.transferred)}",
        f"BAL*M*TT*{text_of(due)}",
    ]


class _Levels:
    """Numbers the HL segments and collects what stands below them."""

    def __init__(self) -> None:
        self.segments: list[str] = []
        self._count = 0

    def open(self, parent: int | str, level: int, has_children: int, *segments: str) -> int:
        self._count += 1
        self.segments.append(f"HL*{self._count}*{parent}*{level}*{has_children}")
        self.segments += segments
        return self._count


def _tree(bill: Bill) -> list[str]:
    """Provider, billing arrangement, sub-arrangement or group of each site, category, charge, usage detail."""
    levels, account = _Levels(), bill.account
    provider = levels.open("", 1, 1, "LX*1", "NM1*SJ*2*MERIDIAN NETWORKS INC", "PER*BI**TE*8005550142")
    arrangement = levels.open(provider, 2, 1, "LX*1", f"REF*11*{account.external_id}", f"NM1*SJ*2*{account.name}")
    for number, site in enumerate(account.sites, start=1):
        charges = [charge for charge in bill.charges if charge.site == site]
        if charges:
            level = 3 if len(account.sites) > 1 else 4
            taxes = (_tax(tax) for tax in bill.taxes if tax.site == site)
            node = levels.open(
                arrangement,
                level,
                1,
                f"LX*{number}",
                f"REF*11*{account.site_id(site)}",
                f"NM1*SJ*2*{site.name}",
                *taxes,
            )
            _site_charges(levels, node, charges, bill)
    return levels.segments


def _site_charges(levels: _Levels, site: int, charges: Iterable[Charge], bill: Bill) -> None:
    ordered = sorted(charges, key=attrgetter("category"))
    for category, group in groupby(ordered, key=attrgetter("category")):
        heading = levels.open(site, 5, 1, "LX*1", f"PID*F****{ATLAS_TERMS[category]}")
        for charge in group:
            detail = int(charge.category == Category.USAGE)
            number = levels.open(heading, 8, detail, *_item(charge))
            if detail:
                levels.open(number, 9, 0, *_usage_detail(charge, bill))


def _item(charge: Charge) -> Iterator[str]:
    """M4: the fourth element is the extended amount, which the quantity must not multiply."""
    yield f"IT1**{abs(charge.quantity)}*M4*{text_of(charge.amount)}**SV*{charge.code}"
    yield f"PID*F****{charge.text}"
    if charge.service:
        yield f"REF*{'TN' if charge.service.isdigit() else 'IK'}*{charge.service}"


def _usage_detail(charge: Charge, bill: Bill) -> Iterator[str]:
    yield f"QTY*99*{charge.quantity}*{_UNITS.get(charge.unit, charge.unit)}"
    yield f"DTM*150*{bill.period_start:%Y%m%d}"
    yield f"DTM*151*{bill.period_end:%Y%m%d}"


def _tax(tax: Tax) -> str:
    where = f"VD*{tax.jurisdiction}" if tax.jurisdiction else "*"
    relation = "A" if tax.is_included else "O"
    return f"TXI*{tax.category}*{text_of(tax.amount)}*{tax.percent}*{where}**{relation}*{text_of(tax.base)}"


def _invoice(bill: Bill) -> list[str]:
    """Lines, total, taxes; a discount stands behind the total, as an allowance on the whole bill."""
    allowances = [charge for charge in bill.charges if charge.category == Category.DISCOUNT]
    lines = [charge for charge in bill.charges if charge.category != Category.DISCOUNT]
    return [
        *_heading(bill, _BILL_TYPES[bill.form]),
        *(segment for number, charge in enumerate(lines, start=1) for segment in _line(number, charge)),
        f"TDS*{bill.current}",
        *(_tax(tax) for tax in bill.taxes),
        *(f"SAC*A*F800***{-charge.amount}**********{charge.text}" for charge in allowances),
        f"CTT*{len(lines)}",
    ]


def _line(number: int, charge: Charge) -> Iterator[str]:
    """Quantity, unit and price where the price is exact in cents, else the extended amount."""
    codes = f"SV*{charge.code}*ZZ*{ATLAS_TERMS[charge.category]}"
    if charge.rate % 1000:
        yield f"IT1*{number}*{charge.quantity}*M4*{text_of(charge.amount)}**{codes}"
    else:
        unit = _UNITS.get(charge.unit, charge.unit)
        yield f"IT1*{number}*{charge.quantity}*{unit}*{text_of(charge.rate // 1000)}**{codes}"
    yield f"PID*F****{charge.text}"


_RULES = {
    "truncated": "X12-IEA",
    "wrong_trailer": "X12-GE01",
    "wrong_total": "BR-CO-15",
    "bad_date": "X12-VALUE",
    "bad_amount": "X12-VALUE",
}
_SPOILS = {
    "wrong_total": hundred_more(rb"(TDS[*~|])(-?[0-9]+)"),
    "unknown_term": substitute(ATLAS_TERMS[Category.RECURRING].encode(), UNKNOWN_TERM.encode()),
    "bad_date": substitute(rb"(BIG[*~|][0-9]{4})[0-9]{4}", rb"\g<1>1341"),
    "bad_amount": substitute(rb"(IT1[*~|][0-9]*[*~|][0-9]*[*~|][A-Z0-9]+[*~|])[-0-9.]+", rb"\g<1>12,5x"),
}

ATLAS = Format(
    key="atlas",
    suffix="x12",
    writer=lambda order: Interchange(order.seed, order.billed_on, order.cycle),
    market=Market.AMERICA,
    currencies=("USD",),
    remit_to=MERIDIAN_INC,
    numbering=DASHED,
    # Thirteen digits with a leading zero, that a spreadsheet would eat
    account_ids=AccountIds(
        lambda cycle, customer, ordinal: f"{cycle}{customer}{ordinal:04}",
        lambda account, position, _name: f"{account}-{position:02}",
    ),
    charges_per_line=240,
    rules=EVERYWHERE | _RULES,
    spoils=_SPOILS,
    carries_balances=True,
)
