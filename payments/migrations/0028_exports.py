"""Lists that a worker writes to a file, for whoever asked for them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from portal import roles
from portal.row_security import CUSTOMER, USER, row_security

RIGHTS = {
    roles.TENANT: "SELECT, INSERT",
    roles.SUPPORT: "SELECT",
    roles.STAFF: "SELECT, UPDATE (state, attempts, done, file, size, ready_at)",
}


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0027_change_sets"),
        ("customers", "0007_ancestry"),
    ]
    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("view", models.TextField()),
                ("kind", models.CharField(max_length=4)),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked"), ("ready", "Ready"), ("failed", "Failed"), ("gone", "Gone")],
                        default="asked",
                        max_length=8,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField()),
                ("file", models.CharField(blank=True, max_length=160)),
                ("size", models.BigIntegerField(default=0)),
                ("ready_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(kind__in=["csv", "xlsx"]), name="export_is_csv_or_xlsx"),
                    models.CheckConstraint(condition=~Q(state="ready") | ~Q(file=""), name="ready_export_has_a_file"),
                ],
                "indexes": [models.Index(fields=["asked_at"], condition=Q(state="asked"), name="exports_to_write")],
            },
        ),
        # Its rows were chosen by the rights of whoever asked: nobody else may fetch them.
        row_security("payments_export", RIGHTS, rule=f"customer_id = {CUSTOMER} AND by_id = {USER}"),
    ]
