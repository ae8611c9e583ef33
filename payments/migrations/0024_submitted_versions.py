"""What was submitted is kept word for word, under the hash that the approvals are bound to."""

import django.db.models.deletion
from django.db import migrations, models

from portal import roles
from portal.row_security import append_only, row_security

KEPT = migrations.RunSQL(
    """
    ALTER TABLE payments_submittedversion
        ADD CONSTRAINT version_of_run FOREIGN KEY (run_id, customer_id) REFERENCES payments_payrun (id, customer_id),
        ADD CONSTRAINT hash_of_the_body CHECK (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex'));
    CREATE FUNCTION guard_submission() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM payments_submittedversion v
                       WHERE (v.run_id, v.version, v.sha256) = (NEW.id, NEW.version, NEW.submitted_sha256)) THEN
            RAISE EXCEPTION 'what is submitted must be kept' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_submission BEFORE UPDATE ON payments_payrun FOR EACH ROW
        WHEN (NEW.state = 'submitted' AND OLD.state = 'draft') EXECUTE FUNCTION guard_submission();
    """,
    migrations.RunSQL.noop,
)
GRANTS = {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"}


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0007_ancestry"),
        ("payments", "0023_on_account_ledger"),
    ]

    operations = [
        migrations.CreateModel(
            name="SubmittedVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("body", models.TextField()),
                ("submitted_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.payrun"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("run", "version"), name="a_version_is_submitted_once")],
            },
        ),
        KEPT,
        row_security("payments_submittedversion", GRANTS),
        append_only("payments_submittedversion"),
    ]
