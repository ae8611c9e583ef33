"""Since when customers see what a system bills in a cycle."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_sources.models.systems import BillingSystem


class Stage(models.Model):
    """One act of going live, or back into the shadow. Append-only: the newest that names a cycle counts.

    `cycle` "" is every cycle of the system. What has no stage is live.
    """

    class Mode(models.TextChoices):
        LIVE = "live"  # proven bills are published
        SHADOW = "shadow"  # they are loaded and proven, and seen by the carrier alone

    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    cycle = models.CharField(max_length=12, blank=True)
    mode = models.CharField(max_length=8, choices=Mode.choices)
    reason = models.TextField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(reason=""), name="a_stage_has_a_reason")]
