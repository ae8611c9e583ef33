"""What the carrier takes: by which methods a billing system, an account or a currency is paid."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class MethodRule(models.Model):
    """Whatever matches is paid by these methods alone, for this reason. Empty columns match everything.

    A rule is never changed: it ends, and another one begins. One about an account is that customer's to see.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey("billing_sources.BillingSystem", on_delete=models.PROTECT, null=True, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("customers.Account", on_delete=models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3, blank=True)
    methods = ArrayField(models.CharField(max_length=12))
    why = models.CharField(max_length=80)
    made_by = models.ForeignKey("users.User", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(why=""), name="method_rule_says_why"),
            models.CheckConstraint(condition=~Q(methods=[]), name="method_rule_allows_something"),
            models.CheckConstraint(
                condition=Q(account__isnull=True, customer__isnull=True)
                | Q(account__isnull=False, customer__isnull=False),
                name="method_rule_of_an_account_is_its_customers",
            ),
        ]
