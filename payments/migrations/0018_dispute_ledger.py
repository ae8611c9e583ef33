"""The ledger of disputes: appended by code, counted by the database (invariants I17, I20, I21)."""

from django.db import migrations

from portal import roles
from portal.row_security import OWN_CUSTOMER, append_only, row_security

READS = {roles.SUPPORT: "SELECT"}
BOTH_ADD = {roles.TENANT: "SELECT, INSERT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT"}
TABLES = {
    "payments_dispute": READS
    | {
        roles.TENANT: "SELECT, INSERT, UPDATE (state, version, changed_at)",
        roles.STAFF: "SELECT, INSERT,"
        " UPDATE (state, version, changed_at, proposed, answered_at, owner_id, credit_note_id)",
    },
    "payments_disputecharge": BOTH_ADD,
    "payments_disputeevent": BOTH_ADD,
    "payments_disputefile": BOTH_ADD,
    "payments_shortpaydispute": READS | {roles.TENANT: "SELECT, INSERT", roles.STAFF: "SELECT"},
}

# A dispute's invoice is a matter of its events: those carry it to the next revision.
SAME_CUSTOMER_AND_CURRENCY = migrations.RunSQL(
    """
    ALTER TABLE payments_disputeevent
        ADD CONSTRAINT dispute_event_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency),
        ADD CONSTRAINT dispute_event_dispute FOREIGN KEY (dispute_id, customer_id, currency)
            REFERENCES payments_dispute (id, customer_id, currency),
        ADD CONSTRAINT dispute_event_in_whole_minor_units CHECK (amount = round(amount, currency_exponent(currency)));
    ALTER TABLE payments_dispute
        ADD CONSTRAINT dispute_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency),
        ADD CONSTRAINT dispute_credit_note FOREIGN KEY (credit_note_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency);
    ALTER TABLE payments_dispute ADD CONSTRAINT id_of_customer UNIQUE (id, customer_id);
    ALTER TABLE payments_disputemessage ADD CONSTRAINT message_id_of_dispute UNIQUE (id, dispute_id, customer_id);
    ALTER TABLE payments_disputecharge ADD CONSTRAINT charge_dispute
        FOREIGN KEY (dispute_id, customer_id) REFERENCES payments_dispute (id, customer_id);
    ALTER TABLE payments_disputemessage ADD CONSTRAINT message_dispute
        FOREIGN KEY (dispute_id, customer_id) REFERENCES payments_dispute (id, customer_id);
    ALTER TABLE payments_disputefile ADD CONSTRAINT file_message
        FOREIGN KEY (message_id, dispute_id, customer_id)
        REFERENCES payments_disputemessage (id, dispute_id, customer_id);
    ALTER TABLE payments_shortpaydispute
        ADD CONSTRAINT link_dispute FOREIGN KEY (dispute_id, customer_id) REFERENCES payments_dispute (id, customer_id),
        ADD CONSTRAINT link_item FOREIGN KEY (run_id, invoice_id)
            REFERENCES payments_payrunitem (run_id, invoice_id) DEFERRABLE INITIALLY DEFERRED;
    CREATE SEQUENCE payments_dispute_number START 1001;
    """
    f"GRANT USAGE ON SEQUENCE payments_dispute_number TO {roles.TENANT}, {roles.STAFF}",
    migrations.RunSQL.noop,
)

# The only legal moves; payments/domain/dispute.py holds the same table and a test compares the two.
LIFECYCLE = migrations.RunSQL(
    """
    CREATE FUNCTION dispute_moves() RETURNS TABLE (before text, after text, by text) LANGUAGE sql IMMUTABLE AS $$
        VALUES ('asked', 'opened', 'customer'), ('answered', 'opened', 'customer'), ('proposed', 'opened', 'customer'),
               ('proposed', 'decided', 'customer'), ('decided', 'settled', 'carrier'),
               ('opened', 'withdrawn', 'customer'), ('asked', 'withdrawn', 'customer'),
               ('answered', 'withdrawn', 'customer'), ('proposed', 'withdrawn', 'customer')
        UNION ALL
        SELECT b, a, 'carrier' FROM unnest(ARRAY['opened', 'asked', 'answered', 'proposed']) b,
            unnest(ARRAY['asked', 'answered', 'proposed', 'decided', 'upheld', 'settled']) a WHERE a <> b
    $$;
    CREATE FUNCTION guard_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE who text := CASE current_setting('role') WHEN 'tributary_tenant' THEN 'customer' ELSE 'carrier' END;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'opened' OR NEW.version <> 1 OR NEW.proposed IS NOT NULL OR NEW.credit_note_id IS NOT NULL
                OR (NEW.amount, NEW.withdrawn, NEW.upheld, NEW.credited, NEW.settled) <> (0, 0, 0, 0, 0) THEN
                RAISE EXCEPTION 'a dispute begins opened and empty' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state <> OLD.state AND NOT EXISTS (
            SELECT FROM dispute_moves() m WHERE m.before = OLD.state AND m.after = NEW.state AND m.by = who) THEN
            RAISE EXCEPTION 'a dispute cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.version < OLD.version OR (NEW.state <> OLD.state AND NEW.version = OLD.version) THEN
            RAISE EXCEPTION 'a step of a dispute makes it a new version' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_dispute BEFORE INSERT OR UPDATE ON payments_dispute
        FOR EACH ROW EXECUTE FUNCTION guard_dispute();
    """,
    migrations.RunSQL.noop,
)

# As move_counters (0010): one statement of events moves all that it names, as the owner of the tables.
MOVE_DISPUTED = migrations.RunSQL(
    """
    CREATE FUNCTION move_disputed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE is_customer boolean := current_setting('role') = 'tributary_tenant';
    BEGIN
        IF EXISTS (SELECT FROM events e JOIN payments_dispute d ON d.id = e.dispute_id
                   WHERE d.state IN ('settled', 'upheld', 'withdrawn')
                      OR (d.state = 'decided' AND e.kind NOT IN ('settled', 'lifted', 'carried'))
                      OR (e.kind NOT IN ('lifted', 'carried') AND e.invoice_id <> d.invoice_id)
                      OR (is_customer AND NOT (e.kind IN ('opened', 'withdrawn')
                                               OR (e.kind IN ('credited', 'upheld') AND d.state = 'proposed')))) THEN
            RAISE EXCEPTION 'the state of the dispute does not allow this' USING ERRCODE = 'restrict_violation';
        END IF;

        UPDATE payments_dispute d
        SET amount = d.amount + m.amount, withdrawn = d.withdrawn + m.withdrawn, upheld = d.upheld + m.upheld,
            credited = d.credited + m.credited, settled = d.settled + m.settled,
            invoice_id = COALESCE(m.next_invoice, d.invoice_id)
        FROM (SELECT dispute_id,
                     sum(CASE kind WHEN 'opened' THEN amount WHEN 'reduced' THEN -amount ELSE 0 END) AS amount,
                     sum(CASE kind WHEN 'withdrawn' THEN amount ELSE 0 END) AS withdrawn,
                     sum(CASE kind WHEN 'upheld' THEN amount ELSE 0 END) AS upheld,
                     sum(CASE kind WHEN 'credited' THEN amount ELSE 0 END) AS credited,
                     sum(CASE kind WHEN 'settled' THEN amount ELSE 0 END) AS settled,
                     max(invoice_id) FILTER (WHERE kind = 'carried') AS next_invoice
              FROM events GROUP BY 1) m
        WHERE d.id = m.dispute_id;
        IF is_customer AND EXISTS (SELECT FROM events e JOIN payments_dispute d ON d.id = e.dispute_id
                                   WHERE e.kind = 'credited' AND e.amount IS DISTINCT FROM d.proposed) THEN
            RAISE EXCEPTION 'only the credit that was proposed can be agreed to' USING ERRCODE = 'restrict_violation';
        END IF;

        UPDATE billing_sources_invoice i SET disputed = i.disputed + m.amount
        FROM (SELECT invoice_id, sum(CASE WHEN kind IN ('opened', 'carried') THEN amount
                                          WHEN kind = 'credited' THEN 0 ELSE -amount END) AS amount
              FROM events GROUP BY 1) m
        WHERE i.id = m.invoice_id AND m.amount <> 0;
        RETURN NULL;
    END $$;
    REVOKE EXECUTE ON FUNCTION move_disputed() FROM PUBLIC;
    CREATE TRIGGER move_disputed AFTER INSERT ON payments_disputeevent
        REFERENCING NEW TABLE AS events FOR EACH STATEMENT EXECUTE FUNCTION move_disputed();
    """,
    migrations.RunSQL.noop,
)

# Reasons for which nobody disputes anything: payments/domain/reasons.py says the same, and a test compares the two.
SHORT_PAYS = migrations.RunSQL(
    """
    CREATE FUNCTION undisputed_reasons() RETURNS TABLE (reason text) LANGUAGE sql IMMUTABLE AS $$
        VALUES ('credit_expected')
    $$;
    CREATE FUNCTION short_pays_are_disputed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM payments_shortpay s WHERE s.run_id = NEW.id
                   AND s.reason NOT IN (SELECT reason FROM undisputed_reasons())
                   AND s.amount <> (SELECT COALESCE(sum(d.amount), 0) FROM payments_shortpaydispute d
                                    WHERE d.run_id = s.run_id AND d.invoice_id = s.invoice_id)) THEN
            RAISE EXCEPTION 'a short pay has no dispute of its amount' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER short_pays_are_disputed AFTER UPDATE OF state ON payments_payrun
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'released' AND OLD.state = 'approved')
        EXECUTE FUNCTION short_pays_are_disputed();
    """
    f"GRANT UPDATE (is_filled_in) ON payments_shortpay TO {roles.TENANT};"
    f"GRANT INSERT, UPDATE (reason, note, stated_by_id, stated_at, is_filled_in) ON payments_shortpay TO {roles.STAFF}",
    migrations.RunSQL.noop,
)

# What is disputed comes under the same lock as what is open; and a superseded revision keeps none of it.
INVOICES = migrations.RunSQL(
    """
    DROP FUNCTION lock_invoices(uuid[]);
    CREATE FUNCTION lock_invoices(codes uuid[]) RETURNS TABLE (
        id bigint, code uuid, number varchar, currency varchar, payable numeric, open numeric, is_current boolean,
        is_payable boolean, account_id bigint, state varchar, disputed numeric)
    LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
        SELECT i.id, i.code, i.number, i.currency, i.payable, i.open, i.is_current, i.is_payable, i.account_id, i.state,
               i.disputed
        FROM billing_sources_invoice i
        WHERE i.code = ANY(codes) AND i.state IN ('published', 'superseded')
          AND i.customer_id = NULLIF(current_setting('tributary.customer', true), '')::bigint
        ORDER BY i.id FOR NO KEY UPDATE
    $$;
    REVOKE EXECUTE ON FUNCTION lock_invoices(uuid[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION lock_invoices(uuid[]) TO tributary_tenant;
    ALTER TABLE billing_sources_invoice ADD CONSTRAINT no_dispute_on_a_superseded_revision
        CHECK (state <> 'superseded' OR disputed = 0);
    CREATE OR REPLACE FUNCTION invoice_in_use(invoice bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT i.held <> 0 OR i.settled <> 0 OR i.credited <> 0 OR i.written_off <> 0 OR i.disputed <> 0
            OR EXISTS (SELECT FROM payments_payrunitem t JOIN payments_payrun r ON r.id = t.run_id
                       WHERE t.invoice_id = i.id AND r.state IN ('draft', 'submitted', 'approved'))
        FROM billing_sources_invoice i WHERE i.id = invoice
    $$
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0017_disputes")]
    operations = [
        SAME_CUSTOMER_AND_CURRENCY,
        LIFECYCLE,
        MOVE_DISPUTED,
        SHORT_PAYS,
        INVOICES,
        *(row_security(table, rights) for table, rights in TABLES.items()),
        row_security("payments_disputemessage", BOTH_ADD, rule=f"{OWN_CUSTOMER} AND NOT is_internal"),
        *(
            append_only(f"payments_{table}")
            for table in ("disputecharge", "disputeevent", "disputemessage", "disputefile", "shortpaydispute")
        ),
    ]
