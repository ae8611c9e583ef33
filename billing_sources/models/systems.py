"""Billing systems, their cycles, and which customer an external account belongs to."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class BillingSystem(models.Model):
    """A source; `key` names its adapter in the registry."""

    key = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class BillCycle(models.Model):
    """When a system bills: cycle `code` closes on `day` of each month, its file is due that night."""

    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=12)
    day = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "code"], name="one_cycle_per_code"),
            models.CheckConstraint(condition=models.Q(day__range=(1, 28)), name="a_cycle_day_every_month_has"),
        ]


class AccountLink(models.Model):
    """An account as a billing system knows it, and the node of a customer's tree that it belongs to.

    A new one is held for a person: `account` stays empty until the carrier's staff links it.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=80)
    parent_external_id = models.CharField(max_length=80, blank=True)
    level = models.TextField(blank=True)
    name = models.TextField(blank=True)
    buyer = models.TextField(blank=True, db_default="")  # as the bill that first spoke of it names its buyer
    buyer_id = models.TextField(blank=True, db_default="")
    address = models.TextField(blank=True, db_default="")  # where it stands, else its buyer's
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("customers.Account", on_delete=models.PROTECT, null=True, related_name="+")
    first_seen_at = models.DateTimeField()
    linked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    linked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "external_id"], name="one_link_per_external_account"),
            models.CheckConstraint(
                condition=models.Q(account=None, customer=None)
                | models.Q(account__isnull=False, customer__isnull=False),
                name="linked_wholly_or_not",
            ),
        ]
