"""Acts: who did what, for whom, really by whom. Append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One act. `user` is on whose behalf; `real_user` is the person at the keyboard."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    real_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    support_session_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True)  # "pay_run 2211", "import_file …": noun and human number
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-id"]),
            models.Index(fields=["customer", "subject"], name="acts_on_a_subject"),
        ]
