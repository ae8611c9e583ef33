"""Usage as received: the calls, messages and sessions behind the charges, in a partition for each month of billing."""

from __future__ import annotations

from django.db import models

from billing_sources.models.invoices import Invoice
from portal.amount_field import AmountField


class UsageRecord(models.Model):
    """One record of a bill, at its source's precision. It explains the charge at `charge` and is added to nothing.

    The partitions are made by `make_usage_month` (migrations/0013_usage.py); the table's trigger stands in for foreign
    keys: a record has its invoice's customer and date.
    """

    pk = models.CompositePrimaryKey("invoice", "position")
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    billed_on = models.DateField()  # the invoice's: says the partition
    position = models.IntegerField()  # order within the bill
    charge = models.IntegerField()  # position of the charge it explains; 0 where the source does not say
    started_at = models.DateTimeField()  # `timestamp` without zone: what the source prints
    kind = models.TextField(blank=True)
    service = models.TextField(blank=True)
    other_party = models.TextField(blank=True)
    quantity = AmountField(null=True)
    unit = models.TextField(blank=True)
    amount = AmountField()
    origin = models.TextField(blank=True)
