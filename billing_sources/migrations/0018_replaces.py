"""Which bill a rebill takes the place of, found from the number of that one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0017_replies")]
    operations = [
        migrations.AddField("invoice", "replaces", models.TextField(blank=True, db_default="")),
        migrations.RunSQL(
            "CREATE INDEX invoices_by_what_they_replace ON billing_sources_invoice (system_id, entity, replaces)"
            " WHERE replaces <> ''",
            "DROP INDEX invoices_by_what_they_replace",
        ),
    ]
