"""What is to be paid of an invoice, said before it is in a pay run, and what a run was told when it took it over."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import portal.amount_field
from portal import roles
from portal.row_security import row_security

SAME_INVOICE = migrations.RunSQL(
    """
    ALTER TABLE payments_topay
        ADD CONSTRAINT to_pay_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency),
        ADD CONSTRAINT to_pay_in_whole_minor_units CHECK (amount = round(amount, currency_exponent(currency)));
    """,
    migrations.RunSQL.noop,
)
CHOSEN = migrations.RunSQL(
    f"GRANT UPDATE (to_pay) ON payments_payrunitem TO {roles.TENANT}",
    migrations.RunSQL.noop,
)
RIGHTS = {
    roles.TENANT: "SELECT, INSERT, UPDATE (amount, reason, note, set_by_id, set_at), DELETE",
    roles.SUPPORT: "SELECT",
    roles.STAFF: "SELECT, UPDATE (invoice_id, amount), DELETE",
}


def _to(model: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=model)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("payments", "0013_closed_break_is_explained"),
        ("billing_sources", "0021_proof_lines"),
        ("customers", "0006_dated_tree"),
    ]
    operations = [
        migrations.CreateModel(
            name="ToPay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3)),
                ("amount", portal.amount_field.AmountField()),
                ("reason", models.CharField(blank=True, max_length=24)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("set_at", models.DateTimeField()),
                ("customer", _to("customers.customer")),
                (
                    "invoice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing_sources.invoice"
                    ),
                ),
                ("set_by", _to(settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(amount__gte=0), name="to_pay_not_negative"),
                    models.CheckConstraint(condition=~Q(reason="") | Q(note=""), name="to_pay_note_has_a_reason"),
                ]
            },
        ),
        migrations.AddField("payrunitem", "to_pay", portal.amount_field.AmountField(null=True)),
        migrations.AddConstraint(
            "payrunitem",
            models.CheckConstraint(condition=Q(to_pay=None) | Q(to_pay__gte=0), name="chosen_to_pay_not_negative"),
        ),
        SAME_INVOICE,
        row_security("payments_topay", RIGHTS),
        CHOSEN,
    ]
