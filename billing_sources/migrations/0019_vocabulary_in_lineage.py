"""What a customer may know of the file of its bill: with which version of the vocabulary it was read, too."""

from django.db import migrations

from portal import roles
from portal.row_security import CUSTOMER

LINEAGE = migrations.RunSQL(
    f"""
    DROP FUNCTION invoice_lineage(bigint);
    CREATE FUNCTION invoice_lineage(invoice bigint)
        RETURNS TABLE (name text, sha256 text, received_at timestamptz, vocabulary_version smallint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
        SELECT d.name, d.sha256, d.received_at, f.vocabulary_version
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
    dependencies = [("billing_sources", "0018_replaces")]
    operations = [LINEAGE]
