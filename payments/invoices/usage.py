"""Where the usage behind a charge is. Called inside `acting(actor)`."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from billing_sources.models import Charge, Invoice, UsageRecord


def usage_of(invoice: Invoice) -> QuerySet[UsageRecord]:
    """The invoice's records, in its month alone. Row security names the customer, who leads their index."""
    return UsageRecord._default_manager.filter(invoice=invoice, billed_on=invoice.billed_on)


def positions_with_usage(invoice: Invoice) -> set[int]:
    """Positions of the charges that there are records behind: one probe of the index each."""
    behind = Exists(usage_of(invoice).filter(charge=OuterRef("position")))
    return set(Charge.objects.filter(behind, invoice=invoice).values_list("position", flat=True))


def usage_url(invoice: Invoice, charge: int) -> str:
    """The page of a charge's records; 0: of those that name no charge."""
    return reverse("invoice_usage", args=[invoice.code, charge])
