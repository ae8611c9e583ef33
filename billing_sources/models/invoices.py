"""Invoices as received: append-only but for the counters, which only the ledger of allocations moves."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from billing_sources.models.runs import ImportFile
from billing_sources.models.systems import AccountLink, BillingSystem
from portal.amount_field import AmountField

OPEN = F("payable") - F("held") - F("settled") - F("credited") - F("written_off")


class Invoice(models.Model):
    """One revision of one bill. Identity is (system, entity, number, series); `is_current` marks its latest revision.

    `series` is empty but for memos: those repeat the number of a bill, several times even, and must not revise it.
    `payable` is what can be allocated: the bill's own current charges and taxes, never carried debt.
    `held` is placed in pay runs, `settled` is booked by AR; `open` is what is left, kept by the database. Of a credit
    note all of them are negative: `open` rises to zero as it is used.
    `disputed` is the part of it that the customer disputes; only the events of disputes move it.
    """

    class State(models.TextChoices):
        HELD = "held"  # its account is not linked to a customer yet
        PUBLISHED = "published"
        WAITING = "waiting"  # a revision of an invoice with payments in flight; meets them next
        SUPERSEDED = "superseded"
        SHADOW = "shadow"  # its cycle is not live: proven, and seen by the carrier alone

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("customers.Account", on_delete=models.PROTECT, null=True, related_name="+")
    account_link = models.ForeignKey(AccountLink, on_delete=models.PROTECT, related_name="+")
    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    entity = models.CharField(max_length=80, blank=True)
    number = models.CharField(max_length=80)
    series = models.CharField(max_length=120, blank=True, db_default="")  # "memo <account>" for memos
    revision = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    state = models.CharField(max_length=12, choices=State.choices)
    bill_type = models.CharField(max_length=12)
    type_code = models.TextField(blank=True)
    is_payable = models.BooleanField(default=True)
    currency = models.CharField(max_length=3)
    billed_on = models.DateField()
    due_on = models.DateField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    cycle = models.TextField(blank=True)
    seller = models.TextField(blank=True)
    buyer = models.TextField(blank=True)
    payment_reference = models.TextField(blank=True)
    preceding = models.TextField(blank=True)
    replaces = models.TextField(blank=True, db_default="")  # number of the bill whose place this one takes
    line_total = AmountField(null=True)
    allowance_total = AmountField(null=True)
    charge_total = AmountField(null=True)
    tax_excluded = AmountField(null=True)
    tax = AmountField(null=True)
    tax_included = AmountField(null=True)
    prepaid = AmountField(null=True)
    rounding = AmountField(null=True)
    previous_balance = AmountField(null=True)
    payments_received = AmountField(null=True)
    adjustments_prior = AmountField(null=True)
    balance_forward = AmountField(null=True)
    amount_due = AmountField()
    payable = AmountField()
    held = AmountField(default=0)
    settled = AmountField(default=0)
    credited = AmountField(default=0)
    written_off = AmountField(default=0)
    disputed = AmountField(default=0, db_default=0)  # the part of `open` that is not asked for
    open = models.GeneratedField(expression=OPEN, output_field=AmountField(), db_persist=True)
    parties = models.JSONField(default=dict)  # seller_id, buyer_id, remit_to, tax_currency, note
    content_sha256 = models.CharField(max_length=64)  # of the canonical invoice: equal means unchanged
    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="+")
    position = models.TextField(blank=True)
    mapping_version = models.PositiveSmallIntegerField(default=1)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "entity", "number", "series", "revision"], name="one_row_per_revision"
            ),
            models.UniqueConstraint(
                fields=["system", "entity", "number", "series"],
                condition=Q(is_current=True),
                name="one_current_revision",
            ),
            models.UniqueConstraint(fields=["id", "customer", "currency"], name="invoice_of_customer_in_currency"),
            models.CheckConstraint(
                condition=Q(payable__lt=0, held__lte=0, settled__lte=0, credited__lte=0, written_off__lte=0)
                | Q(payable__gte=0, held__gte=0, settled__gte=0, credited__gte=0, written_off__gte=0),
                name="invoice_counters_on_their_side",
            ),
            models.CheckConstraint(
                condition=Q(disputed__gte=0, disputed__lte=Greatest(F("open"), Value(0), output_field=AmountField())),
                name="disputed_is_open",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "due_on", "id"], condition=Q(is_current=True), name="invoices_by_due"),
        ]

    def __str__(self) -> str:
        return self.number


class Charge(models.Model):
    """One charge of an invoice, net of tax, at its source's precision."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    account_link = models.ForeignKey(AccountLink, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    position = models.IntegerField()
    category = models.CharField(max_length=16)
    source_term = models.TextField(blank=True)
    description = models.TextField(blank=True)
    service = models.TextField(blank=True)
    product_code = models.TextField(blank=True)
    quantity = AmountField(null=True)
    unit = models.TextField(blank=True)
    unit_price = AmountField(null=True)
    amount = AmountField()
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    scope = models.CharField(max_length=8)
    is_information_only = models.BooleanField(default=False)
    is_mapped = models.BooleanField(default=True)
    origin = models.TextField(blank=True)


class TaxItem(models.Model):
    """One tax figure of an invoice. Those not included are for information and in no total."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    category = models.TextField(blank=True)
    amount = AmountField()
    base = AmountField(null=True)
    rate_percent = AmountField(null=True)
    jurisdiction = models.TextField(blank=True)
    scope = models.CharField(max_length=8)
    is_included = models.BooleanField(default=True)
    origin = models.TextField(blank=True)
