"""What was proposed for a pay run, from which facts; and the reason that each accepted placement has."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from payments.models.allocations import claim, one_of_both
from portal.amount_field import AmountField


class Proposal(models.Model):
    """Facts and rules as canonical text, and what `engine` made of them. Nothing of it ever changes, so that it can be
    replayed to the same result; accepting it writes `ProposedPlacement`s."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey("payments.PayRun", on_delete=models.PROTECT, related_name="+")
    engine = models.PositiveSmallIntegerField()
    inputs = models.TextField()
    inputs_sha256 = models.CharField(max_length=64)
    result = models.TextField()
    result_sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id", "customer"], name="proposal_of_customer")]
        indexes = [models.Index(fields=["run", "-made_at"], name="proposals_of_a_run")]


class ProposedPlacement(models.Model):
    """What somebody accepted of a proposal: so much shall stand of the invoice or credit on the payment, and why. It
    tells of what stands as long as that is the same amount; of a credit it is below zero."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    invoice = models.ForeignKey(
        "billing_sources.Invoice", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    credit = models.ForeignKey(
        "payments.OnAccountCredit", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )
    claim = claim()
    currency = models.CharField(max_length=3)
    amount = AmountField()
    why = models.TextField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of_both("proposed_of_invoice_or_credit"),
            models.CheckConstraint(condition=~Q(amount=0), name="proposed_something"),
            models.CheckConstraint(condition=~Q(why=""), name="proposed_for_a_reason"),
        ]
        indexes = [models.Index(fields=["payment", "claim", "-id"], name="reasons_of_a_placement")]
