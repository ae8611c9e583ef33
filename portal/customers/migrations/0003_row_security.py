"""A customer sees its own tree, people and rights; a person sees the customers it works for."""

from django.db import migrations

from portal import roles
from portal.row_security import CUSTOMER, USER, row_security

# The database keeps each node's path: the ids from its root down.
ACCOUNT_PATH = migrations.RunSQL(
    """
    CREATE FUNCTION keep_account_path() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.parent_id IS NULL THEN
            NEW.path := NEW.id::text::ltree;
        ELSE
            SELECT path || NEW.id::text INTO STRICT NEW.path FROM customers_account
            WHERE id = NEW.parent_id AND customer_id = NEW.customer_id;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER keep_account_path BEFORE INSERT ON customers_account
        FOR EACH ROW EXECUTE FUNCTION keep_account_path();
    CREATE INDEX accounts_by_path ON customers_account USING gist (path);
    ALTER TABLE customers_account ADD CONSTRAINT parent_of_same_customer
        FOREIGN KEY (parent_id, customer_id) REFERENCES customers_account (id, customer_id);
    """,
    migrations.RunSQL.noop,
)

READ = {roles.TENANT: "SELECT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT, UPDATE", roles.INGEST: "SELECT"}


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_initial"), ("users", "0002_functions")]
    operations = [
        ACCOUNT_PATH,
        row_security(
            "customers_customer",
            {**READ, roles.TENANT: "SELECT, UPDATE (allows_support)"},
            rule=f"id = {CUSTOMER}",
            login_rule=f"id IN (SELECT customer_id FROM customers_membership WHERE user_id = {USER})",
        ),
        row_security("customers_account", READ),
        row_security(
            "customers_membership",
            {
                roles.TENANT: "SELECT, INSERT, UPDATE, DELETE",
                roles.SUPPORT: "SELECT",
                roles.STAFF: "SELECT, INSERT, UPDATE, DELETE",
            },
            login_rule=f"user_id = {USER}",
        ),
        row_security(
            "customers_invitation",
            {roles.TENANT: "SELECT, INSERT, UPDATE", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT, UPDATE"},
        ),
        row_security(
            "customers_accountuserobjectpermission",
            {
                roles.TENANT: "SELECT, INSERT, DELETE",
                roles.SUPPORT: "SELECT",
                roles.STAFF: "SELECT, INSERT, DELETE",
            },
            rule=f"content_object_id IN (SELECT id FROM customers_account WHERE customer_id = {CUSTOMER})",
        ),
    ]
