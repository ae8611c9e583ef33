"""Saved views of the invoices, and lists of values that their filters name."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import OWN_CUSTOMER, USER, append_only, row_security

OWN = f"user_id = {USER}"

# Others may look at a view that is shared; none but its owner writes it.
WRITTEN_BY_OWNER = migrations.RunSQL(
    [
        f"CREATE POLICY owner_{verb.lower()} ON payments_savedview AS RESTRICTIVE FOR {verb} TO {roles.TENANT} {rule}"
        for verb, rule in {
            "INSERT": f"WITH CHECK ({OWN})",
            "UPDATE": f"USING ({OWN})",
            "DELETE": f"USING ({OWN})",
        }.items()
    ],
    migrations.RunSQL.noop,
)
# The database takes a deleted view off the lists of others, whose rows its owner cannot see.
DEFAULTS_GO_WITH_THE_VIEW = migrations.RunSQL(
    """
    ALTER TABLE payments_defaultview ADD CONSTRAINT default_view_of_customer
        FOREIGN KEY (view_id, customer_id) REFERENCES payments_savedview (id, customer_id) ON DELETE CASCADE
    """,
    migrations.RunSQL.noop,
)


def _to(model: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(
        **{"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": model, **options}
    )


def _id() -> tuple[str, models.BigAutoField]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0024_submitted_versions"),
        ("customers", "0006_dated_tree"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                _id(),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=2000)),
                ("is_shared", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                ("customer", _to("customers.customer")),
                ("user", _to(settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "user", "name"), name="one_view_per_name"),
                    models.UniqueConstraint(fields=("id", "customer"), name="view_of_customer"),
                ]
            },
        ),
        migrations.CreateModel(
            name="DefaultView",
            fields=[
                _id(),
                ("customer", _to("customers.customer")),
                ("user", _to(settings.AUTH_USER_MODEL)),
                (
                    "view",
                    _to("payments.savedview", on_delete=django.db.models.deletion.DO_NOTHING, db_constraint=False),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("customer", "user"), name="one_default_view")]},
        ),
        migrations.CreateModel(
            name="ValueList",
            fields=[
                _id(),
                ("key", models.CharField(max_length=20)),
                ("column", models.CharField(max_length=20)),
                (
                    "values",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None),
                ),
                ("made_at", models.DateTimeField()),
                ("customer", _to("customers.customer")),
                ("made_by", _to(settings.AUTH_USER_MODEL)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("customer", "key"), name="one_list_per_key")]},
        ),
        DEFAULTS_GO_WITH_THE_VIEW,
        row_security(
            "payments_savedview",
            {
                roles.TENANT: "SELECT, INSERT, UPDATE (name, query, is_shared, changed_at), DELETE",
                roles.SUPPORT: "SELECT",
            },
            rule=f"{OWN_CUSTOMER} AND (is_shared OR {OWN})",
        ),
        WRITTEN_BY_OWNER,
        row_security(
            "payments_defaultview",
            {roles.TENANT: "SELECT, INSERT, DELETE", roles.SUPPORT: "SELECT"},
            rule=f"{OWN_CUSTOMER} AND {OWN}",
        ),
        row_security("payments_valuelist", {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT"}),
        append_only("payments_valuelist"),
    ]
