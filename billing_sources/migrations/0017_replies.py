"""What billing systems are told about their files: the carrier's own business, its words never changed."""

import django.db.models.deletion
from django.db import migrations, models

from portal import roles
from portal.row_security import row_security

GRANTS = {
    roles.STAFF: "SELECT",
    roles.INGEST: "SELECT, INSERT, UPDATE (sent_at, attempts, next_attempt_at, last_error)",
}


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0016_file_stamp")]
    operations = [
        migrations.CreateModel(
            name="FileReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("content", models.BinaryField()),
                ("written_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("last_error", models.TextField(blank=True)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replies",
                        to="billing_sources.importfile",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["next_attempt_at"], condition=models.Q(sent_at=None), name="replies_to_send")
                ],
                "constraints": [models.UniqueConstraint(fields=["file", "name"], name="each_reply_once")],
            },
        ),
        row_security("billing_sources_filereply", GRANTS, rule="false"),
    ]
