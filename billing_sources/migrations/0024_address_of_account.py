"""Where an account stands, as the bill that first spoke of it says: compared with the customers' addresses."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0023_disputed"), ("customers", "0008_address_on_one_line")]
    operations = [migrations.AddField("accountlink", "address", models.TextField(blank=True, db_default=""))]
