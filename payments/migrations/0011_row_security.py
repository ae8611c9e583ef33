"""A customer's people see and prepare their own payments; the carrier's jobs carry them to AR and back."""

from django.db import migrations

from portal import roles
from portal.row_security import row_security


def grants(tenant: str, staff: str = "SELECT") -> dict[str, str]:
    return {roles.TENANT: tenant, roles.SUPPORT: "SELECT", roles.STAFF: staff}


TABLES = {
    "payments_command": grants("SELECT, INSERT, UPDATE (answer)", "SELECT"),
    "payments_tag": grants("SELECT, INSERT"),
    "payments_invoicetag": grants("SELECT, INSERT, DELETE", "SELECT, UPDATE (invoice_id), DELETE"),
    "payments_invoicegroup": grants("SELECT, INSERT, UPDATE (name)"),
    "payments_invoicegroupmember": grants("SELECT, INSERT, DELETE", "SELECT, UPDATE (invoice_id), DELETE"),
    "payments_payrun": grants(
        "SELECT, INSERT, UPDATE (title, state, version, edited_by_id, edited_at, submitted_by_id, submitted_at,"
        " submitted_sha256, released_by_id, released_at, returned_reason)",
        "SELECT, UPDATE (state, version, returned_reason)",
    ),
    "payments_payruneditor": grants("SELECT, INSERT"),
    "payments_payrunitem": grants("SELECT, INSERT, UPDATE (left_open), DELETE", "SELECT, UPDATE (invoice_id), DELETE"),
    "payments_shortpay": grants(
        "SELECT, INSERT, UPDATE (amount, reason, note, stated_by_id, stated_at), DELETE",
        "SELECT, UPDATE (invoice_id, amount), DELETE",
    ),
    "payments_payment": grants(
        "SELECT, INSERT, UPDATE (method, currency, value_on, planned, state, reference, note)",
        "SELECT, UPDATE (state)",
    ),
    "payments_approval": grants("SELECT, INSERT"),
    "payments_allocationevent": grants("SELECT, INSERT", "SELECT, INSERT"),
    "payments_allocation": grants("SELECT", "SELECT, UPDATE (verdict, reason)"),
    "payments_arposting": grants("SELECT, INSERT", "SELECT, INSERT, UPDATE"),
    "payments_aracknowledgement": grants("SELECT", "SELECT, INSERT"),
    "payments_break": grants("SELECT", "SELECT, INSERT, UPDATE"),
}


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_ledger"), ("customers", "0003_row_security")]
    operations = [
        *(row_security(table, rights) for table, rights in TABLES.items()),
        row_security("payments_armessage", {roles.STAFF: "SELECT, INSERT, UPDATE (applied_at, failure)"}, rule="false"),
        migrations.RunSQL(
            [
                "CREATE SEQUENCE payments_control_number",
                f"GRANT USAGE ON SEQUENCE payments_control_number TO {roles.TENANT}, {roles.STAFF}",
            ],
            "DROP SEQUENCE payments_control_number",
        ),
    ]
