"""What was read of a file and what the database holds of it, side by side."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from billing_sources.models.runs import ImportFile
from portal.amount_field import AmountField

PROVES = Q(
    read_number=F("loaded_number"),
    read_amount=F("loaded_amount"),
    read_digest=F("loaded_digest"),
)


class ProofLine(models.Model):
    """Charges of a category, taxes of a category, or the bills of all accounts. Append-only.

    `key` is the category. The digest is of accounts alone: see `tally.digest_of`.
    """

    class Kind(models.TextChoices):
        CATEGORY = "category"
        TAX = "tax"
        ACCOUNT = "account"

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="proof_lines")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    key = models.TextField(blank=True)
    currency = models.CharField(max_length=3)
    read_number = models.BigIntegerField()
    read_amount = AmountField()
    read_digest = models.CharField(max_length=32, blank=True)
    loaded_number = models.BigIntegerField()
    loaded_amount = AmountField()
    loaded_digest = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "kind", "key", "currency"], name="each_proof_line_once"),
            models.CheckConstraint(condition=PROVES, name="read_is_loaded"),
        ]
