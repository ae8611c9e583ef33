"""The counters of a credit note run below zero, those of an invoice above it."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0021_proof_lines")]
    operations = [
        migrations.RemoveConstraint("invoice", "invoice_counters_not_negative"),
        migrations.AddConstraint(
            "invoice",
            models.CheckConstraint(
                condition=Q(payable__lt=0, held__lte=0, settled__lte=0, credited__lte=0, written_off__lte=0)
                | Q(payable__gte=0, held__gte=0, settled__gte=0, credited__gte=0, written_off__gte=0),
                name="invoice_counters_on_their_side",
            ),
        ),
    ]
