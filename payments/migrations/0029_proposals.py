"""Proposals and the reasons of what was accepted of them: written once, never changed."""

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import portal.amount_field
from portal import roles
from portal.row_security import append_only, row_security

SAME_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_proposal ADD CONSTRAINT proposal_run FOREIGN KEY (run_id, customer_id)
        REFERENCES payments_payrun (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_proposedplacement
        ADD CONSTRAINT proposed_in_proposal FOREIGN KEY (proposal_id, customer_id)
            REFERENCES payments_proposal (id, customer_id) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT proposed_payment FOREIGN KEY (payment_id, customer_id, currency)
            REFERENCES payments_payment (id, customer_id, currency) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT proposed_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT proposed_credit FOREIGN KEY (credit_id, customer_id, currency)
            REFERENCES payments_onaccountcredit (id, customer_id, currency) DEFERRABLE INITIALLY DEFERRED
    """,
    migrations.RunSQL.noop,
)
RIGHTS = {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"}


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0024_address_of_account"),
        ("customers", "0008_address_on_one_line"),
        ("payments", "0028_exports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("engine", models.PositiveSmallIntegerField()),
                ("inputs", models.TextField()),
                ("inputs_sha256", models.CharField(max_length=64)),
                ("result", models.TextField()),
                ("result_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.payrun"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProposedPlacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "claim",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Coalesce(
                            models.F("invoice"),
                            django.db.models.expressions.CombinedExpression(models.F("credit"), "*", models.Value(-1)),
                        ),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", portal.amount_field.AmountField()),
                ("why", models.TextField()),
                ("accepted_at", models.DateTimeField()),
                (
                    "accepted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "credit",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.onaccountcredit",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing_sources.invoice",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="payments.payment",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.proposal"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["run", "-made_at"], name="proposals_of_a_run"),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(fields=("id", "customer"), name="proposal_of_customer"),
        ),
        migrations.AddIndex(
            model_name="proposedplacement",
            index=models.Index(fields=["payment", "claim", "-id"], name="reasons_of_a_placement"),
        ),
        migrations.AddConstraint(
            model_name="proposedplacement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit__isnull", True), ("invoice__isnull", False)),
                    models.Q(("credit__isnull", False), ("invoice__isnull", True)),
                    _connector="OR",
                ),
                name="proposed_of_invoice_or_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedplacement",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="proposed_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedplacement",
            constraint=models.CheckConstraint(
                condition=models.Q(("why", ""), _negated=True), name="proposed_for_a_reason"
            ),
        ),
        SAME_CUSTOMER,
        row_security("payments_proposal", RIGHTS),
        append_only("payments_proposal"),
        row_security("payments_proposedplacement", RIGHTS),
        append_only("payments_proposedplacement"),
    ]
