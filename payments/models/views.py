"""How people like to look at the invoices: saved views, and lists of values that a filter is made of."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class SavedView(models.Model):
    """The address of a list, under a name: its canonical query string without a page. `user` alone changes it;
    others of the customer find it when it `is_shared`."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    is_shared = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user", "name"], name="one_view_per_name"),
            models.UniqueConstraint(fields=["id", "customer"], name="view_of_customer"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view that a person's list opens with."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "user"], name="one_default_view")]


class ValueList(models.Model):
    """Values of one column that somebody pasted, for an address to name: `key` is the beginning of their hash, so that
    the same values are the same list. Append-only."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=20)
    column = models.CharField(max_length=20)
    values = ArrayField(models.CharField(max_length=80))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "key"], name="one_list_per_key")]
