"""Tags and groups: how AP staff arrange invoices."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q

from payments.models.runs import Payment
from portal.amount_field import AmountField

FOREVER: Final = date.max  # the end of what has not ended


class Tag(models.Model):
    """A word of the customer's own. One that was merged or removed gives its name free; what was said with it before
    (a group's rule) reads as `merged_into`."""

    code = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "name"], condition=Q(removed_at=None), name="one_living_tag_per_name"
            ),
            models.UniqueConstraint(fields=["id", "customer"], name="tag_of_customer"),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(removed_at__isnull=False), name="merged_tag_is_removed"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InvoiceTag(models.Model):
    """A tag that stands on the invoice itself. What it has from the nodes above as well: view `payments_tagged`."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "tag"], name="tagged_once")]


class AccountTag(models.Model):
    """A tag on a node of the tree: bills issued from `from_on` up to, not on, `until_on` have it, of this node and of
    all that stood below it on their day."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("customers.Account", on_delete=models.PROTECT, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField()
    until_on = models.DateField(default=FOREVER, db_default=FOREVER)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "tag"], condition=Q(ended_at=None), name="a_node_has_a_tag_once"
            ),
            models.CheckConstraint(condition=Q(from_on__lte=F("until_on")), name="tag_ends_after_it_began"),
        ]


class InvoiceGroup(models.Model):
    """A named set of invoices: the rule in force on a bill's issue day, with pins and without exclusions.

    It carries what its invoices are paid with unless somebody says otherwise. `position`: an invoice of several groups
    follows the first. `days_before_due`: how long before the due date it is paid; null: that is not said.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    position = models.PositiveIntegerField(default=0, db_default=0)
    method = models.CharField(max_length=12, choices=Payment.Method.choices, blank=True, db_default="")
    reference = models.CharField(max_length=30, blank=True, db_default="")
    days_before_due = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "name"], name="one_group_per_name"),
            models.UniqueConstraint(fields=["id", "customer"], name="group_of_customer"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupApprover(models.Model):
    """Who approves what is paid of the group, unless somebody says otherwise."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(InvoiceGroup, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="approves_a_group_once")]


class GroupRule(models.Model):
    """A version of a group's rule, for bills issued from `effective_on` on; rows are never changed.

    An invoice must meet every field that says something, by any one of its values. One that says nothing at all holds
    nothing. `due_day_*` are days of the month; 25 to 5 goes over its end.
    """

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(InvoiceGroup, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    effective_on = models.DateField()
    nodes = ArrayField(models.BigIntegerField(), default=list)
    tags = ArrayField(models.BigIntegerField(), default=list)
    systems = ArrayField(models.BigIntegerField(), default=list)
    cycles = ArrayField(models.CharField(max_length=12), default=list)
    categories = ArrayField(models.CharField(max_length=16), default=list)
    currencies = ArrayField(models.CharField(max_length=3), default=list)
    due_from = models.DateField(null=True)
    due_to = models.DateField(null=True)
    due_day_from = models.PositiveSmallIntegerField(null=True)
    due_day_to = models.PositiveSmallIntegerField(null=True)
    amount_from = AmountField(null=True)
    amount_to = AmountField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "number"], name="one_rule_per_number")]


class InvoiceGroupMember(models.Model):
    """An invoice that somebody pinned to a group, or keeps out of it (`is_excluded`), whatever the rule says; in force
    from `since_on` up to, not on, `until_on`."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(InvoiceGroup, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    is_excluded = models.BooleanField(default=False, db_default=False)
    since_on = models.DateField()
    until_on = models.DateField(null=True)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "invoice"], condition=Q(until_on=None), name="in_a_group_once")
        ]
