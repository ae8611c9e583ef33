"""What AR was told, what it answered, and where the two differ."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from portal.amount_field import AmountField


class ArPosting(models.Model):
    """Outbox: one message for AR, written by the release itself. A worker leases it, sends it, records it.

    `staged` is committed before the file is moved into the drop folder; whoever finds a staged posting whose
    staging file is gone knows that it was delivered (docs/decisions/0006).
    """

    class State(models.TextChoices):
        PENDING = "pending"
        LEASED = "leased"
        STAGED = "staged"
        SENT = "sent"
        ACKNOWLEDGED = "acknowledged"
        DEAD = "dead"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="+")
    connector = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    control_number = models.IntegerField(unique=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    payload = models.BinaryField(null=True)
    payload_sha256 = models.CharField(max_length=64, blank=True)
    staged_name = models.CharField(max_length=120, blank=True)  # the staging file, once `staged`
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connector", "payment", "version"], name="one_posting_per_version")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state__in=["pending", "leased", "staged"]),
                name="postings_due",
            )
        ]


class ArMessage(models.Model):
    """Inbox: a file that AR sent, kept before it is read; the same bytes are taken once."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)  # why it could not be read; it waits for a person


class ArAcknowledgement(models.Model):
    """One verdict of AR on one posting: envelope (TA1), syntax (997) or application (824). Append-only."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    posting = models.ForeignKey(ArPosting, on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(ArMessage, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=12)
    verdict = models.CharField(max_length=24)
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, null=True, related_name="+")
    credit = models.ForeignKey("payments.OnAccountCredit", on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=400, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "message", "level", "invoice", "credit"],
                nulls_distinct=False,
                name="each_answer_once",
            )
        ]


class Break(models.Model):
    """A difference that a person must explain: it has an owner and an age, and is never silently overwritten."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=160)
    expected = models.CharField(max_length=200, blank=True)
    found = models.CharField(max_length=200, blank=True)
    amount = AmountField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    opened_at = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    explanation = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | (~models.Q(explanation="") & models.Q(owner__isnull=False)),
                name="closed_break_is_explained",
            )
        ]
