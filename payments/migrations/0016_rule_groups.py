"""Tags on nodes of the tree, dated; groups by rules in versions, with pins, exclusions and what they are paid with."""

import datetime

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.amount_field
from portal import roles
from portal.row_security import append_only, row_security

OF_ONE_CUSTOMER = """
    ALTER TABLE payments_accounttag
        ADD CONSTRAINT node_tag_of_same_customer FOREIGN KEY (tag_id, customer_id)
            REFERENCES payments_tag (id, customer_id) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT tagged_node_of_same_customer FOREIGN KEY (account_id, customer_id)
            REFERENCES customers_account (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_tag
        ADD CONSTRAINT merged_within_customer FOREIGN KEY (merged_into_id, customer_id)
            REFERENCES payments_tag (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_groupapprover
        ADD CONSTRAINT approver_group_of_same_customer FOREIGN KEY (group_id, customer_id)
            REFERENCES payments_invoicegroup (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_grouprule
        ADD CONSTRAINT rule_group_of_same_customer FOREIGN KEY (group_id, customer_id)
            REFERENCES payments_invoicegroup (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    CREATE INDEX payments_member_by_invoice ON payments_invoicegroupmember (invoice_id, group_id);
    """
# All that a bill is tagged with: by itself (account_id null), and from the nodes that stood above its account when it
# was issued, as far as they were tagged then. One view for filter, chips, group-by, search and rules.
TAGGED = f"""
    CREATE VIEW payments_tagged WITH (security_invoker = true) AS
        SELECT own.customer_id, own.invoice_id, own.tag_id, NULL::bigint AS account_id FROM payments_invoicetag own
        UNION ALL
        SELECT given.customer_id, i.id, given.tag_id, given.account_id
        FROM payments_accounttag given
        JOIN customers_ancestry line ON line.above_id = given.account_id
        JOIN billing_sources_invoice i ON i.account_id = line.account_id
            AND i.billed_on >= GREATEST(line.from_on, given.from_on)
            AND i.billed_on < LEAST(line.until_on, given.until_on);
    GRANT SELECT ON payments_tagged TO {roles.TENANT}, {roles.SUPPORT}, {roles.STAFF}
    """
# Arrays have no foreign keys. A rule says what counts from a day on; only on the day its group was made may that day
# lie behind, so that groups of the past stay as they were.
RULE = """
    CREATE FUNCTION check_group_rule() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM unnest(NEW.nodes) node WHERE NOT EXISTS (
                       SELECT FROM customers_account a WHERE a.id = node AND a.customer_id = NEW.customer_id))
           OR EXISTS (SELECT FROM unnest(NEW.tags) tag WHERE NOT EXISTS (
                       SELECT FROM payments_tag t WHERE t.id = tag AND t.customer_id = NEW.customer_id)) THEN
            RAISE EXCEPTION 'a rule names what is not the customer''s' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.effective_on < NEW.made_on AND EXISTS (
                SELECT FROM payments_grouprule r WHERE r.group_id = NEW.group_id AND r.made_on < NEW.made_on) THEN
            RAISE EXCEPTION 'a rule cannot change days that have passed' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER check_group_rule BEFORE INSERT ON payments_grouprule
        FOR EACH ROW EXECUTE FUNCTION check_group_rule()
    """
IN_ORDER = """
    UPDATE payments_invoicegroup g SET position = o.place
    FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY name) AS place FROM payments_invoicegroup) o
    WHERE o.id = g.id
    """


def grants(tenant: str) -> dict[str, str]:
    return {roles.TENANT: tenant, roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"}


TABLES = {
    "payments_accounttag": grants("SELECT, INSERT, UPDATE (tag_id, until_on, ended_by_id, ended_at)"),
    "payments_groupapprover": grants("SELECT, INSERT, DELETE"),
    "payments_grouprule": grants("SELECT, INSERT"),
}
MORE_GRANTS = [
    f"GRANT UPDATE (name, merged_into_id, removed_at) ON payments_tag TO {roles.TENANT}",
    f"GRANT UPDATE (tag_id) ON payments_invoicetag TO {roles.TENANT}",
    f"GRANT UPDATE (position, method, reference, days_before_due) ON payments_invoicegroup TO {roles.TENANT}",
    f"GRANT UPDATE (until_on) ON payments_invoicegroupmember TO {roles.TENANT}",
    f"REVOKE DELETE ON payments_invoicegroupmember FROM {roles.TENANT}",
]


class Migration(migrations.Migration):
    dependencies = [
        ("billing_sources", "0021_proof_lines"),
        ("customers", "0007_ancestry"),
        ("payments", "0015_credit_notes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                (
                    "until_on",
                    models.DateField(db_default=datetime.date(9999, 12, 31), default=datetime.date(9999, 12, 31)),
                ),
                ("placed_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="GroupApprover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="GroupRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("effective_on", models.DateField()),
                (
                    "nodes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "systems",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "cycles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), default=list, size=None
                    ),
                ),
                (
                    "categories",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), default=list, size=None
                    ),
                ),
                (
                    "currencies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=3), default=list, size=None
                    ),
                ),
                ("due_from", models.DateField(null=True)),
                ("due_to", models.DateField(null=True)),
                ("due_day_from", models.PositiveSmallIntegerField(null=True)),
                ("due_day_to", models.PositiveSmallIntegerField(null=True)),
                ("amount_from", portal.amount_field.AmountField(null=True)),
                ("amount_to", portal.amount_field.AmountField(null=True)),
                ("made_at", models.DateTimeField()),
                ("made_on", models.DateField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="invoicegroupmember",
            name="in_a_group_once",
        ),
        migrations.RemoveConstraint(
            model_name="tag",
            name="one_tag_per_name",
        ),
        migrations.AddField(
            model_name="invoicegroup",
            name="days_before_due",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="invoicegroup",
            name="method",
            field=models.CharField(
                blank=True,
                choices=[("ach_credit", "ACH credit"), ("wire", "Wire"), ("cheque", "Cheque")],
                db_default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="invoicegroup",
            name="position",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="invoicegroup",
            name="reference",
            field=models.CharField(blank=True, db_default="", max_length=30),
        ),
        migrations.AddField(
            model_name="invoicegroupmember",
            name="is_excluded",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="invoicegroupmember",
            name="placed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invoicegroupmember",
            name="since_on",
            field=models.DateField(default=datetime.date(1, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="invoicegroupmember",
            name="until_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="tag",
            name="code",
            field=models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, unique=True
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="merged_into",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.tag"
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="removed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="invoicegroupmember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until_on", None)), fields=("group", "invoice"), name="in_a_group_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)), fields=("customer", "name"), name="one_living_tag_per_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", None), ("removed_at__isnull", False), _connector="OR"),
                name="merged_tag_is_removed",
            ),
        ),
        migrations.AddField(
            model_name="accounttag",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.account"
            ),
        ),
        migrations.AddField(
            model_name="accounttag",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="accounttag",
            name="ended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="accounttag",
            name="placed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="accounttag",
            name="tag",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.tag"),
        ),
        migrations.AddField(
            model_name="groupapprover",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="groupapprover",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="payments.invoicegroup"
            ),
        ),
        migrations.AddField(
            model_name="groupapprover",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="grouprule",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="grouprule",
            name="group",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.invoicegroup"
            ),
        ),
        migrations.AddField(
            model_name="grouprule",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("account", "tag"), name="a_node_has_a_tag_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttag",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_on__lte", models.F("until_on"))), name="tag_ends_after_it_began"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupapprover",
            constraint=models.UniqueConstraint(fields=("group", "user"), name="approves_a_group_once"),
        ),
        migrations.AddConstraint(
            model_name="grouprule",
            constraint=models.UniqueConstraint(fields=("group", "number"), name="one_rule_per_number"),
        ),
        migrations.RunSQL([OF_ONE_CUSTOMER, TAGGED, RULE, IN_ORDER], migrations.RunSQL.noop),
        *(row_security(table, rights) for table, rights in TABLES.items()),
        append_only("payments_grouprule"),
        migrations.RunSQL(MORE_GRANTS, migrations.RunSQL.noop),
    ]
