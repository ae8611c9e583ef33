"""What terms mean, in versions; what they are worth; and trying a change before it is taken into use."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.amount_field
from portal import roles
from portal.row_security import append_only, row_security

STAFF_READS = {roles.STAFF: "SELECT", roles.INGEST: "SELECT"}


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0014_stages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rehearsal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("changes", models.JSONField()),
                ("vocabulary_version", models.PositiveSmallIntegerField()),
                ("files", models.PositiveSmallIntegerField()),
                ("files_done", models.PositiveSmallIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ready", "Ready"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                        ],
                        default="ready",
                        max_length=12,
                    ),
                ),
                ("result", models.JSONField(null=True)),
                ("failure", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing_sources.billingsystem",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TermCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("term", models.TextField()),
                ("category", models.CharField(max_length=16)),
                ("is_mapped", models.BooleanField()),
                ("currency", models.CharField(max_length=3)),
                ("charges", models.IntegerField()),
                ("amount", portal.amount_field.AmountField()),
                ("first_billed_on", models.DateField()),
                ("last_billed_on", models.DateField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing_sources.importfile"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VocabularyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField()),
                ("changes", models.JSONField()),
                ("reason", models.TextField()),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rehearsal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="taken_into_use",
                        to="billing_sources.rehearsal",
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing_sources.billingsystem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("system", "version"), name="one_change_per_version"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_vocabulary_change_has_a_reason"
                    ),
                ],
            },
        ),
        row_security(
            "billing_sources_rehearsal",
            {
                **STAFF_READS,
                roles.STAFF: "SELECT, INSERT, UPDATE (state, files_done, result, failure, finished_at)",
            },
            rule="false",
        ),
        row_security("billing_sources_vocabularyversion", {**STAFF_READS, roles.STAFF: "SELECT, INSERT"}, rule="false"),
        row_security("billing_sources_termcount", {**STAFF_READS, roles.INGEST: "SELECT, INSERT"}, rule="false"),
        append_only("billing_sources_vocabularyversion"),
        migrations.RunSQL(
            """
            INSERT INTO billing_sources_termcount
                (file_id, term, category, is_mapped, currency, charges, amount, first_billed_on, last_billed_on)
            SELECT i.file_id, c.source_term, c.category, c.is_mapped, i.currency, count(*), sum(c.amount),
                   min(i.billed_on), max(i.billed_on)
            FROM billing_sources_invoice i JOIN billing_sources_charge c ON c.invoice_id = i.id
            GROUP BY 1, 2, 3, 4, 5
            """,
            migrations.RunSQL.noop,
        ),
    ]
