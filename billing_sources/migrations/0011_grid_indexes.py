"""What the list of invoices needs of the database: orders to page through, and where a bill came from."""

from django.db import migrations

from portal import roles
from portal.row_security import CUSTOMER

# The sort keys of payments/invoices/queries.py, customer first. A list is mostly about what is open, a small part of
# all: that has its own indexes. What totals add up is included, so that they are read from the index alone.
# LEAST(due_on, …), unlike COALESCE, counts as leakproof, so that a page begins in the index under row security too.
INDEXES = migrations.RunSQL(
    """
    DROP INDEX invoices_by_due;
    CREATE INDEX invoices_by_due ON billing_sources_invoice (customer_id, (LEAST(due_on, '9999-12-31'::date)), id)
        INCLUDE (state, account_id, currency, payable, open) WHERE is_current;
    CREATE INDEX invoices_by_number ON billing_sources_invoice (customer_id, number, id) WHERE is_current;
    CREATE INDEX invoices_by_amount ON billing_sources_invoice (customer_id, payable, id) WHERE is_current;
    CREATE INDEX open_by_due ON billing_sources_invoice (customer_id, (LEAST(due_on, '9999-12-31'::date)), id)
        INCLUDE (state, account_id, currency, payable, open) WHERE is_current AND open <> 0;
    CREATE INDEX open_by_open ON billing_sources_invoice (customer_id, open, id) WHERE is_current AND open <> 0;
    CREATE INDEX open_by_account ON billing_sources_invoice (account_id) WHERE is_current AND open <> 0;
    """,
    migrations.RunSQL.noop,
)

# Files hold the bills of many customers and are the carrier's own. This much of one is said to whom its bill is for.
LINEAGE = migrations.RunSQL(
    f"""
    CREATE FUNCTION invoice_lineage(invoice bigint) RETURNS TABLE (name text, sha256 text, received_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
        SELECT d.name, d.sha256, d.received_at
        FROM billing_sources_invoice i
        JOIN billing_sources_importfile f ON f.id = i.file_id
        JOIN billing_sources_rawdocument d ON d.id = f.document_id
        WHERE i.id = invoice AND i.customer_id = {CUSTOMER} AND i.state IN ('published', 'superseded')
    $$;
    REVOKE EXECUTE ON FUNCTION invoice_lineage(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION invoice_lineage(bigint) TO {roles.TENANT}, {roles.SUPPORT};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0010_row_security")]
    operations = [INDEXES, LINEAGE]
