"""Whose bill it is that could not be read: its account is not absent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0024_address_of_account")]
    operations = [migrations.AddField("quarantinedinvoice", "account", models.TextField(blank=True, db_default=""))]
