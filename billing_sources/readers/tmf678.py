"""Pages of TMF678 CustomerBill, versions 4 and 5, to canonical invoices (formats.md §1.8 and §4.1). Pure.

A page of bills comes first, then the pages that belong to it: their charges, and where the server offers them their
bill cycles, accounts and usage. One such group is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO

from billing_sources.adapter import Adapter, FieldMap, Parsed
from billing_sources.canonical import ControlTotals, Issue
from billing_sources.readers.terms import Terms
from billing_sources.readers.tmf_bill import BillReading
from billing_sources.readers.tmf_charges import ChargeReading
from billing_sources.readers.tmf_group import Group
from billing_sources.readers.tmf_records import Record, decoded, loose, one_by_one
from billing_sources.readers.tmf_shape import Shape
from billing_sources.readers.tmf_usage import UsageReading
from billing_sources.transports.pages import End, Page, read_pages

RESOURCES = ("customerBill", "appliedCustomerBillingRate", "billCycle", "billingAccount", "usage")


def read_bills(file: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    """Raises `FileRejected`: TMF-PAGES, TMF-JSON."""
    reading = _Reading(adapter)
    for page in read_pages(file):
        if isinstance(page, End) or page.resource == "customerBill":
            yield from reading.finish()
        if isinstance(page, End):
            yield ControlTotals(bills=page.total)
        else:
            reading.add(page)
    yield from reading.finish()


class _Reading:
    """One pass over one file."""

    def __init__(self, adapter: Adapter) -> None:
        self._shapes = shapes_of(adapter.mapping)
        self._charges = ChargeReading(self._shapes["appliedCustomerBillingRate"], Terms(adapter.vocabulary))
        self._usage = UsageReading(self._shapes["usage"])
        self._bills = BillReading(adapter.key, self._shapes)
        self._group = Group()

    def add(self, page: Page) -> None:
        shape = self._shapes.get(page.resource)
        if page.resource and shape is None:
            return
        values = decoded(page, shape) if shape else None
        if values is not None:
            self._add_all(page.resource, page.number, enumerate(values, 1))
            return
        for item, record in one_by_one(page, self._shapes):
            if record.value is None:
                _note_ill(self._group, record, f"page {page.number}, item {item}")
            else:
                self._add_all(record.resource, page.number, [(item, record.value)])

    def _add_all(self, resource: str, page: int, values: Iterable[tuple[int, Any]]) -> None:
        """Values with their place on the page, all of one resource."""
        group = self._group
        if resource == "appliedCustomerBillingRate":
            for item, value in values:
                self._charges.add(group, value, page, item)
        elif resource == "customerBill":
            group.bills += [(f"page {page}, item {item}", value) for item, value in values]
        elif resource == "usage":
            for item, value in values:
                self._usage.add(group, value, f"page {page}, item {item}")
        else:
            group.others[resource] |= {value.id: value for _, value in values}

    def finish(self) -> Iterator[Parsed]:
        """The bills of the group, and what belongs to none of them."""
        group, self._group = self._group, Group()
        known = set()
        for origin, bill in group.bills:
            known.add(bill.id)
            yield self._bills.read(bill, origin, group)
        yield from group.issues
        strays = group.charges.keys() - known
        if strays:
            origin = group.charges[min(strays)][0].charge.origin
            found = f"{len(strays)} other bills: {', '.join(sorted(strays)[:3])}"
            yield Issue("TMF-STRAY", origin, "charge.bill", "charges of the bills before them", found, is_fatal=False)


@lru_cache(maxsize=8)
def shapes_of(mapping: tuple[FieldMap, ...]) -> dict[str, Shape]:
    """Raises ValueError or KeyError for rows that cannot drive the reading: a mapping is code and fails at once."""
    return {resource: Shape.of(resource, mapping) for resource in RESOURCES}


def _note_ill(group: Group, record: Record, position: str) -> None:
    """An ill bill is an issue in its place; an ill charge holds its bill; what only adds to them is noted."""
    where = _ids(loose(record.raw))
    is_bill = record.resource == "customerBill"
    number = where["number"] or position if is_bill else where["number"]
    said = (record.resource, "as the API publishes it", record.flaw)
    if record.resource == "appliedCustomerBillingRate" and where["bill"]:
        group.note(where["bill"], "TMF-VALUE", position, said, fatal=True)
    else:
        group.issues.append(Issue("TMF-VALUE", position, *said, number, is_bill))


def _ids(value: object) -> dict[str, str]:
    """Who an ill record is, as far as it says."""
    record = value if isinstance(value, dict) else {}
    bill = record.get("bill") or record.get("customerBill")
    number = record.get("billNo") or record.get("id")
    return {"number": str(number or ""), "bill": str(bill.get("id") or "") if isinstance(bill, dict) else ""}
