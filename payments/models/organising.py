"""Tags and groups: how AP staff arrange invoices."""

from __future__ import annotations

import uuid

from django.db import models


class Tag(models.Model):
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "name"], name="one_tag_per_name"),
            models.UniqueConstraint(fields=["id", "customer"], name="tag_of_customer"),
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceTag(models.Model):
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "tag"], name="tagged_once")]


class InvoiceGroup(models.Model):
    """A named set of invoices that a clerk keeps together."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "name"], name="one_group_per_name"),
            models.UniqueConstraint(fields=["id", "customer"], name="group_of_customer"),
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceGroupMember(models.Model):
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(InvoiceGroup, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "invoice"], name="in_a_group_once")]
