from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_row_security")]
    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["customer", "subject"], name="acts_on_a_subject"),
        )
    ]
