"""What is to be paid of an invoice, before it is in a pay run."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.amount_field import AmountField


class ToPay(models.Model):
    """Of this invoice we want to pay this much, and the rest not for this reason. One wish an invoice.

    A wish moves into the run that chooses the invoice (`PayRunItem.to_pay`, and a short pay where it has a reason).
    """

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.OneToOneField("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount = AmountField()
    reason = models.CharField(max_length=24, blank=True)  # a key of payments/domain/reasons.py
    note = models.CharField(max_length=200, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="to_pay_not_negative"),
            models.CheckConstraint(condition=~Q(reason="") | Q(note=""), name="to_pay_note_has_a_reason"),
        ]
