"""What a source's terms mean to the carrier, in versions; and trying a change before it is taken into use."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from billing_sources.models.runs import ImportFile
from billing_sources.models.systems import BillingSystem
from portal.amount_field import AmountField


class Rehearsal(models.Model):
    """Past files read again with a changed vocabulary and compared with what stands. Publishes nothing, locks nothing.

    `changes` maps a term to a category. `result` is what `rehearsal.Result` says, as JSON, once it is finished.
    """

    class State(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    changes = models.JSONField()
    vocabulary_version = models.PositiveSmallIntegerField()  # the one that it would change
    files = models.PositiveSmallIntegerField()
    files_done = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    result = models.JSONField(null=True)
    failure = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)


class VocabularyVersion(models.Model):
    """One change of a system's vocabulary. Append-only; bills that were loaded before keep their version."""

    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    changes = models.JSONField()
    rehearsal = models.OneToOneField(Rehearsal, on_delete=models.PROTECT, related_name="taken_into_use")
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "version"], name="one_change_per_version"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="a_vocabulary_change_has_a_reason"),
        ]


class TermCount(models.Model):
    """How often a file used a term, and for how much: what the vocabulary board adds up."""

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="+")
    term = models.TextField()
    category = models.CharField(max_length=16)
    is_mapped = models.BooleanField()
    currency = models.CharField(max_length=3)
    charges = models.IntegerField()
    amount = AmountField()
    first_billed_on = models.DateField()
    last_billed_on = models.DateField()
