"""By which methods the carrier lets a billing system, an account or a currency be paid: rows that its staff edit."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import OWN_CUSTOMER, row_security

SAME_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_methodrule ADD CONSTRAINT method_rule_account FOREIGN KEY (account_id, customer_id)
        REFERENCES customers_account (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    """,
    migrations.RunSQL.noop,
)
RIGHTS = {roles.TENANT: "SELECT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT, UPDATE (ended_at)"}


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0023_disputed"),
        ("customers", "0007_ancestry"),
        ("payments", "0025_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MethodRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "methods",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None),
                ),
                ("why", models.CharField(max_length=80)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.account"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing_sources.billingsystem",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="method_rule_says_why"),
                    models.CheckConstraint(
                        condition=models.Q(("methods", []), _negated=True), name="method_rule_allows_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", True), ("customer__isnull", True)),
                            models.Q(("account__isnull", False), ("customer__isnull", False)),
                            _connector="OR",
                        ),
                        name="method_rule_of_an_account_is_its_customers",
                    ),
                ],
            },
        ),
        SAME_CUSTOMER,
        row_security("payments_methodrule", RIGHTS, rule=f"customer_id IS NULL OR {OWN_CUSTOMER}"),
    ]
