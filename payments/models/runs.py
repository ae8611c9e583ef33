"""The pay run: M payments over N invoices, one unit of approval and release."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from payments.models.allocations import claim, one_of_both
from portal.amount_field import AmountField


class PayRun(models.Model):
    """The customer's plan. `version` rises whenever a submitted run goes back to draft; an approval binds to the hash
    of one version, and so is void from then on."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        APPROVED = "approved"
        RELEASED = "released"
        CLOSED = "closed"  # AR has answered for every payment
        CANCELLED = "cancelled"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    title = models.CharField(max_length=80)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_sha256 = models.CharField(max_length=64, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    returned_reason = models.TextField(blank=True)  # why an approver sent it back, or what voided the approval

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="one_run_per_number"),
            models.UniqueConstraint(fields=["id", "customer"], name="run_of_customer"),
        ]


class PayRunEditor(models.Model):
    """Whoever changed a run may not approve it."""

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "user"], name="an_editor_once")]


class PayRunItem(models.Model):
    """An invoice, or a credit on account, chosen for a run. `left_open`: what is not placed stays open on purpose.

    `to_pay` is what was wanted of it when it was chosen (`ToPay`); None where nobody had said.
    """

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, null=True, related_name="+")
    credit = models.ForeignKey("payments.OnAccountCredit", on_delete=models.PROTECT, null=True, related_name="+")
    claim = claim()
    left_open = models.BooleanField(default=False)
    to_pay = AmountField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "invoice"], name="chosen_once"),
            models.UniqueConstraint(fields=["run", "claim"], name="claim_chosen_once"),
            one_of_both("item_of_invoice_or_credit"),
            models.CheckConstraint(condition=Q(to_pay=None) | Q(to_pay__gte=0), name="chosen_to_pay_not_negative"),
        ]


class ShortPay(models.Model):
    """Paid less on purpose: the amount that is not paid and the reason why."""

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    invoice = models.ForeignKey("billing_sources.Invoice", on_delete=models.PROTECT, related_name="+")
    amount = AmountField()
    reason = models.CharField(max_length=24)
    note = models.CharField(max_length=200, blank=True)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    is_filled_in = models.BooleanField(default=False, db_default=False)  # by the dispute that it repeats

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "invoice"], name="short_paid_once_in_a_run"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="short_pay_is_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="short_pay_has_a_reason"),
        ]


class Payment(models.Model):
    """One payment of a run, executed by the customer at its own bank.

    `planned` is the amount it must reach, where the payer fixed one; else it is what is placed on it.
    `placed`, invoices less the credits that are used, is moved by the ledger of allocations alone. It may be below zero
    while the run is prepared, never once it is released. Only a credit that AR sends back lifts it over the amount.
    """

    class Method(models.TextChoices):
        ACH_CREDIT = "ach_credit", "ACH credit"
        WIRE = "wire", "Wire"
        CHEQUE = "cheque", "Cheque"

    class State(models.TextChoices):
        PLANNED = "planned"
        RELEASED = "released"  # the customer pays; AR is about to hear of it
        SENT = "sent"
        ACCEPTED = "accepted"
        POSTED = "posted"
        PARTLY_POSTED = "partly_posted"
        REJECTED = "rejected"
        CANCELLED = "cancelled"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()  # the key that sends invoices to it: 1–9
    method = models.CharField(max_length=12, choices=Method.choices)
    currency = models.CharField(max_length=3)
    value_on = models.DateField()
    planned = AmountField(null=True)
    placed = AmountField(default=0)
    amount = models.GeneratedField(
        expression=Coalesce(F("planned"), F("placed")), output_field=AmountField(), db_persist=True
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.PLANNED)
    reference = models.CharField(max_length=40, blank=True)  # given at release, with check digits
    note = models.CharField(max_length=80, blank=True)  # the payer's own reference

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "position"], condition=~Q(state="cancelled"), name="one_payment_per_position"
            ),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="one_payment_per_reference"),
            models.UniqueConstraint(fields=["id", "customer", "currency"], name="payment_of_customer_in_currency"),
            models.CheckConstraint(condition=Q(position__range=(1, 9)), name="payments_have_keys_1_to_9"),
            models.CheckConstraint(condition=Q(planned=None) | Q(planned__gt=0), name="planned_is_positive"),
            models.CheckConstraint(
                condition=Q(planned=None) | Q(placed__lte=F("planned")) | ~Q(state="planned"), name="placed_within_plan"
            ),
        ]


class Approval(models.Model):
    """Another person approved exactly this version with exactly this hash, at one of its steps, in their own right or
    in that of `on_behalf_of`, who handed it to them."""

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    step = models.PositiveSmallIntegerField(default=1)
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "version", "approver"], name="an_approver_once_per_version")
        ]
