"""Slips are issued once and read by their customer."""

from django.db import migrations

from portal import roles
from portal.row_security import append_only, row_security


class Migration(migrations.Migration):
    dependencies = [("remittance", "0001_initial"), ("payments", "0011_row_security")]
    operations = [
        append_only("remittance_remittanceslip"),
        row_security(
            "remittance_remittanceslip",
            {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT"},
        ),
    ]
