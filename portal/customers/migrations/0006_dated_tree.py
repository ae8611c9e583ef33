"""The tree of accounts, dated: where a node stands and what it is called, from a day on; nothing of it is rewritten."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import append_only, row_security

# The tree of a day. A row that says neither parent nor beginning only renames.
ACCOUNTS_ON = """
    CREATE FUNCTION accounts_on(whose bigint, day date)
        RETURNS TABLE (account_id bigint, parent_id bigint, name varchar) LANGUAGE sql STABLE AS $$
        WITH said AS (
            SELECT * FROM customers_accountplacement p WHERE p.customer_id = whose AND p.effective_on <= day),
        places AS (
            SELECT DISTINCT ON (said.account_id) said.account_id, said.parent_id FROM said
            WHERE said.parent_id IS NOT NULL OR said.effective_on = '0001-01-01'
            ORDER BY said.account_id, said.effective_on DESC, said.id DESC),
        names AS (
            SELECT DISTINCT ON (said.account_id) said.account_id, said.name FROM said WHERE said.name <> ''
            ORDER BY said.account_id, said.effective_on DESC, said.id DESC)
        SELECT places.account_id, places.parent_id, names.name FROM places JOIN names USING (account_id)
    $$
    """
# The tree of a day, which is today's, in the accounts themselves: rights are asked of their paths.
ARRANGE = """
    CREATE FUNCTION arrange_accounts(whose bigint, day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('account tree'), whose::int);
        UPDATE customers_account a SET parent_id = now_is.parent_id, name = now_is.name
        FROM accounts_on(whose, day) now_is
        WHERE a.id = now_is.account_id
          AND (a.parent_id IS DISTINCT FROM now_is.parent_id OR a.name <> now_is.name);
        WITH RECURSIVE tree AS (
            SELECT id, id::text::ltree AS path FROM customers_account WHERE customer_id = whose AND parent_id IS NULL
            UNION ALL
            SELECT a.id, tree.path || a.id::text FROM customers_account a JOIN tree ON a.parent_id = tree.id)
        UPDATE customers_account a SET path = tree.path FROM tree WHERE a.id = tree.id AND a.path <> tree.path;
    END $$
    """
# One after the other for a customer, so that two who move nodes into each other do not both succeed.
LOCK = """
    CREATE FUNCTION lock_account_tree() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('account tree'), NEW.customer_id::int);
        RETURN NEW;
    END $$;
    CREATE TRIGGER a_lock BEFORE INSERT ON customers_accountplacement
        FOR EACH ROW EXECUTE FUNCTION lock_account_tree();
    -- before keep_account_path, which reads the parent's path (triggers go by name)
    CREATE FUNCTION share_account_tree() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(hashtext('account tree'), NEW.customer_id::int);
        RETURN NEW;
    END $$;
    CREATE TRIGGER a_lock BEFORE INSERT ON customers_account FOR EACH ROW EXECUTE FUNCTION share_account_tree();
    """
PLACE = """
    CREATE FUNCTION place_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $$
    DECLARE day date;
    BEGIN
        FOR day IN SELECT DISTINCT effective_on FROM customers_accountplacement
                   WHERE customer_id = NEW.customer_id AND effective_on >= NEW.effective_on ORDER BY 1 LOOP
            IF (WITH RECURSIVE tree AS MATERIALIZED (SELECT * FROM accounts_on(NEW.customer_id, day)),
                above AS (SELECT parent_id FROM tree WHERE account_id = NEW.account_id
                          UNION SELECT tree.parent_id FROM tree JOIN above ON tree.account_id = above.parent_id)
                SELECT bool_or(parent_id = NEW.account_id) FROM above) THEN
                RAISE EXCEPTION '%', day USING ERRCODE = 'check_violation', CONSTRAINT = 'account_below_itself';
            END IF;
        END LOOP;
        IF NEW.effective_on <= current_date THEN
            PERFORM arrange_accounts(NEW.customer_id, current_date);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER place_account AFTER INSERT ON customers_accountplacement
        FOR EACH ROW WHEN (NEW.effective_on > '0001-01-01') EXECUTE FUNCTION place_account();

    CREATE FUNCTION place_new_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public AS $$
    BEGIN
        INSERT INTO customers_accountplacement (account_id, customer_id, parent_id, name, effective_on, placed_at)
        VALUES (NEW.id, NEW.customer_id, NEW.parent_id, NEW.name, '0001-01-01', now());
        RETURN NULL;
    END $$;
    CREATE TRIGGER place_new_account AFTER INSERT ON customers_account
        FOR EACH ROW EXECUTE FUNCTION place_new_account();
    """
OF_ONE_CUSTOMER = """
    ALTER TABLE customers_accountplacement
        ADD CONSTRAINT placed_account_of_customer
            FOREIGN KEY (account_id, customer_id) REFERENCES customers_account (id, customer_id),
        ADD CONSTRAINT placed_below_account_of_customer
            FOREIGN KEY (parent_id, customer_id) REFERENCES customers_account (id, customer_id),
        ADD CONSTRAINT placement_says_one_thing
            CHECK (effective_on = '0001-01-01' OR (parent_id IS NULL) <> (name = ''));
    """
# Last of all: a table whose foreign keys still wait to be checked cannot be altered.
THOSE_THERE = """
    INSERT INTO customers_accountplacement (account_id, customer_id, parent_id, name, effective_on, placed_at)
    SELECT id, customer_id, parent_id, name, '0001-01-01', now() FROM customers_account
    """
# A customer makes nodes to group by; accounts of billing systems are the carrier's to make. Nobody moves one by hand.
GRANTS = [
    f"GRANT INSERT ON customers_account TO {roles.TENANT}",
    f"CREATE POLICY groups_alone ON customers_account AS RESTRICTIVE FOR INSERT TO {roles.TENANT}"
    " WITH CHECK (external_id = '' AND parent_id IS NOT NULL)",
    f"REVOKE UPDATE ON customers_account FROM {roles.STAFF}",
    f"GRANT UPDATE (level, cost_center) ON customers_account TO {roles.STAFF}",
    "REVOKE EXECUTE ON FUNCTION arrange_accounts(bigint, date) FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION arrange_accounts(bigint, date) TO {roles.STAFF}",
]


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_what_suggests"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="AccountPlacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120)),
                ("effective_on", models.DateField()),
                ("placed_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.account"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.account",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["customer", "effective_on"], name="placements_by_day")]},
        ),
        migrations.RunSQL([OF_ONE_CUSTOMER, ACCOUNTS_ON, ARRANGE, LOCK, PLACE], migrations.RunSQL.noop),
        row_security(
            "customers_accountplacement",
            {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"},
        ),
        append_only("customers_accountplacement"),
        migrations.RunSQL([*GRANTS, THOSE_THERE], migrations.RunSQL.noop),
    ]
