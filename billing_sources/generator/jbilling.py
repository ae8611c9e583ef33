"""Writes a cycle as a payload of jBilling bills, as ferry's query would. Pure.

Carried debt is a line of type 3, what is sold to a second site a line of type 5, calls are mediation records of their
item, and every seventh amount has the float noise that jBilling leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from billing_sources.canonical import Category
from billing_sources.generator.bill import Bill, Charge, Tax
from billing_sources.generator.carrier import RemitTo
from billing_sources.generator.faults import EVERYWHERE, UNKNOWN_TERM
from billing_sources.generator.format import AccountIds, Format, Market, Spoil
from billing_sources.generator.numbers import DASHED

FERRY_INC = RemitTo("Ferry Internet Inc.", "1", "PO Box 2210", "Portland", "OR", "97208", "US")

_TYPES = {
    1: "item recurring", 2: "tax", 3: "due invoice", 4: "interests", 5: "sub account", 6: "item one-time",
}  # fmt: skip
_ONCE = (Category.ONE_TIME, Category.USAGE, Category.ADJUSTMENT)
_NOISE = Decimal("0.0000000001")
_NOISY = 7  # one charge in so many
_BILLED_AT = time(2, 10)

_Row = dict[str, Any]


class Payload:
    """One file: `head`, then `bill` for each bill, then `tail`."""

    def __init__(self) -> None:
        self._bills = 0
        self._amount = Decimal(0)

    def head(self) -> bytes:
        return _written({"record": "head", "format": "ferry", "version": 1})

    def bill(self, bill: Bill) -> bytes:
        row = _bill(bill)
        self._bills += 1
        self._amount += Decimal(row["invoice"]["total"])
        return _written(row)

    def tail(self, false_count: int = 0) -> bytes:
        return _written({"record": "end", "bills": self._bills + false_count, "amount": f"{self._amount:f}"})


def _bill(bill: Bill) -> _Row:
    account, number = bill.account, _id(bill)
    lines = [{"id": number * 10_000 + place, **line} for place, line in enumerate(_lines(bill), start=1)]
    total = f"{sum((Decimal(line['amount']) for line in lines), Decimal(0)):.10f}"
    carried = bill.balance.carried if bill.balance else 0
    items = [line["item_id"] for line in lines if line["type_id"] != 3]
    return {
        "record": "bill",
        "invoice": {
            "id": number, "public_number": bill.number, "due_date": f"{bill.due_on}", "total": total, "balance": total,
            "create_datetime": f"{bill.billed_on}T{_BILLED_AT}", "carried_balance": _text(carried), "status_id": 27,
            "billing_process_id": bill.billed_on.toordinal(), "deleted": 0,
        },
        "entity": {"id": 1, "description": FERRY_INC.name},
        "base_user": {"id": int(account.external_id), "user_name": f"u{account.external_id}", "name": account.name},
        "parent": {"id": int(account.master), "name": account.customer.name},
        "currency": {"code": account.currency, "symbol": "$"},
        "order_process": {
            "period_start": f"{bill.period_start}", "period_end": f"{bill.period_end + timedelta(days=1)}",
        },
        "carries": [], "lines": lines, "payments": [], "usage": list(_usage(bill, number, items)),
    }  # fmt: skip


def _id(bill: Bill) -> int:
    """Day, cycle, counter: the invoice's id in the whole database."""
    _, counter = DASHED.read(bill.number)
    return int(f"{bill.billed_on:%y%m%d}{bill.account.cycle:0>2}{counter:06}")


def _lines(bill: Bill) -> Iterator[_Row]:
    if bill.balance and bill.balance.carried:
        yield _line(3, _text(bill.balance.carried), "Due invoice")
    for place, charge in enumerate(bill.charges, start=1):
        yield _charge(charge, bill, place)
    for tax in bill.taxes:
        if tax.is_included:
            yield _tax(tax)


def _charge(charge: Charge, bill: Bill, place: int) -> _Row:
    account = bill.account
    is_branch = charge.site in account.sites[1:]
    amount = Decimal(_text(charge.amount)) + (_NOISE if place % _NOISY == 0 else 0)
    is_usage = charge.category == Category.USAGE
    source = account.site_id(charge.site) if is_branch else account.external_id
    price = Decimal(charge.rate).scaleb(-5)
    return _line(5 if is_branch else _type(charge), f"{amount:.10f}", charge.text) | {
        "item": charge.code,
        "item_id": _id(bill) * 10_000 + place if is_usage else crc32(charge.code.encode()),
        "quantity": f"{charge.quantity}.0000000000" if charge.rate else None,
        "price": f"{price:.10f}" if charge.rate else None,
        "source_user_id": int(source),
        "source_user": charge.site.name if is_branch else account.name,
    }


def _type(charge: Charge) -> int:
    if charge.category == Category.LATE_FEE:
        return 4
    return 6 if charge.category in _ONCE else 1


def _tax(tax: Tax) -> _Row:
    return _line(2, _text(tax.amount), tax.jurisdiction or tax.category) | {"is_percentage": 1, "price": tax.percent}


def _line(type_id: int, amount: str, description: str) -> _Row:
    stated = {"type_id": type_id, "type": _TYPES[type_id], "amount": amount, "description": description}
    return {**stated, "item_id": None}


def _usage(bill: Bill, number: int, items: list[int | None]) -> Iterator[_Row]:
    for place, call in enumerate(bill.calls, start=1):
        yield {
            "id": number * 100_000 + place,
            "item_id": items[call.charge - 1],
            "event_date": call.started_at.isoformat(),
            "amount": f"{Decimal(call.amount).scaleb(-5):.10f}",
            "quantity": f"{call.quantity}.0000000000",
            "description": " ".join(filter(None, (call.kind, call.service, call.other_party))),
        }


def _text(minor: int) -> str:
    return f"{Decimal(minor).scaleb(-2):.10f}"


def _written(row: _Row) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _spoilt(change: Callable[[_Row, _Row], None]) -> Spoil:
    """Changes the bill, and the first line of it that is not carried debt."""

    def spoil(text: bytes) -> bytes:
        row = json.loads(text)
        change(row["invoice"], next(line for line in row["lines"] if line["type_id"] != 3))
        return _written(row)

    return spoil


def _less(_invoice: _Row, line: _Row) -> None:
    line["amount"] = f"{Decimal(line['amount']) - 100}"


FERRY = Format(
    key="ferry",
    suffix="jsonl",
    writer=lambda _order: Payload(),
    market=Market.AMERICA,
    currencies=("USD", "CAD", "AUD"),
    remit_to=FERRY_INC,
    numbering=DASHED,
    account_ids=AccountIds(
        lambda cycle, customer, ordinal: f"{customer}{cycle}{ordinal:04}",
        lambda account, position, _name: f"{account}{position:02}",
    ),
    charges_per_line=240,
    rules=EVERYWHERE
    | {
        "truncated": "FERRY-CUT",
        "wrong_trailer": "CONTROL-01",
        "wrong_total": "BR-CO-15",
        "bad_date": "FERRY-VALUE",
        "bad_amount": "FERRY-VALUE",
    },
    spoils={
        "wrong_total": _spoilt(_less),
        "unknown_term": _spoilt(lambda _invoice, line: line.update(type=UNKNOWN_TERM)),
        "bad_date": _spoilt(lambda invoice, _line: invoice.update(create_datetime="2026-13-41T02:10:00")),
        "bad_amount": _spoilt(lambda _invoice, line: line.update(amount="12,5x")),
    },
    carries_balances=True,
    calls=3,
)
