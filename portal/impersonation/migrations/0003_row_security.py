"""The customer reads the list of visits; only the carrier's side opens and ends them."""

from django.db import migrations

from portal import roles
from portal.row_security import USER, row_security


class Migration(migrations.Migration):
    dependencies = [("impersonation", "0002_initial"), ("customers", "0003_row_security")]
    operations = [
        row_security(
            "impersonation_supportsession",
            {roles.TENANT: "SELECT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT, UPDATE (ended_at)"},
            login_rule=f"rep_id = {USER}",
        ),
    ]
