"""What a customer asks before a run is approved, who stands in for whom, and how much each has approved."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from payments.models.runs import Approval, PayRun
from portal.amount_field import AmountField


class ApprovalPolicy(models.Model):
    """One version of the customer's whole policy, as proposed; `document` is domain.approval_policy.Policy.

    In force is the highest version with the decision "consented". Append-only.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    document = models.JSONField()
    reason = models.CharField(max_length=200)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "version"], name="one_policy_per_version"),
            models.UniqueConstraint(fields=["id", "customer"], name="policy_of_customer"),
        ]


class PolicyDecision(models.Model):
    """What became of a proposed policy. Append-only: a later change of mind is another version."""

    class Verdict(models.TextChoices):
        CONSENTED = "consented"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    policy = models.OneToOneField(ApprovalPolicy, on_delete=models.PROTECT, related_name="decision")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()


class ApprovalStep(models.Model):
    """What is asked of one version of a run, frozen when it was submitted. `named` empty: anyone with the right.

    `policy` is the one that asked; null: none was in force.
    """

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    people = models.PositiveSmallIntegerField()
    named = ArrayField(models.BigIntegerField(), default=list)
    policy = models.ForeignKey(ApprovalPolicy, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "version", "position"], name="one_step_per_position"),
            models.CheckConstraint(condition=Q(people__gte=1), name="a_step_asks_for_somebody"),
        ]


class Delegation(models.Model):
    """An approver hands their right to another for some days, both days included, or until they take it back."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    delegator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField()
    until_on = models.DateField()
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(delegator=F("delegate")), name="delegated_to_another"),
            models.CheckConstraint(condition=Q(from_on__lte=F("until_on")), name="delegation_ends_after_it_began"),
        ]


class LimitUse(models.Model):
    """How much somebody approved within a span ("run 12", "2026-11-21", "2026-11"): moved by events alone (I12).

    `most` is the limit when it last rose; null: there was none.
    """

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    span = models.CharField(max_length=24)
    used = AmountField()
    most = AmountField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "holder", "currency", "span"], name="one_use_per_span"),
            models.CheckConstraint(condition=Q(used__gte=0), name="limit_use_not_negative"),
            models.CheckConstraint(condition=Q(most=None) | Q(used__lte=F("most")), name="approved_within_limit"),
        ]


class LimitUseEvent(models.Model):
    """An approval used some of a limit, or gave it back when it became void. Append-only, written by the database."""

    class Kind(models.TextChoices):
        USED = "used"
        GIVEN_BACK = "given_back"

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    span = models.CharField(max_length=24)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = AmountField()
    most = AmountField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["approval", "currency", "span", "kind"], name="used_and_given_back_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="use_event_not_negative"),
        ]


class SubmittedVersion(models.Model):
    """The canonical bytes of what was submitted, whose hash the approvals are bound to. Append-only."""

    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    body = models.TextField()
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "version"], name="a_version_is_submitted_once")]
