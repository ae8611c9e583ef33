"""Visits of account reps: who looks as whom, why, and until when."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

models.TextField.register_lookup(Length)

LIMIT = timedelta(minutes=30)


class SupportSession(models.Model):
    """A rep sees a customer's portal as one of its users, for at most 30 minutes, and can write nothing."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    ticket = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reason__length__gte=15), name="a_visit_has_a_reason"),
            models.CheckConstraint(condition=~Q(ticket=""), name="a_visit_has_a_ticket"),
            models.CheckConstraint(condition=Q(expires_at__lte=F("started_at") + LIMIT), name="a_visit_is_short"),
            models.CheckConstraint(condition=~Q(rep=F("user")), name="nobody_visits_themselves"),
            models.UniqueConstraint(fields=["rep"], condition=Q(ended_at=None), name="one_visit_at_a_time"),
        ]
