"""The tenant: one enterprise, its tree of accounts, its people and their rights on the tree."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Value
from django.db.models.functions import Upper
from guardian.models import UserObjectPermissionBase


class RegexpReplace(models.Func):
    function = "regexp_replace"
    output_field = models.TextField()


class LtreeField(models.TextField):  # type: ignore[type-arg]
    def db_type(self, connection: object) -> str:
        return "ltree"


class Customer(models.Model):
    """One enterprise. `number` is what the carrier calls it: its letters and digits stand in every payment reference,
    so two customers never share them, however they are punctuated."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=20, unique=True)
    address_lines = ArrayField(models.CharField(max_length=80), default=list)
    tax_ids = ArrayField(models.TextField(), default=list, db_default=[])  # letters and digits alone
    allows_support = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Upper(RegexpReplace("number", Value("[^A-Za-z0-9]"), Value(""), Value("g"))),
                name="one_customer_per_reference",
                violation_error_message="Another customer's number has the same letters and digits.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """A node of the customer's tree, at any depth; it knows its billing system and external id.

    `path` is kept by the database: the ids from the root down, so that a right on a node reaches all below it.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    path = LtreeField(editable=False, default="")
    system = models.CharField(max_length=20, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    level = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=120)
    cost_center = models.CharField(max_length=40, blank=True)

    class Meta:
        permissions = [
            ("see", "See invoices of this node and below"),
            ("tag", "Tag and group them"),
            ("prepare", "Prepare pay runs"),
            ("approve", "Approve and release pay runs"),
            ("administer", "Administer people and rights"),
        ]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "system", "external_id"],
                condition=~models.Q(external_id=""),
                name="one_account_per_external_id",
            ),
            models.UniqueConstraint(fields=["id", "customer"], name="account_of_customer"),
        ]

    def __str__(self) -> str:
        return self.name


class AccountPlacement(models.Model):
    """From a day on, a node stands below `parent`, or is called `name`. Rows are never changed: a later one overrules.

    The first of a node, from the beginning of time, says both (the database writes it with the node). Each further
    one says one of the two. Today's tree, which rights follow, is kept by the database in `Account` itself.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=120, blank=True)
    effective_on = models.DateField()
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["customer", "effective_on"], name="placements_by_day")]


class Ancestry(models.Model):
    """Who stood above whom, when: `account` below `above` (itself, too) on the days from `from_on` up to, not on,
    `until_on`. The database keeps it from the placements; it is how a bill finds what was above its account on its day.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    above = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    from_on = models.DateField()
    until_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "above", "from_on"], name="stood_above_once"),
            models.CheckConstraint(condition=models.Q(from_on__lt=models.F("until_on")), name="stood_above_for_days"),
        ]
        indexes = [models.Index(fields=["above", "account"], name="ancestry_by_above")]


class AccountUserObjectPermission(UserObjectPermissionBase):
    """A user's right on a node of the tree (guardian, by direct foreign key)."""

    content_object = models.ForeignKey(Account, on_delete=models.CASCADE)


class Membership(models.Model):
    """A person works for a customer. What they may do there is said by their rights on the tree."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "customer"], name="one_membership_per_customer")]


class Invitation(models.Model):
    """The only way in: an e-mail address that a customer's administrator invited."""

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField()
    title = models.CharField(max_length=60, blank=True)
    rights = ArrayField(models.CharField(max_length=12), default=list)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
