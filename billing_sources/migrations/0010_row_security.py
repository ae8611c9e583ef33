"""Who sees bills, and what of a received invoice may ever change."""

from django.db import migrations

from portal import roles
from portal.row_security import CUSTOMER, row_security

STAFF_READS = {roles.STAFF: "SELECT, INSERT, UPDATE", roles.INGEST: "SELECT, INSERT, UPDATE"}
CARRIER_TABLES = (
    "billing_sources_nightslot",
    "billing_sources_rawdocument",
    "billing_sources_importrun",
    "billing_sources_importfile",
    "billing_sources_importissue",
    "billing_sources_quarantinedinvoice",
)

# A customer sees what is published; held and waiting invoices are the carrier's own business.
VISIBLE = f"customer_id = {CUSTOMER} AND state IN ('published', 'superseded')"

# No role may touch an amount, number or date of a received invoice: the grants name the few columns that move.
INVOICE_GRANTS = {
    roles.TENANT: "SELECT",
    roles.SUPPORT: "SELECT",
    roles.STAFF: "SELECT, UPDATE (state, is_current, customer_id, account_id, published_at)",
    roles.INGEST: "SELECT, INSERT, UPDATE (state, is_current, customer_id, account_id, published_at)",
}
DETAIL_GRANTS = {
    roles.TENANT: "SELECT",
    roles.SUPPORT: "SELECT",
    roles.STAFF: "SELECT, UPDATE (customer_id)",
    roles.INGEST: "SELECT, INSERT",
}

INVOICE_RULES = migrations.RunSQL(
    """
    ALTER TABLE billing_sources_invoice
        ADD CONSTRAINT invoice_never_over_allocated
            CHECK (held + settled + credited + written_off <= GREATEST(payable, 0)),
        ADD CONSTRAINT invoice_in_whole_minor_units
            CHECK (payable = round(payable, currency_exponent(currency))),
        ADD CONSTRAINT nothing_on_a_superseded_revision
            CHECK (state <> 'superseded' OR (held = 0 AND settled = 0)),
        ADD CONSTRAINT account_of_same_customer
            FOREIGN KEY (account_id, customer_id) REFERENCES customers_account (id, customer_id)
            DEFERRABLE INITIALLY DEFERRED;

    CREATE FUNCTION keep_invoice_customer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.customer_id IS NOT NULL AND NEW.customer_id IS DISTINCT FROM OLD.customer_id THEN
            RAISE EXCEPTION 'invoice % belongs to a customer already', OLD.number USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER keep_invoice_customer BEFORE UPDATE OF customer_id ON billing_sources_invoice
        FOR EACH ROW EXECUTE FUNCTION keep_invoice_customer();

    CREATE FUNCTION publish_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at THEN
            RAISE EXCEPTION 'file % is published already', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER publish_once BEFORE UPDATE OF published_at ON billing_sources_importfile
        FOR EACH ROW EXECUTE FUNCTION publish_once();
    CREATE INDEX issues_by_file ON billing_sources_importissue (file_id, is_fatal);
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("billing_sources", "0001_initial"), ("customers", "0003_row_security")]
    operations = [
        INVOICE_RULES,
        row_security("billing_sources_invoice", INVOICE_GRANTS, rule=VISIBLE),
        row_security("billing_sources_charge", DETAIL_GRANTS),
        row_security("billing_sources_taxitem", DETAIL_GRANTS),
        row_security(
            "billing_sources_accountlink",
            {roles.TENANT: "SELECT", roles.SUPPORT: "SELECT", **STAFF_READS},
        ),
        *(row_security(table, STAFF_READS, rule="false") for table in CARRIER_TABLES),
        migrations.RunSQL(
            [
                f"GRANT SELECT ON billing_sources_billingsystem, billing_sources_billcycle"
                f" TO {', '.join(roles.GROUPS)}",
                f"GRANT INSERT ON billing_sources_billingsystem, billing_sources_billcycle"
                f" TO {roles.STAFF}, {roles.INGEST}",
            ],
            migrations.RunSQL.noop,
        ),
    ]
