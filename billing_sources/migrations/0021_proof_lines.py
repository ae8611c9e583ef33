"""What was read of a file beside what was loaded of it: the carrier's own evidence, never changed."""

import django.db.models.deletion
from django.db import migrations, models

import portal.amount_field
from portal import roles
from portal.row_security import append_only, row_security


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0020_buyer_of_account"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProofLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("category", "Category"), ("tax", "Tax"), ("account", "Account")], max_length=8
                    ),
                ),
                ("key", models.TextField(blank=True)),
                ("currency", models.CharField(max_length=3)),
                ("read_number", models.BigIntegerField()),
                ("read_amount", portal.amount_field.AmountField()),
                ("read_digest", models.CharField(blank=True, max_length=32)),
                ("loaded_number", models.BigIntegerField()),
                ("loaded_amount", portal.amount_field.AmountField()),
                ("loaded_digest", models.CharField(blank=True, max_length=32)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proof_lines",
                        to="billing_sources.importfile",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("file", "kind", "key", "currency"), name="each_proof_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("read_amount", models.F("loaded_amount")),
                            ("read_digest", models.F("loaded_digest")),
                            ("read_number", models.F("loaded_number")),
                        ),
                        name="read_is_loaded",
                    ),
                ],
            },
        ),
        row_security(
            "billing_sources_proofline", {roles.STAFF: "SELECT", roles.INGEST: "SELECT, INSERT"}, rule="false"
        ),
        append_only("billing_sources_proofline"),
    ]
