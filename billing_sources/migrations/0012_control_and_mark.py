"""What comes beside a bill file: its control file, and how far its system is read with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0011_grid_indexes")]
    operations = [
        migrations.AddField("rawdocument", "control", models.BinaryField(default=b"")),
        migrations.AddField("rawdocument", "mark", models.TextField(blank=True, db_default="")),
    ]
