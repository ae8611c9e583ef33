"""What somebody pasted, and what they decided about its rows."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Paste(models.Model):
    """A pasted text, kept as it came. What its rows mean is worked out anew each time it is looked at, because invoices
    move on; what the reader decided stays: `layout` and `decisions` are those of payments.domain.pasting.

    Whoever pasted it sees it, and nobody else. `version` rises with each change. `run`: the pay run that it is for.
    `listed`: the invoices of its rows as they were last sent to the list of invoices.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey("payments.PayRun", on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField()
    rows = models.PositiveIntegerField()
    layout = models.JSONField()
    decisions = models.JSONField(default=dict)
    listed = ArrayField(models.BigIntegerField(), default=list)
    version = models.PositiveIntegerField(default=1)
    pasted_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "user", "-changed_at"], name="pastes_of_a_person")]
