"""The night: runs, the files they met, the proof of each, and what waits for a person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing_sources.models.systems import BillCycle, BillingSystem
from portal.amount_field import AmountField

# declared = read = loaded + held, by count and by money (invariants I28)
PROVEN = Q(
    Q(declared_bills=None) | Q(declared_bills=F("read_bills")),
    Q(declared_amount=None) | Q(declared_amount=F("read_amount")),
    read_bills=F("loaded_bills") + F("held_bills"),
    read_amount=F("loaded_amount") + F("held_amount"),
)


class NightSlot(models.Model):
    """A job runs once for a slot of time, however many beats ring: the second insert is refused."""

    job = models.CharField(max_length=60)
    slot_at = models.DateTimeField()
    claimed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "slot_at"], name="each_slot_once")]


class RawDocument(models.Model):
    """The bytes as they came, by sha256, kept before anything interprets them; never changed.

    Its control file is the sender's word on them; a corrected one takes the place of one that held the file whole.
    """

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    control = models.BinaryField(default=b"")  # its control file, where the system sends one beside it
    mark = models.TextField(blank=True, db_default="")  # how far the system is read with these bytes
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "sha256"], name="same_bytes_once")]


class ImportRun(models.Model):
    """One pass over what a system has published.

    Whoever works on a run holds PostgreSQL's advisory lock on it (`billing_sources.locks`), which ends with its
    connection: a run that is ready or running and not locked is free to be picked up.
    """

    class State(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    class Trigger(models.TextChoices):
        NIGHTLY = "nightly"
        COMMAND = "command"
        STAFF = "staff"
        REPLAY = "replay"  # a file again from the archive

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(BillingSystem, on_delete=models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillCycle, on_delete=models.PROTECT, null=True, related_name="+")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    trigger = models.CharField(max_length=12)
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)


class ImportFile(models.Model):
    """One file within a run, with its proof: declared = read = loaded, by count and by money."""

    class State(models.TextChoices):
        RECEIVED = "received"
        LOADING = "loading"
        PUBLISHED = "published"
        SEEN = "seen"  # the same bytes were loaded before: a receipt, nothing else
        QUARANTINED = "quarantined"  # the whole file
        DISCARDED = "discarded"  # read again since, from the archive

    UNFINISHED = (State.RECEIVED, State.LOADING)

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="files")
    document = models.ForeignKey(RawDocument, on_delete=models.PROTECT, related_name="+")
    stamp = models.TextField(blank=True, db_default="")  # of its payload, where the transport lists files
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)  # raised before the work: three crashes are poison
    mapping_version = models.PositiveSmallIntegerField(default=1)
    vocabulary_version = models.PositiveSmallIntegerField(default=1)
    declared_bills = models.IntegerField(null=True)
    declared_amount = AmountField(null=True)
    read_bills = models.IntegerField(default=0)
    read_amount = AmountField(default=0)
    loaded_bills = models.IntegerField(default=0)
    loaded_amount = AmountField(default=0)
    held_bills = models.IntegerField(default=0)
    held_amount = AmountField(default=0)
    created = models.IntegerField(default=0)
    revised = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    charges = models.IntegerField(default=0)
    usage_records = models.IntegerField(default=0)
    received_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    discard_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document"],
                condition=Q(state__in=["received", "loading", "published"]),
                name="same_bytes_loaded_once",
            ),
            models.CheckConstraint(condition=~Q(state="published") | PROVEN, name="published_files_are_proven"),
        ]
        indexes = [models.Index(fields=["stamp"], condition=~Q(stamp=""), name="files_by_stamp")]


class ImportIssue(models.Model):
    """A rule that did not hold, where, and what was expected and found."""

    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="issues")
    rule = models.CharField(max_length=40)
    number = models.TextField(blank=True)
    position = models.TextField(blank=True)
    field = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    found = models.TextField(blank=True)
    is_fatal = models.BooleanField()


class QuarantinedInvoice(models.Model):
    """A bill that did not tie, kept as it was read until a person releases it with a reason.

    The decision is a person's, the loading a worker's: `loaded_at` is when a released one was loaded.
    """

    class State(models.TextChoices):
        HELD = "held"
        RELEASED = "released"
        DISCARDED = "discarded"

    code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.ForeignKey(ImportFile, on_delete=models.PROTECT, related_name="held")
    number = models.TextField(blank=True)
    currency = models.TextField(blank=True)
    amount = AmountField(default=0)
    canonical = models.BinaryField(null=True)  # msgspec JSON of the CanonicalInvoice; None where it could not be read
    account = models.TextField(blank=True, db_default="")  # external id, of one that could not be read; "" unknown
    state = models.CharField(max_length=12, choices=State.choices, default=State.HELD)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    loaded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state="held") | ~Q(reason=""), name="a_decision_has_a_reason"),
        ]
