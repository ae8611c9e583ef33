"""Acts are appended, by everyone who may act; a customer reads its own."""

from django.db import migrations

from portal import roles
from portal.row_security import append_only, row_security


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_initial"), ("customers", "0003_row_security")]
    operations = [
        append_only("audit_auditevent"),
        row_security(
            "audit_auditevent",
            {
                roles.TENANT: "SELECT, INSERT",
                roles.SUPPORT: "SELECT",
                roles.STAFF: "SELECT, INSERT",
                roles.INGEST: "INSERT",
            },
        ),
    ]
