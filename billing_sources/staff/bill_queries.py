"""The bills that a file brought, and what is on one of them, for the carrier's engineers. Call inside `carrier()`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from billing_sources.lineage.record import RecordPage, Source, record_page, taxes_in_order
from billing_sources.models import Charge, ImportFile, Invoice, TaxItem
from billing_sources.staff.figures import count, money

BILLS_SHOWN = CHARGES_SHOWN = 200

_STATES = {
    "published": ("Published", "good"),
    "held": ("Account not linked", "warn"),
    "waiting": ("Waits for payments in flight", "warn"),
    "superseded": ("Superseded", "off"),
    "shadow": ("In the shadow", "info"),
}


@dataclass(frozen=True)
class BillRow:
    url: str
    record_url: str
    number: str
    revision: str
    account: str
    customer: str
    amount: str
    word: str
    tone: str


@dataclass(frozen=True)
class FileBills:
    """A page of them; `more_url` is "" on the last."""

    name: str
    url: str
    count: str
    bills: tuple[BillRow, ...]
    more_url: str


@dataclass(frozen=True)
class ItemRow:
    """A charge or a tax of a bill."""

    record_url: str
    label: str
    term: str
    category: str
    amount: str
    note: str


@dataclass(frozen=True)
class BillDetail:
    bill: BillRow
    system: str
    file: str
    file_url: str
    charges: tuple[ItemRow, ...]
    taxes: tuple[ItemRow, ...]
    more_url: str


def get_file_bills(code: UUID, after: int) -> FileBills | None:
    """The bills of a file behind the one with this id, in the order of loading."""
    file = ImportFile.objects.select_related("document").filter(code=code).first()
    if file is None:
        return None
    bills = Invoice.objects.filter(file=file).select_related("account_link", "customer").order_by("pk")
    page = list(bills.filter(pk__gt=after)[: BILLS_SHOWN + 1])
    return FileBills(
        name=file.document.name,
        url=reverse("import_file", args=[code]),
        count=count(bills.count(), "bill"),
        bills=tuple(_bill_row(bill) for bill in page[:BILLS_SHOWN]),
        more_url=_more(page, "pk"),
    )


def get_bill(code: UUID, after: int) -> BillDetail | None:
    """A bill with its charges behind this position."""
    found = Invoice.objects.select_related("account_link", "customer", "system", "file__document")
    bill = found.filter(code=code).first()
    if bill is None:
        return None
    charges = list(Charge.objects.filter(invoice=bill, position__gt=after).order_by("position")[: CHARGES_SHOWN + 1])
    return BillDetail(
        bill=_bill_row(bill),
        system=bill.system.name,
        file=bill.file.document.name,
        file_url=reverse("file_bills", args=[bill.file.code]),
        charges=tuple(_charge_row(bill, charge) for charge in charges[:CHARGES_SHOWN]),
        taxes=tuple(_tax_row(bill, place, tax) for place, tax in enumerate(taxes_in_order(bill), 1)),
        more_url=_more(charges, "position"),
    )


def get_charge_record(code: UUID, position: int) -> RecordPage | None:
    """Of the charge at this position, or (0) of the bill itself."""
    bill = _with_source(code)
    if bill is None or position == 0:
        return _record(bill, None)
    charge = Charge.objects.filter(invoice=bill, position=position).first()
    return _record(bill, charge) if charge else None


def get_tax_record(code: UUID, place: int) -> RecordPage | None:
    bill = _with_source(code)
    tax = dict(enumerate(taxes_in_order(bill), 1)).get(place) if bill else None
    return _record(bill, tax) if tax else None


def _with_source(code: UUID) -> Invoice | None:
    return Invoice.objects.select_related("system", "account_link", "file__document").filter(code=code).first()


def _record(bill: Invoice | None, item: Charge | TaxItem | None) -> RecordPage | None:
    if bill is None:
        return None
    document = bill.file.document
    source = Source(document.name, document.sha256, document.received_at, bill.file.vocabulary_version)
    return record_page(bill, item, source, reverse("carrier_bill", args=[bill.code]))


def _bill_row(bill: Invoice) -> BillRow:
    word, tone = _STATES[bill.state]
    return BillRow(
        url=reverse("carrier_bill", args=[bill.code]),
        record_url=reverse("carrier_charge_record", args=[bill.code, 0]),
        number=bill.number,
        revision=f"revision {bill.revision}" if bill.revision > 1 else "",
        account=bill.account_link.external_id,
        customer=bill.customer.name if bill.customer else "",
        amount=money(bill.amount_due, bill.currency),
        word=word,
        tone=tone,
    )


def _charge_row(bill: Invoice, charge: Charge) -> ItemRow:
    notes = ("" if charge.is_mapped else "unknown term", "for information" if charge.is_information_only else "")
    return ItemRow(
        record_url=reverse("carrier_charge_record", args=[bill.code, charge.position]),
        label=charge.description or charge.source_term,
        term=charge.source_term,
        category=charge.category.replace("_", " "),
        amount=money(charge.amount, bill.currency),
        note=", ".join(note for note in notes if note),
    )


def _tax_row(bill: Invoice, place: int, tax: TaxItem) -> ItemRow:
    return ItemRow(
        record_url=reverse("carrier_tax_record", args=[bill.code, place]),
        label=tax.category,
        term=tax.jurisdiction,
        category="tax",
        amount=money(tax.amount, bill.currency),
        note="" if tax.is_included else "for information",
    )


def _more(page: Sequence[Any], key: str) -> str:
    """One more than is shown was asked for: there are more behind the last that is shown."""
    return f"?after={getattr(page[BILLS_SHOWN - 1], key)}" if len(page) > BILLS_SHOWN else ""
