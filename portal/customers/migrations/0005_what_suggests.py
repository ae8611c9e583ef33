"""What an unknown account is compared with: the customer's tax ids, number and, by trigrams, its name."""

import django.contrib.postgres.fields
from django.db import migrations, models

WHAT_IS_COMPARED = migrations.RunSQL(
    """
    CREATE FUNCTION letters_and_digits(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN upper(regexp_replace($1, '[^A-Za-z0-9]', '', 'g'));
    CREATE INDEX customers_by_name ON customers_customer USING gin (name gin_trgm_ops);
    CREATE INDEX customers_by_tax_id ON customers_customer USING gin (tax_ids);
    ALTER TABLE customers_customer ADD CONSTRAINT tax_ids_in_letters_and_digits
        CHECK (array_to_string(tax_ids, '') !~ '[^A-Z0-9]');
    """,
    "DROP FUNCTION letters_and_digits(text)",
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_one_customer_per_reference")]
    operations = [
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", migrations.RunSQL.noop),
        migrations.AddField(
            "customer",
            "tax_ids",
            django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, db_default=[], size=None),
        ),
        WHAT_IS_COMPARED,
    ]
