"""Workbooks that went out, and what came back: who, when, and which bytes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Workbook(models.Model):
    """A download. `base` is what it said, by the sha256 of its bytes in the archive: what comes back is compared with
    it. `run`: of which pay run; none for the tags of invoices. Append-only."""

    class Kind(models.TextChoices):
        RUN = "run", "Pay run"
        TAGS = "tags", "Tags"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    run = models.ForeignKey("payments.PayRun", on_delete=models.PROTECT, null=True, related_name="+")
    rows = models.PositiveIntegerField()
    base_sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "customer"], name="workbook_of_customer"),
            models.CheckConstraint(
                condition=models.Q(kind="run", run__isnull=False) | models.Q(kind="tags", run=None),
                name="workbook_of_a_run_or_of_tags",
            ),
        ]


class WorkbookUpload(models.Model):
    """A workbook that came back: its bytes as they came, and what was read in them, both by sha256 in the archive.

    Whoever sent it sees it, and nobody else. `name` is only ever shown.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    workbook = models.ForeignKey(Workbook, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    cells_sha256 = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    applied = models.CharField(max_length=400, blank=True, default="", db_default="")  # in words

    class Meta:
        indexes = [models.Index(fields=["customer", "user", "-sent_at"], name="uploads_of_a_person")]
