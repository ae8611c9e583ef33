"""What was changed of many invoices at once, kept with what stood before, so that it can be taken back."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from portal import roles
from portal.row_security import append_only, row_security

SAME_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_changeset
        ADD CONSTRAINT undone_change_of_same_customer FOREIGN KEY (undoes_id, customer_id)
            REFERENCES payments_changeset (id, customer_id);
    ALTER TABLE payments_changedinvoice
        ADD CONSTRAINT changed_in_set_of_same_customer FOREIGN KEY (change_set_id, customer_id)
            REFERENCES payments_changeset (id, customer_id),
        ADD CONSTRAINT changed_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency);
    """,
    migrations.RunSQL.noop,
)
RIGHTS = {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"}


def _to(model: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model)


def _id() -> tuple[str, models.Field]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0026_method_rules"),
        ("billing_sources", "0023_disputed"),
        ("customers", "0007_ancestry"),
    ]
    operations = [
        migrations.CreateModel(
            name="ChangeSet",
            fields=[
                _id(),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("words", models.CharField(max_length=400)),
                ("at", models.DateTimeField()),
                ("by", _to(settings.AUTH_USER_MODEL)),
                ("customer", _to("customers.customer")),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="payments.changeset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["id", "customer"], name="change_set_of_customer"),
                    models.CheckConstraint(condition=~Q(undoes=F("id")), name="no_change_undoes_itself"),
                ]
            },
        ),
        migrations.CreateModel(
            name="ChangedInvoice",
            fields=[
                _id(),
                ("currency", models.CharField(max_length=3)),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("change_set", _to("payments.changeset")),
                ("customer", _to("customers.customer")),
                ("invoice", _to("billing_sources.invoice")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["change_set", "invoice"], name="changed_once_in_a_set")]
            },
        ),
        SAME_CUSTOMER,
        row_security("payments_changeset", RIGHTS),
        row_security("payments_changedinvoice", RIGHTS),
        append_only("payments_changeset"),
        append_only("payments_changedinvoice"),
    ]
