"""The version of a file as its transport lists it, so that what was dealt with is not fetched again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0015_vocabularies")]
    operations = [
        migrations.AddField("importfile", "stamp", models.TextField(blank=True, db_default="")),
        migrations.AddIndex(
            "importfile",
            models.Index(fields=["stamp"], condition=~models.Q(stamp=""), name="files_by_stamp"),
        ),
    ]
