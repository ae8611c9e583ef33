"""Live or in the shadow, per system and cycle; and what "a customer works with it" means to the database."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import append_only

# payments says more precisely what is in use (payments/0012): a pay run in preparation counts as well.
IN_USE = migrations.RunSQL(
    """
    CREATE FUNCTION invoice_in_use(invoice bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT held <> 0 OR settled <> 0 OR credited <> 0 OR written_off <> 0
        FROM billing_sources_invoice WHERE id = invoice
    $$
    """,
    "DROP FUNCTION invoice_in_use(bigint)",
)


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0013_usage"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AlterField(
            "invoice",
            "state",
            models.CharField(
                choices=[
                    ("held", "Held"),
                    ("published", "Published"),
                    ("waiting", "Waiting"),
                    ("superseded", "Superseded"),
                    ("shadow", "Shadow"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            "Stage",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cycle", models.CharField(blank=True, max_length=12)),
                ("mode", models.CharField(choices=[("live", "Live"), ("shadow", "Shadow")], max_length=8)),
                ("reason", models.TextField()),
                ("set_at", models.DateTimeField()),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_stage_has_a_reason"
                    )
                ]
            },
        ),
        append_only("billing_sources_stage"),
        # Of no customer: which systems are live is said openly, who decided it and why is the carrier's.
        migrations.RunSQL(
            [
                f"GRANT SELECT, INSERT ON billing_sources_stage TO {roles.STAFF}",
                f"GRANT SELECT ON billing_sources_stage TO {roles.INGEST}",
                f"GRANT SELECT (id, system_id, cycle, mode, set_at) ON billing_sources_stage"
                f" TO {roles.TENANT}, {roles.SUPPORT}",
            ],
            migrations.RunSQL.noop,
        ),
        IN_USE,
    ]
