"""The address of a customer as one text, to be compared with that of an unknown account by trigrams."""

from django.db import migrations

ONE_LINE = migrations.RunSQL(
    """
    CREATE FUNCTION one_line(varchar[]) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
        $$ BEGIN RETURN array_to_string($1, ', '); END $$;
    CREATE INDEX customers_by_address ON customers_customer USING gin (one_line(address_lines) gin_trgm_ops);
    """,
    "DROP INDEX customers_by_address; DROP FUNCTION one_line(varchar[])",
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_ancestry")]
    operations = [ONE_LINE]
