"""Credit on account: money that stands on no bill, chosen into a run and placed on its payments like an invoice."""

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import portal.amount_field


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0022_counters_of_credits"),
        ("customers", "0006_dated_tree"),
        ("payments", "0021_approval_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OnAccountCredit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=20)),
                ("currency", models.CharField(max_length=3)),
                ("amount", portal.amount_field.AmountField()),
                ("held", portal.amount_field.AmountField(default=0)),
                ("settled", portal.amount_field.AmountField(default=0)),
                (
                    "open",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(models.F("amount"), "-", models.F("held")),
                            "-",
                            models.F("settled"),
                        ),
                        output_field=portal.amount_field.AmountField(),
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("reissue", "a bill was lowered after it was paid"),
                            ("break", "AR and the ledger differed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="allocation",
            name="one_allocation_per_pair",
        ),
        migrations.RemoveConstraint(
            model_name="aracknowledgement",
            name="each_answer_once",
        ),
        migrations.AlterField(
            model_name="allocation",
            name="invoice",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing_sources.invoice",
            ),
        ),
        migrations.AlterField(
            model_name="allocationevent",
            name="invoice",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing_sources.invoice",
            ),
        ),
        migrations.AlterField(
            model_name="payrunitem",
            name="invoice",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing_sources.invoice"
            ),
        ),
        migrations.AddField(
            model_name="onaccountcredit",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.account"
            ),
        ),
        migrations.AddField(
            model_name="onaccountcredit",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="onaccountcredit",
            name="found",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.break"
            ),
        ),
        migrations.AddField(
            model_name="onaccountcredit",
            name="payment",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.payment"
            ),
        ),
        migrations.AddField(
            model_name="allocation",
            name="credit",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.onaccountcredit",
            ),
        ),
        migrations.AddField(
            model_name="allocationevent",
            name="credit",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.onaccountcredit",
            ),
        ),
        migrations.AddField(
            model_name="aracknowledgement",
            name="credit",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.onaccountcredit"
            ),
        ),
        migrations.AddField(
            model_name="payrunitem",
            name="credit",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.onaccountcredit"
            ),
        ),
        migrations.AddField(
            model_name="allocation",
            name="claim",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    models.F("invoice"),
                    django.db.models.expressions.CombinedExpression(models.F("credit"), "*", models.Value(-1)),
                ),
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddField(
            model_name="allocationevent",
            name="claim",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    models.F("invoice"),
                    django.db.models.expressions.CombinedExpression(models.F("credit"), "*", models.Value(-1)),
                ),
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddField(
            model_name="payrunitem",
            name="claim",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    models.F("invoice"),
                    django.db.models.expressions.CombinedExpression(models.F("credit"), "*", models.Value(-1)),
                ),
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.UniqueConstraint(fields=("payment", "claim"), name="one_allocation_per_pair"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit__isnull", True), ("invoice__isnull", False)),
                    models.Q(("credit__isnull", False), ("invoice__isnull", True)),
                    _connector="OR",
                ),
                name="allocation_of_invoice_or_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit__isnull", True), ("invoice__isnull", False)),
                    models.Q(("credit__isnull", False), ("invoice__isnull", True)),
                    _connector="OR",
                ),
                name="event_of_invoice_or_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="aracknowledgement",
            constraint=models.UniqueConstraint(
                fields=("posting", "message", "level", "invoice", "credit"),
                name="each_answer_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="payrunitem",
            constraint=models.UniqueConstraint(fields=("run", "claim"), name="claim_chosen_once"),
        ),
        migrations.AddConstraint(
            model_name="payrunitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit__isnull", True), ("invoice__isnull", False)),
                    models.Q(("credit__isnull", False), ("invoice__isnull", True)),
                    _connector="OR",
                ),
                name="item_of_invoice_or_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="onaccountcredit",
            constraint=models.UniqueConstraint(fields=("customer", "number"), name="one_credit_per_number"),
        ),
        migrations.AddConstraint(
            model_name="onaccountcredit",
            constraint=models.UniqueConstraint(
                fields=("id", "customer", "currency"), name="credit_of_customer_in_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="onaccountcredit",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="credit_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="onaccountcredit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held__gte", 0),
                    ("settled__gte", 0),
                    (
                        "amount__gte",
                        django.db.models.expressions.CombinedExpression(models.F("held"), "+", models.F("settled")),
                    ),
                ),
                name="credit_never_used_beyond_its_amount",
            ),
        ),
    ]
