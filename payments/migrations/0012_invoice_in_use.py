"""What a customer works with: bills that must not vanish when a cycle is rolled back."""

from django.db import migrations

IN_USE = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION invoice_in_use(invoice bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT i.held <> 0 OR i.settled <> 0 OR i.credited <> 0 OR i.written_off <> 0
            OR EXISTS (SELECT FROM payments_payrunitem t JOIN payments_payrun r ON r.id = t.run_id
                       WHERE t.invoice_id = i.id AND r.state IN ('draft', 'submitted', 'approved'))
        FROM billing_sources_invoice i WHERE i.id = invoice
    $$
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_row_security"), ("billing_sources", "0014_stages")]
    operations = [IN_USE]
