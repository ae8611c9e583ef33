"""Who stood above whom on which days: how a bill finds the nodes above its account on its own day, by an index."""

import django.db.models.deletion
from django.db import migrations, models

from portal import roles
from portal.row_security import row_security

OF_ONE_CUSTOMER = """
    ALTER TABLE customers_ancestry
        ADD CONSTRAINT ancestry_account_of_customer
            FOREIGN KEY (account_id, customer_id) REFERENCES customers_account (id, customer_id),
        ADD CONSTRAINT ancestry_above_of_customer
            FOREIGN KEY (above_id, customer_id) REFERENCES customers_account (id, customer_id)
    """
# Upwards from each node, cutting its days at each step to those on which that step stood. The pieces of one (account,
# above) never overlap: on any day a node has one parent.
ANCESTRY_OF = """
    CREATE FUNCTION ancestry_of(whose bigint, wanted bigint[])
        RETURNS TABLE (account_id bigint, above_id bigint, from_on date, until_on date) LANGUAGE sql STABLE AS $$
        WITH RECURSIVE said AS (
            SELECT DISTINCT ON (p.account_id, p.effective_on) p.account_id, p.parent_id, p.effective_on
            FROM customers_accountplacement p
            WHERE p.customer_id = whose AND (p.parent_id IS NOT NULL OR p.effective_on = '0001-01-01')
            ORDER BY p.account_id, p.effective_on, p.id DESC),
        stands AS MATERIALIZED (
            SELECT said.account_id, said.parent_id, said.effective_on AS from_on,
                lead(said.effective_on, 1, '9999-12-31') OVER (PARTITION BY said.account_id ORDER BY said.effective_on)
                    AS until_on
            FROM said),
        line AS (
            SELECT node AS account_id, node AS above_id, date '0001-01-01' AS from_on, date '9999-12-31' AS until_on
            FROM unnest(wanted) node
            UNION ALL
            SELECT line.account_id, stands.parent_id, GREATEST(line.from_on, stands.from_on),
                LEAST(line.until_on, stands.until_on)
            FROM line JOIN stands ON stands.account_id = line.above_id AND stands.parent_id IS NOT NULL
                AND stands.from_on < line.until_on AND line.from_on < stands.until_on)
        SELECT * FROM line
    $$
    """
# A new node stands where its parent does; one that moves takes along all that ever stood below it. Named to come after
# place_account, which refuses a circle (triggers go by name).
KEEP = """
    CREATE FUNCTION trace_ancestry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $$
    DECLARE moved bigint[];
    BEGIN
        IF NEW.effective_on = '0001-01-01' THEN
            INSERT INTO customers_ancestry (customer_id, account_id, above_id, from_on, until_on)
            SELECT NEW.customer_id, NEW.account_id, NEW.account_id, '0001-01-01', '9999-12-31'
            UNION ALL
            SELECT NEW.customer_id, NEW.account_id, a.above_id, a.from_on, a.until_on
            FROM customers_ancestry a WHERE a.account_id = NEW.parent_id;
        ELSE
            moved := ARRAY(SELECT DISTINCT account_id FROM customers_ancestry WHERE above_id = NEW.account_id);
            DELETE FROM customers_ancestry WHERE account_id = ANY(moved);
            INSERT INTO customers_ancestry (customer_id, account_id, above_id, from_on, until_on)
            SELECT NEW.customer_id, o.* FROM ancestry_of(NEW.customer_id, moved) o;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER trace_ancestry AFTER INSERT ON customers_accountplacement
        FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL OR NEW.effective_on = '0001-01-01')
        EXECUTE FUNCTION trace_ancestry()
    """
THOSE_THERE = """
    INSERT INTO customers_ancestry (customer_id, account_id, above_id, from_on, until_on)
    SELECT customer.id, o.* FROM customers_customer customer,
        ancestry_of(customer.id, ARRAY(SELECT id FROM customers_account WHERE customer_id = customer.id)) o
    """


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_dated_tree")]
    operations = [
        migrations.CreateModel(
            name="Ancestry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_on", models.DateField()),
                ("until_on", models.DateField()),
                (
                    "above",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.account",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["above", "account"], name="ancestry_by_above")],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "above", "from_on"), name="stood_above_once"),
                    models.CheckConstraint(
                        condition=models.Q(("from_on__lt", models.F("until_on"))), name="stood_above_for_days"
                    ),
                ],
            },
        ),
        migrations.RunSQL([OF_ONE_CUSTOMER, ANCESTRY_OF, KEEP], migrations.RunSQL.noop),
        row_security("customers_ancestry", dict.fromkeys((roles.TENANT, roles.SUPPORT, roles.STAFF), "SELECT")),
        migrations.RunSQL([THOSE_THERE], migrations.RunSQL.noop),
    ]
