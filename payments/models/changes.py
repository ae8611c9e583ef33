"""What was changed of many invoices at once, with what stood there before: it can be taken back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class ChangeSet(models.Model):
    """One change of many invoices, or the undoing of one. Append-only."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=400)  # what was asked for
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "customer"], name="change_set_of_customer"),
            models.CheckConstraint(condition=~Q(undoes=models.F("id")), name="no_change_undoes_itself"),
        ]


class ChangedInvoice(models.Model):
    """What one change set changed of one invoice: `before` and `after` hold only what differs
    (payments/domain/bulk_change.py). Append-only."""

    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change_set", "invoice"], name="changed_once_in_a_set")]
