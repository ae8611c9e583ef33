"""What the customer disputes of a bill: a part of what is open, moved by the events of disputes (payments) alone."""

from django.db import migrations, models
from django.db.models.functions import Greatest

from portal.amount_field import AmountField


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0022_counters_of_credits")]
    operations = [
        migrations.AddField("invoice", "disputed", AmountField(db_default=0, default=0)),
        migrations.AddConstraint(
            "invoice",
            models.CheckConstraint(
                condition=models.Q(
                    disputed__gte=0,
                    disputed__lte=Greatest(models.F("open"), models.Value(0), output_field=AmountField()),
                ),
                name="disputed_is_open",
            ),
        ),
    ]
