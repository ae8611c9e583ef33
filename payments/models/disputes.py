"""Disputes. Code appends events; the database moves what they come to, on the dispute and on its invoice."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payments.domain.dispute import OPEN, OVER, STATES
from portal.amount_field import AmountField

STANDING = F("amount") - F("withdrawn") - F("upheld") - F("settled")


class Dispute(models.Model):
    """An amount of an invoice that the customer contests, from its opening to the credit note.

    `standing` of it is not asked for. Once decided, withdrawn + upheld + credited = amount (I21); `settled` is the
    credited part that a credit note has brought. `version` rises with every step, so that nobody answers unseen words.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField(unique=True)
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)
    note = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=12, choices=[(key, key) for key in STATES], default="opened")
    version = models.PositiveIntegerField(default=1)
    amount = AmountField(default=0)
    withdrawn = AmountField(default=0)
    upheld = AmountField(default=0)
    credited = AmountField(default=0)
    settled = AmountField(default=0)
    standing = models.GeneratedField(expression=STANDING, output_field=AmountField(), db_persist=True)
    proposed = AmountField(null=True)  # the credit that the carrier proposes
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    answer_due_on = models.DateField()
    resolve_due_on = models.DateField()
    answered_at = models.DateTimeField(null=True)  # the carrier's first answer
    changed_at = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    run = models.ForeignKey("payments.PayRun", on_delete=models.PROTECT, null=True, related_name="+")  # short-paid in
    split_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    credit_note = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "customer", "currency"], name="dispute_of_customer_in_currency"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, withdrawn__gte=0, upheld__gte=0, settled__gte=0, standing__gte=0),
                name="dispute_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(credited__gte=F("settled"), credited__lte=F("amount") - F("withdrawn") - F("upheld")),
                name="credited_within_dispute",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN) | Q(amount=F("withdrawn") + F("upheld") + F("credited")),
                name="decided_to_the_cent",
            ),
            models.CheckConstraint(condition=~Q(state__in=OVER) | Q(standing=0), name="nothing_stands_once_over"),
        ]
        indexes = [
            models.Index(fields=["invoice"], condition=~Q(state__in=OVER), name="standing_disputes"),
            models.Index(fields=["customer", "-opened_at"], name="disputes_of_customer"),
        ]

    def __str__(self) -> str:
        return f"D-{self.number}"


class DisputeCharge(models.Model):
    """A charge of the invoice that is disputed, as it was billed then: later revisions number theirs anew."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    position = models.IntegerField()
    description = models.CharField(max_length=200)
    charged = AmountField()
    amount = AmountField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "position"], name="a_charge_once_in_a_dispute"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="disputed_charge_is_positive"),
        ]


class DisputeEvent(models.Model):
    """Where an amount of a dispute went. Append-only; each kind moves counters of the dispute and of the invoice.

    opened: claimed · reduced: claimed less (a part was split off) · withdrawn: the customer takes it back ·
    upheld: it is owed after all · credited: a credit is promised, still not asked for · settled: the credit came ·
    lifted, carried: off one revision of the invoice and onto the next
    """

    class Kind(models.TextChoices):
        OPENED = "opened"
        REDUCED = "reduced"
        WITHDRAWN = "withdrawn"
        UPHELD = "upheld"
        CREDITED = "credited"
        SETTLED = "settled"
        LIFTED = "lifted"
        CARRIED = "carried"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, db_constraint=False, related_name="+")
    invoice = models.ForeignKey(
        "billing_sources.Invoice", on_delete=models.PROTECT, db_constraint=False, related_name="+"
    )
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = AmountField()
    reason = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="a_dispute_event_moves_something")]


class DisputeMessage(models.Model):
    """What was said or done, in the order of time. Append-only. `is_internal`: the carrier's people alone read it."""

    class Side(models.TextChoices):
        CUSTOMER = "customer"
        CARRIER = "carrier"
        PORTAL = "portal", "Tributary"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()  # of the dispute, once this was said
    side = models.CharField(max_length=8, choices=Side.choices)
    name = models.CharField(max_length=120, blank=True)
    step = models.CharField(max_length=200, blank=True)  # what was done, in the portal's words
    words = models.CharField(max_length=4000, blank=True)
    is_internal = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()


class DisputeFile(models.Model):
    """Evidence: its bytes are kept by their sha256, its name is only ever shown. Append-only."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    message = models.ForeignKey(DisputeMessage, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)


class ShortPayDispute(models.Model):
    """How much of a released short pay which dispute is about: together, all of it (I20). Append-only."""

    run = models.ForeignKey("payments.PayRun", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="+")
    amount = AmountField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "invoice", "dispute"], name="a_short_pay_meets_a_dispute_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="short_pay_of_dispute_is_positive"),
        ]
