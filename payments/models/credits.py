"""Credit on account: money of a customer that stands on no bill."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from portal.amount_field import AmountField


class OnAccountCredit(models.Model):
    """Money that was booked and has no bill any more, or that AR could not apply: the customer's to use in a pay run.

    All amounts are above zero. `held` is placed in pay runs, `settled` was booked by AR as used; both are moved by the
    ledger alone. `payment` is the one whose money it was, where that is known.
    """

    class Source(models.TextChoices):
        REISSUE = "reissue", "a bill was lowered after it was paid"
        BREAK = "break", "AR and the ledger differed"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("customers.Account", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20)  # OA-7: the customer's own, in a row
    currency = models.CharField(max_length=3)
    amount = AmountField()
    held = AmountField(default=0)
    settled = AmountField(default=0)
    open = models.GeneratedField(
        expression=F("amount") - F("held") - F("settled"), output_field=AmountField(), db_persist=True
    )
    source = models.CharField(max_length=12, choices=Source.choices)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, null=True, related_name="+")
    found = models.OneToOneField("payments.Break", on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="one_credit_per_number"),
            models.UniqueConstraint(fields=["id", "customer", "currency"], name="credit_of_customer_in_currency"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_is_positive"),
            models.CheckConstraint(
                condition=Q(held__gte=0, settled__gte=0) & Q(amount__gte=F("held") + F("settled")),
                name="credit_never_used_beyond_its_amount",
            ),
        ]
