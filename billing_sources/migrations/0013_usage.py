"""Usage records, in a partition for each month of billing."""

import django.db.models.deletion
from django.db import migrations, models

import portal.amount_field
from portal import roles
from portal.row_security import row_security

# One index serves all: a page of a charge's records, their totals, and finding what a newly linked account owns.
TABLE = """
    CREATE TABLE billing_sources_usagerecord (
        invoice_id bigint NOT NULL,
        customer_id bigint,
        billed_on date NOT NULL,
        position integer NOT NULL,
        charge integer NOT NULL,
        started_at timestamp NOT NULL,
        kind text NOT NULL,
        service text NOT NULL,
        other_party text NOT NULL,
        quantity numeric,
        unit text NOT NULL,
        amount numeric NOT NULL,
        origin text NOT NULL
    ) PARTITION BY RANGE (billed_on);
    CREATE UNIQUE INDEX usage_of_a_charge ON billing_sources_usagerecord
        (customer_id, invoice_id, charge, position, billed_on) NULLS NOT DISTINCT;
    """

# Foreign keys would lock the invoices of every worker whenever a month is made, and ask once a record. This asks once
# a statement, and asks for more: the invoice's customer and date.
RULES = """
    CREATE FUNCTION usage_belongs_to_its_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE stray bigint;
    BEGIN
        SELECT u.invoice_id INTO stray
        FROM (SELECT DISTINCT invoice_id, customer_id, billed_on FROM brought) u
        LEFT JOIN billing_sources_invoice i ON i.id = u.invoice_id AND i.billed_on = u.billed_on
            AND i.customer_id IS NOT DISTINCT FROM u.customer_id
        WHERE i.id IS NULL LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'usage of invoice % is not of its customer and date', stray
                USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER usage_belongs_to_its_invoice AFTER INSERT ON billing_sources_usagerecord
        REFERENCING NEW TABLE AS brought FOR EACH STATEMENT EXECUTE FUNCTION usage_belongs_to_its_invoice();
    """

# A month has row security and no policy: it is reached through the whole table alone.
# Attaching, unlike creating in place, lets the other workers go on writing. To be called outside of the transaction
# that loads a file, or the next worker that needs a month would wait for that file.
MONTHS = f"""
    CREATE FUNCTION usage_month(day date) RETURNS text LANGUAGE sql STABLE AS
        $$ SELECT 'billing_sources_usagerecord_' || to_char(day, 'YYYY_MM') $$;
    CREATE FUNCTION make_usage_month(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE first date := date_trunc('month', day);
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('usage months', 0));
        IF to_regclass(usage_month(day)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE billing_sources_usagerecord INCLUDING INDEXES)', usage_month(day));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', usage_month(day));
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', usage_month(day));
            EXECUTE format('ALTER TABLE billing_sources_usagerecord ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                usage_month(day), first, first + interval '1 month');
        END IF;
    END $$;
    REVOKE EXECUTE ON FUNCTION make_usage_month(date) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION make_usage_month(date) TO {roles.INGEST};
    """

GRANTS = {
    roles.TENANT: "SELECT",
    roles.SUPPORT: "SELECT",
    roles.STAFF: "SELECT, UPDATE (customer_id)",
    roles.INGEST: "SELECT, INSERT",
}

MODEL = migrations.CreateModel(
    name="UsageRecord",
    fields=[
        (
            "pk",
            models.CompositePrimaryKey(
                "invoice", "position", blank=True, editable=False, primary_key=True, serialize=False
            ),
        ),
        ("billed_on", models.DateField()),
        ("position", models.IntegerField()),
        ("charge", models.IntegerField()),
        ("started_at", models.DateTimeField()),
        ("kind", models.TextField(blank=True)),
        ("service", models.TextField(blank=True)),
        ("other_party", models.TextField(blank=True)),
        ("quantity", portal.amount_field.AmountField(null=True)),
        ("unit", models.TextField(blank=True)),
        ("amount", portal.amount_field.AmountField()),
        ("origin", models.TextField(blank=True)),
        (
            "customer",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.customer",
            ),
        ),
        (
            "invoice",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing_sources.invoice",
            ),
        ),
    ],
)


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0012_control_and_mark")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL([TABLE, RULES, MONTHS], "DROP TABLE billing_sources_usagerecord")], [MODEL]
        ),
        row_security("billing_sources_usagerecord", GRANTS),
        migrations.AddField("importfile", "usage_records", models.IntegerField(default=0)),
    ]
