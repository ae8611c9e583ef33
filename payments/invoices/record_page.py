"""The raw record behind a charge, a tax or a bill, for the customer whose bill it is. Called inside `acting(actor)`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse

from billing_sources.lineage.record import RecordPage, Source, record_page, taxes_in_order
from billing_sources.models import Charge, Invoice, TaxItem
from payments.invoices.queries import revisions_visible_to
from portal.actor import Actor


def get_charge_record_for(actor: Actor, code: UUID, position: int) -> RecordPage | None:
    """Of the charge at this position, or (0) of the bill itself; None where there is nothing for this actor to see."""
    invoice = _invoice(actor, code)
    if invoice is None or position == 0:
        return _page(invoice, None)
    charge = Charge.objects.filter(invoice=invoice, position=position).first()
    return _page(invoice, charge) if charge else None


def get_tax_record_for(actor: Actor, code: UUID, place: int) -> RecordPage | None:
    """Of a tax, by its place among those of the invoice, from 1."""
    invoice = _invoice(actor, code)
    tax = dict(enumerate(taxes_in_order(invoice), 1)).get(place) if invoice else None
    return _page(invoice, tax) if tax else None


def source_of(invoice: Invoice) -> Source | None:
    """Files belong to the carrier; the database says of this one what its customer may know."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sha256, received_at, vocabulary_version FROM invoice_lineage(%s)", [invoice.pk])
        found: Any = cursor.fetchone()
    return Source(*found) if found else None


def _invoice(actor: Actor, code: UUID) -> Invoice | None:
    found = Invoice.objects.select_related("system").filter(revisions_visible_to(actor), code=code)
    return found.first()


def _page(invoice: Invoice | None, item: Charge | TaxItem | None) -> RecordPage | None:
    source = source_of(invoice) if invoice else None
    if invoice is None or source is None:
        return None
    return record_page(invoice, item, source, reverse("invoice", args=[invoice.code]))
