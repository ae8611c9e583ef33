from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_invoice_in_use")]
    operations = [
        migrations.AddConstraint(
            model_name="break",
            constraint=models.CheckConstraint(
                condition=Q(closed_at=None) | (~Q(explanation="") & Q(owner__isnull=False)),
                name="closed_break_is_explained",
            ),
        )
    ]
