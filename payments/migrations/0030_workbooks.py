"""Workbooks that went out, and what came back."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import OWN_CUSTOMER, USER, append_only, row_security

SAME_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_workbook ADD CONSTRAINT workbook_of_run_of_customer
        FOREIGN KEY (run_id, customer_id) REFERENCES payments_payrun (id, customer_id);
    ALTER TABLE payments_workbookupload ADD CONSTRAINT upload_of_workbook_of_customer
        FOREIGN KEY (workbook_id, customer_id) REFERENCES payments_workbook (id, customer_id);
    """,
    migrations.RunSQL.noop,
)


def _to(model: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model, **options)


def _id() -> tuple[str, models.Field]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0029_proposals"),
        ("customers", "0007_ancestry"),
    ]
    operations = [
        migrations.CreateModel(
            name="Workbook",
            fields=[
                _id(),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("kind", models.CharField(choices=[("run", "Pay run"), ("tags", "Tags")], max_length=8)),
                ("rows", models.PositiveIntegerField()),
                ("base_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                ("customer", _to("customers.customer")),
                ("made_by", _to(settings.AUTH_USER_MODEL)),
                ("run", _to("payments.payrun", null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["id", "customer"], name="workbook_of_customer"),
                    models.CheckConstraint(
                        condition=models.Q(kind="run", run__isnull=False) | models.Q(kind="tags", run=None),
                        name="workbook_of_a_run_or_of_tags",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="WorkbookUpload",
            fields=[
                _id(),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("cells_sha256", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(null=True)),
                ("applied", models.CharField(blank=True, db_default="", default="", max_length=400)),
                ("customer", _to("customers.customer")),
                ("user", _to(settings.AUTH_USER_MODEL)),
                ("workbook", _to("payments.workbook")),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "user", "-sent_at"], name="uploads_of_a_person")],
            },
        ),
        SAME_CUSTOMER,
        row_security("payments_workbook", {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT"}),
        row_security(
            "payments_workbookupload",
            {roles.TENANT: "SELECT, INSERT, UPDATE (applied_at, applied)", roles.SUPPORT: "SELECT"},
            rule=f"{OWN_CUSTOMER} AND user_id = {USER}",
        ),
        append_only("payments_workbook"),
    ]
