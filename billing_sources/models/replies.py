"""What billing systems are told about their files."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing_sources.models.runs import ImportFile


class FileReply(models.Model):
    """A file for the system that sent ours, written in the transaction that published or held it, and sent later.

    Sending it again under its name changes nothing, so a kill between the sending and `sent_at` does no harm.
    """

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="replies")
    name = models.TextField()
    content = models.BinaryField()
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "name"], name="each_reply_once")]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(sent_at=None), name="replies_to_send")]
