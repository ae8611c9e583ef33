"""Every mutating request carries a key: twice the same is once."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Command(models.Model):
    """A key that was used, what was asked under it, and what was answered."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    operation = models.CharField(max_length=60)
    request_sha256 = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "key"], name="each_command_once")]
