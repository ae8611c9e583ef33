"""Writes a cycle as pages of TM Forum resources: bills, charges, cycles, accounts, usage (formats.md §1.8). Pure.

Cycles of odd codes are version 4, the others version 5, as with a carrier on its way from one to the other. Each bill
is a page with the pages that belong to it; `portal.demo.delta_api` serves them in pages of any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from billing_sources.generator import tmf_resources as resources
from billing_sources.generator.bill import Bill
from billing_sources.generator.carrier import MERIDIAN_OY
from billing_sources.generator.faults import EVERYWHERE, UNKNOWN_TERM, hundred_more, substitute
from billing_sources.generator.format import AccountIds, Format, Market, Spoil
from billing_sources.generator.numbers import DASHED
from billing_sources.transports.pages import FIRST_LINE, End, Page, end_bytes, page_bytes, read_pages

if TYPE_CHECKING:
    from billing_sources.generator.plan import CycleOrder

_json = msgspec.json.Encoder(decimal_format="number")


class Pages:
    """One file: `head`, then `bill` for each bill, then `tail`."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._pages = self._bills = 0

    def head(self) -> bytes:
        return FIRST_LINE

    def bill(self, bill: Bill) -> bytes:
        self._bills += 1
        pages = list(self._pages_of(bill))
        self._pages += len(pages)
        return b"".join(pages)

    def tail(self, false_count: int = 0) -> bytes:
        """`false_count` is added to the number of bills that the server promised."""
        return end_bytes(End(self._pages, self._bills + false_count))

    def _pages_of(self, bill: Bill) -> Iterator[bytes]:
        version = self._version
        yield _page("customerBill", [resources.customer_bill(bill, version)])
        yield _page("appliedCustomerBillingRate", list(resources.applied_rates(bill, version)))
        if version > 4:
            yield _page("billCycle", [resources.bill_cycle(bill)])
        yield _page("billingAccount", [resources.billing_account(bill, version)])
        if bill.calls:
            yield _page("usage", list(resources.usages(bill)))


def _page(resource: str, records: list[dict[str, Any]]) -> bytes:
    return page_bytes(resource, 0, _json.encode(records))


def _within(spoil: Spoil) -> Spoil:
    """A fault in the first body that it changes; the frame around it stays true."""

    def change(group: bytes) -> bytes:
        pages = [page for page in read_pages(BytesIO(FIRST_LINE + group + _end_of(group))) if isinstance(page, Page)]
        spoilt = [(page, spoil(page.body)) for page in pages]
        at = next((place for place, (page, body) in enumerate(spoilt) if body != page.body), -1)
        return b"".join(
            page_bytes(page.resource, page.offset, body if place == at else page.body)
            for place, (page, body) in enumerate(spoilt)
        )

    return change


def _end_of(group: bytes) -> bytes:
    return end_bytes(End(len(re.findall(rb"^[A-Za-z]+ \d+ \d+$", group, re.MULTILINE)), None))


_RULES = {
    "truncated": "TMF-PAGES",
    "wrong_trailer": "CONTROL-01",
    "wrong_total": "BR-CO-13",
    "bad_date": "TMF-DATE",
    "bad_amount": "TMF-VALUE",
}
_KIND = rb'("(?:type|appliedBillingRateType)":)"recurringCharge","name":"[^"]*"'
_TERM = f'"{UNKNOWN_TERM}","name":"{UNKNOWN_TERM}"'.encode()
_SPOILS = {
    "wrong_total": _within(hundred_more(rb'("billNo".*?"taxExcludedAmount":\{"unit":"EUR","value":)(-?[0-9.]+)')),
    "unknown_term": _within(substitute(_KIND, rb"\g<1>" + _TERM)),
    "bad_date": _within(substitute(rb'("billDate":"[0-9]{4}-)[0-9]{2}-[0-9]{2}', rb"\g<1>13-41")),
    "bad_amount": _within(
        substitute(rb'("isBilled".*?"taxExcludedAmount":\{"unit":"EUR","value":)-?[0-9.]+', rb'\g<1>"12,5x"')
    ),
}


def _version(order: CycleOrder) -> int:
    return 4 if order.cycle.isdecimal() and int(order.cycle) % 2 else 5


def _account_id(cycle: str, customer: str, ordinal: int) -> str:
    return f"BA-{customer}-{cycle}{ordinal:04}" if ordinal else f"CU-{customer}"


DELTA = Format(
    key="delta",
    suffix="pages",
    writer=lambda order: Pages(_version(order)),
    market=Market.EUROPE,
    currencies=("EUR",),
    remit_to=MERIDIAN_OY,
    numbering=DASHED,
    account_ids=AccountIds(
        _account_id, lambda account, position, _name: f"P-{account.removeprefix('BA-')}-{position:02}"
    ),
    charges_per_line=180,
    rules=EVERYWHERE | _RULES,
    spoils=_SPOILS,
)
