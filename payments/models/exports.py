"""A list written to a file by a worker, for somebody to fetch."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Export(models.Model):
    """What was asked for (the list's query string, as of `asked_at`), how far it is, and where its file lies.

    A worker holds an advisory lock while it writes; when it dies, so does the lock, and another one begins anew.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        READY = "ready"
        FAILED = "failed"
        GONE = "gone"  # its days are over and its file is removed

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    view = models.TextField()
    kind = models.CharField(max_length=4)  # csv or xlsx
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # rows
    total = models.PositiveIntegerField()
    file = models.CharField(max_length=160, blank=True)
    size = models.BigIntegerField(default=0)  # bytes
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["csv", "xlsx"]), name="export_is_csv_or_xlsx"),
            models.CheckConstraint(condition=~Q(state="ready") | ~Q(file=""), name="ready_export_has_a_file"),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(state="asked"), name="exports_to_write")]
