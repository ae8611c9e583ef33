"""The ledger of allocations. Code only ever appends events; the database moves every counter."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from portal.amount_field import AmountField


def claim() -> models.GeneratedField:
    """What both an invoice and a credit on account are to a run: the id of the one, or that of the other below zero."""
    return models.GeneratedField(
        expression=Coalesce(F("invoice"), F("credit") * -1), output_field=models.BigIntegerField(), db_persist=True
    )


def one_of_both(name: str) -> models.CheckConstraint:
    both = Q(invoice__isnull=False, credit__isnull=True) | Q(invoice__isnull=True, credit__isnull=False)
    return models.CheckConstraint(condition=both, name=name)


class AllocationEvent(models.Model):
    """An amount of an invoice or of a credit on account was placed on a payment, taken off it, booked by AR, or
    reversed. Append-only.

    `amount` is above zero; of a credit it is how much of the credit is used, which lowers the payment.
    held: open → held · released: held → open · settled: held → settled
    reversed: settled → open · carried: open → settled (what was booked on the revision before)
    """

    class Kind(models.TextChoices):
        HELD = "held"
        RELEASED = "released"
        SETTLED = "settled"
        REVERSED = "reversed"
        CARRIED = "carried"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    invoice = models.ForeignKey(
        "billing_sources.Invoice", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    credit = models.ForeignKey(
        "payments.OnAccountCredit", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    claim = claim()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = AmountField()
    reason = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_event_moves_something"),
            one_of_both("event_of_invoice_or_credit"),
        ]


class Allocation(models.Model):
    """What stands on (payment, claim) now: the sum of its events, negative where a credit is used. Written by the
    database alone, but for what AR says of it (`verdict`, `reason`)."""

    class Verdict(models.TextChoices):
        NONE = "", "not told yet"
        SENT = "sent"
        ACCEPTED = "accepted"
        POSTED = "posted"
        REJECTED = "rejected"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    invoice = models.ForeignKey(
        "billing_sources.Invoice", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    credit = models.ForeignKey(
        "payments.OnAccountCredit", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    claim = claim()
    currency = models.CharField(max_length=3)
    is_credit = models.BooleanField(default=False)
    held = AmountField(default=0)
    settled = AmountField(default=0)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, default=Verdict.NONE, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "claim"], name="one_allocation_per_pair"),
            one_of_both("allocation_of_invoice_or_credit"),
            models.CheckConstraint(
                condition=Q(is_credit=False, held__gte=0, settled__gte=0)
                | Q(is_credit=True, held__lte=0, settled__lte=0),
                name="allocation_on_its_side",
            ),
        ]
