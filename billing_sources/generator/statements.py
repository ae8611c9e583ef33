"""Writes a cycle as echo's statements: pipe-delimited records in three tiers (formats.md, appendix B). Pure.

Whatever a record sums is worked out here from the bill itself. No text of the demo carrier holds a delimiter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from billing_sources.canonical import Category
from billing_sources.generator.bill import Bill, Call, Charge, Tax, total
from billing_sources.generator.carrier import MERIDIAN_INC, Site
from billing_sources.generator.costs import Costs
from billing_sources.generator.faults import EVERYWHERE, UNKNOWN_TERM, hundred_more, substitute
from billing_sources.generator.figures import price_of, text_of
from billing_sources.generator.format import AccountIds, Format, Market, Writer
from billing_sources.generator.numbers import DASHED

if TYPE_CHECKING:
    from billing_sources.generator.plan import CycleOrder

_TYPES = {
    Category.RECURRING: ("MRC", "PLAN"),
    Category.ONE_TIME: ("OCC", "ACT"),
    Category.EQUIPMENT: ("OCC", "EQP"),
    Category.SURCHARGE: ("OCC", "SUR"),
    Category.LATE_FEE: ("OCC", "LPC"),
    Category.DISCOUNT: ("CRD", "DSC"),
    Category.ADJUSTMENT: ("CRD", "SC"),
}
_KINDS = {"MIN": "VOICE", "GB": "DATA", "EA": "MESSAGE", "KWH": "METER"}
_CODES = (
    "120|MRC|Monthly charges",
    "120|USG|Usage charges",
    "120|CRD|Credits",
    "120|OCC|Other charges",
    "130|PLAN|Rate plan",
    "130|VOICE|Voice usage",
    "130|DATA|Data usage",
    "130|MESSAGE|Messages",
    "130|METER|Metered usage",
    "130|ACT|Activation",
    "130|EQP|Equipment",
    "130|SUR|Surcharge",
    "130|LPC|Late payment charge",
    "130|DSC|Discount",
    "130|SC|Service credit",
    "140|ST|State tax",
    "140|CT|County tax",
    "140|CS|City tax",
)


class Statements:
    """One file: `head`, then `bill` for each bill, then `tail`."""

    def __init__(self, billed_on: date, cycle: str) -> None:
        self._day, self._cycle = billed_on, cycle
        self._records = self._bills = self._due = 0

    def head(self) -> bytes:
        return self._bytes([f"0000|BILL|ECHO|WIRELESS|{self._cycle}|E{self._cycle}-{self._day:%Y%m%d}", *_CODES])

    def bill(self, bill: Bill) -> bytes:
        self._bills += 1
        self._due += bill.due
        return self._bytes([_statement(bill), *_carried(bill), *_detail(bill)])

    def tail(self, false_count: int = 0) -> bytes:
        return self._bytes([f"9999|{self._records + 1}|{self._bills + false_count}|{_amount(self._due)}"])

    def _bytes(self, records: Iterable[str]) -> bytes:
        lines = list(records)
        self._records += len(lines)
        return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def _statement(bill: Bill) -> str:
    balance, account = bill.balance, bill.account
    adjusted = balance.adjustments + balance.transferred if balance else 0
    figures = (balance.previous, balance.payments, adjusted, balance.carried) if balance else (0, 0, 0, 0)
    days = (bill.billed_on, bill.period_start, bill.period_end)
    return "|".join(
        ["1000", bill.number, account.external_id, account.name, *map(_day, days)]
        + [_amount(figure) for figure in (*figures, bill.current, bill.due)]
        + [_day(bill.due_on), account.currency]
    )


def _carried(bill: Bill) -> Iterator[str]:
    balance = bill.balance
    if balance and balance.payments:
        yield f"1100|{bill.number}|ACH|{_day(bill.period_end)}|{_amount(balance.payments)}|{bill.number}"
    if balance and balance.adjustments:
        yield f"1200|{bill.number}|ADJ|Adjustment|{_amount(balance.adjustments)}"
    if balance and balance.transferred:
        yield f"1200|{bill.number}|TRF|Balance transferred|{_amount(balance.transferred)}"


def _detail(bill: Bill) -> Iterator[str]:
    """Site by site, then the usage behind all of it."""
    for site in bill.account.sites:
        charges = [charge for charge in bill.charges if charge.site == site]
        taxes = [tax for tax in bill.taxes if tax.is_included and tax.site == site]
        if charges or taxes:
            yield from _account(bill, site, charges, taxes)
    for number, call in enumerate(bill.calls, 1):
        yield _call(bill, number, call, bill.charges[call.charge - 1])


def _account(bill: Bill, site: Site, charges: list[Charge], taxes: list[Tax]) -> Iterator[str]:
    key, place = f"{bill.number}|{bill.account.site_id(site)}", site.place
    address = f"{place.street}||{place.city}|{place.region}|{place.country}|{place.postcode}"
    yield f"2000|{key}|{site.name}|{address}|{_sums(charges, taxes)}"
    for service in dict.fromkeys(charge.service for charge in charges):
        of_service = [charge for charge in charges if charge.service == service]
        if service:
            yield f"3000|{key}|{service}|{site.name}|{_sums(of_service, [])}"
        yield from (_charge(bill, f"{key}|{service}", charge) for charge in of_service)
    for tax in taxes:
        yield f"3200|{key}||{tax.category}|{tax.jurisdiction}|{tax.percent}|{_amount(tax.amount)}"


def _sums(charges: list[Charge], taxes: list[Tax]) -> str:
    """monthly, usage, credits, other, taxes, total"""
    by_type = {code: total(c for c in charges if _types(c)[0] == code) for code in ("MRC", "USG", "CRD", "OCC")}
    taxed = sum(tax.amount for tax in taxes)
    return "|".join(_amount(figure) for figure in (*by_type.values(), taxed, total(charges) + taxed))


def _charge(bill: Bill, key: str, charge: Charge) -> str:
    days = f"{_day(bill.period_start)}|{_day(bill.period_end)}"
    figures = f"{_amount_of(str(charge.quantity))}|{_amount_of(price_of(charge.rate))}|{_amount(charge.amount)}"
    return f"3100|{key}|{'|'.join(_types(charge))}|{charge.text}|{days}|{figures}"


def _call(bill: Bill, number: int, call: Call, charge: Charge) -> str:
    key = f"{bill.number}|{bill.account.site_id(charge.site)}|{call.service}"
    at = f"{_day(call.started_at)}|{call.started_at:%H%M%S}"
    what = f"{call.other_party}|{charge.code}|{call.kind}|O|{_types(charge)[1]}|{call.quantity}|{call.unit}"
    return f"4000|{number}|{key}|{at}|{what}|{_amount_of(price_of(call.amount))}"


def _types(charge: Charge) -> tuple[str, str]:
    if charge.category == Category.USAGE:
        return "USG", _KINDS.get(charge.unit, "METER")
    return _TYPES[charge.category]


def _amount(minor: int) -> str:
    return _amount_of(text_of(minor))


def _amount_of(text: str) -> str:
    """Credits stand in parentheses."""
    return f"({text[1:]})" if text.startswith("-") else text


def _day(day: date) -> str:
    return f"{day:%m%d%Y}"


_RULES = {
    "truncated": "DLM-END",
    "wrong_trailer": "CONTROL-01",
    "wrong_total": "DLM-ROLLUP",
    "bad_date": "DLM-VALUE",
    "bad_amount": "DLM-VALUE",
    "wrong_rollup": "DLM-ROLLUP",
    "wrong_encoding": "TEXT-ENCODING",
    "nul_byte": "TEXT-NUL",
}
_SPOILS = {
    "wrong_total": hundred_more(rb"(1000(?:\|[^|\n]*){10}\|)([0-9]+\.[0-9]+)"),
    "unknown_term": substitute(rb"\|MRC\|PLAN\|", f"|MRC|{UNKNOWN_TERM}|".encode()),
    "bad_date": substitute(rb"(1000(?:\|[^|\n]*){3}\|)[0-9]{4}", rb"\g<1>1341"),
    "bad_amount": substitute(rb"(3100(?:\|[^|\n]*){10}\|)[^|\r\n]+", rb"\g<1>12,5x"),
    "wrong_rollup": hundred_more(rb"(2000(?:\|[^|\n]*){9}\|)([0-9]+\.[0-9]+)"),
    "wrong_encoding": lambda text: text.decode("cp1252").encode(),
    "nul_byte": substitute(rb"3100\|", b"3100|\0"),
}

_WIRELESS = replace(MERIDIAN_INC, name="Meridian Wireless LLC", seller_id="MERIDIANWL")


def _writer(order: CycleOrder) -> Writer:
    """Cycles C1, C2 … are of the cloud accounts. Raises ValueError for faults there: they are made for statements."""
    if not order.cycle.startswith("C"):
        return Statements(order.billed_on, order.cycle)
    if order.faults:
        raise ValueError("faults are planted in statements, not in cost files")
    return Costs("Meridian Cloud LLC")


def _control(writer: Writer, sha256: str) -> bytes:
    """Cost files have a manifest; statements end with their own totals."""
    return writer.control(sha256) if isinstance(writer, Costs) else b""


ECHO = Format(
    key="echo",
    suffix="txt",
    writer=_writer,
    market=Market.AMERICA,
    currencies=("USD",),
    remit_to=_WIRELESS,
    numbering=DASHED,
    account_ids=AccountIds(
        lambda cycle, customer, ordinal: f"W{cycle}{customer}{ordinal:04}",
        lambda account, position, _name: f"{account}-{position:02}",
    ),
    charges_per_line=240,
    rules=EVERYWHERE | _RULES,
    spoils=_SPOILS,
    own_faults={
        "wrong_rollup": "one account's subtotal is 100.00 more than what is below it",
        "wrong_encoding": "one bill is written in UTF-8 where Windows-1252 was agreed",
        "nul_byte": "a NUL byte stands in one bill",
    },
    carries_balances=True,
    calls=4,
    control=_control,
    control_suffix=".manifest",
)
