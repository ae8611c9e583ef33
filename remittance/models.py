"""The paper that was issued: its figures and its bytes, kept, so that a reprint is the same to the byte."""

from __future__ import annotations

import uuid

from django.db import models


class RemittanceSlip(models.Model):
    """One slip of one payment. A changed payment gets a new version; an issued one never changes."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    advice = models.JSONField()  # remittance.advice.RemittanceAdvice
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=64)
    xlsx = models.BinaryField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payment", "version"], name="one_slip_per_version")]
