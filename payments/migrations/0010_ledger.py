"""The ledger of allocations: appended by code, counted by the database (invariants I01–I11, I14, I17)."""

from django.db import migrations

from portal.row_security import append_only

SAME_CUSTOMER_AND_CURRENCY = migrations.RunSQL(
    """
    ALTER TABLE payments_allocationevent
        ADD CONSTRAINT event_invoice FOREIGN KEY (invoice_id, customer_id, currency)
            REFERENCES billing_sources_invoice (id, customer_id, currency),
        ADD CONSTRAINT event_payment FOREIGN KEY (payment_id, customer_id, currency)
            REFERENCES payments_payment (id, customer_id, currency),
        ADD CONSTRAINT event_in_whole_minor_units CHECK (amount = round(amount, currency_exponent(currency)));
    ALTER TABLE payments_payment
        ADD CONSTRAINT payment_run FOREIGN KEY (run_id, customer_id)
            REFERENCES payments_payrun (id, customer_id) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT planned_in_whole_minor_units CHECK (planned = round(planned, currency_exponent(currency)));
    ALTER TABLE payments_payrunitem
        ADD CONSTRAINT item_run FOREIGN KEY (run_id, customer_id)
            REFERENCES payments_payrun (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_shortpay
        ADD CONSTRAINT short_pay_item FOREIGN KEY (run_id, invoice_id)
            REFERENCES payments_payrunitem (run_id, invoice_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_invoicetag
        ADD CONSTRAINT tag_of_same_customer FOREIGN KEY (tag_id, customer_id)
            REFERENCES payments_tag (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE payments_invoicegroupmember
        ADD CONSTRAINT group_of_same_customer FOREIGN KEY (group_id, customer_id)
            REFERENCES payments_invoicegroup (id, customer_id) DEFERRABLE INITIALLY DEFERRED;
    """,
    migrations.RunSQL.noop,
)

# One statement of events moves the counters of all that it names, as the owner of the tables: no role has the right
# to move them by itself. Lock order is the callers': payments, then invoices by id (invariants §2.2).
MOVE_COUNTERS = migrations.RunSQL(
    """
    CREATE FUNCTION move_counters() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        IF EXISTS (SELECT FROM events e JOIN payments_payment p ON p.id = e.payment_id
                   JOIN payments_payrun r ON r.id = p.run_id
                   WHERE (e.kind = 'held' AND (r.state <> 'draft' OR p.state <> 'planned'))
                      OR (e.kind = 'released' AND r.state IN ('submitted', 'approved'))
                      OR (e.kind IN ('settled', 'reversed', 'carried') AND r.state NOT IN ('released', 'closed'))
                      OR (current_setting('role') = 'tributary_tenant' AND NOT (
                              e.kind = 'held' OR (e.kind = 'released' AND r.state IN ('draft', 'cancelled'))))) THEN
            RAISE EXCEPTION 'the state of the pay run does not allow this' USING ERRCODE = 'restrict_violation';
        END IF;

        INSERT INTO payments_allocation AS a
            (customer_id, payment_id, invoice_id, currency, held, settled, verdict, reason)
        SELECT customer_id, payment_id, invoice_id, currency,
               COALESCE(sum(amount) FILTER (WHERE kind = 'held'), 0),
               COALESCE(sum(amount) FILTER (WHERE kind = 'carried'), 0), '', ''
        FROM events WHERE kind IN ('held', 'carried') GROUP BY 1, 2, 3, 4
        ON CONFLICT (payment_id, invoice_id) DO UPDATE
            SET held = a.held + EXCLUDED.held, settled = a.settled + EXCLUDED.settled;

        UPDATE payments_allocation a SET held = a.held - d.from_held, settled = a.settled + d.to_settled
        FROM (SELECT payment_id, invoice_id,
                     sum(CASE WHEN kind IN ('released', 'settled') THEN amount ELSE 0 END) AS from_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events WHERE kind IN ('released', 'settled', 'reversed') GROUP BY 1, 2) d
        WHERE a.payment_id = d.payment_id AND a.invoice_id = d.invoice_id;

        UPDATE billing_sources_invoice i SET held = i.held + d.to_held, settled = i.settled + d.to_settled
        FROM (SELECT invoice_id, sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                                               WHEN 'settled' THEN -amount ELSE 0 END) AS to_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                                   WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events GROUP BY 1) d
        WHERE i.id = d.invoice_id;

        UPDATE payments_payment p SET placed = p.placed + d.amount
        FROM (SELECT payment_id, sum(CASE WHEN kind IN ('held', 'carried') THEN amount
                                          WHEN kind IN ('released', 'reversed') THEN -amount ELSE 0 END) AS amount
              FROM events GROUP BY 1) d
        WHERE p.id = d.payment_id AND d.amount <> 0;
        RETURN NULL;
    END $$;
    REVOKE EXECUTE ON FUNCTION move_counters() FROM PUBLIC;
    CREATE TRIGGER move_counters AFTER INSERT ON payments_allocationevent
        REFERENCING NEW TABLE AS events FOR EACH STATEMENT EXECUTE FUNCTION move_counters();
    """,
    migrations.RunSQL.noop,
)

# The only legal moves; payments/domain/lifecycle.py holds the same table and a test compares the two.
LIFECYCLE = migrations.RunSQL(
    """
    CREATE FUNCTION run_moves() RETURNS TABLE (before text, after text) LANGUAGE sql IMMUTABLE AS $$
        VALUES ('draft', 'submitted'), ('draft', 'cancelled'),
               ('submitted', 'draft'), ('submitted', 'approved'), ('submitted', 'cancelled'),
               ('approved', 'draft'), ('approved', 'released'), ('approved', 'cancelled'),
               ('released', 'closed')
    $$;
    CREATE FUNCTION guard_run_state() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'draft' OR NEW.version <> 1 THEN
                RAISE EXCEPTION 'a pay run begins as a draft' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state <> OLD.state
            AND NOT EXISTS (SELECT FROM run_moves() WHERE before = OLD.state AND after = NEW.state) THEN
            RAISE EXCEPTION 'a pay run cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.version < OLD.version
            OR (NEW.state = 'draft' AND OLD.state <> 'draft' AND NEW.version = OLD.version) THEN
            RAISE EXCEPTION 'a pay run goes back to draft as a new version' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'approved' AND OLD.state = 'submitted' AND NOT EXISTS (
            SELECT FROM payments_approval a
            WHERE a.run_id = NEW.id AND a.version = NEW.version AND a.sha256 = NEW.submitted_sha256) THEN
            RAISE EXCEPTION 'nobody approved this version of the pay run' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state <> 'draft' AND NEW.state <> 'draft' AND (NEW.submitted_sha256, NEW.version, NEW.title)
            IS DISTINCT FROM (OLD.submitted_sha256, OLD.version, OLD.title) THEN
            RAISE EXCEPTION 'a submitted pay run is frozen' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'released' AND OLD.state = 'approved' AND NOT EXISTS (
            SELECT FROM payments_approval a
            WHERE a.run_id = NEW.id AND a.version = NEW.version AND a.sha256 = NEW.submitted_sha256) THEN
            RAISE EXCEPTION 'nobody approved this version of the pay run' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_run_state BEFORE INSERT OR UPDATE ON payments_payrun
        FOR EACH ROW EXECUTE FUNCTION guard_run_state();

    CREATE FUNCTION payment_moves() RETURNS TABLE (before text, after text) LANGUAGE sql IMMUTABLE AS $$
        VALUES ('planned', 'released'), ('planned', 'cancelled'), ('released', 'sent'),
               ('sent', 'accepted'), ('sent', 'posted'), ('sent', 'partly_posted'), ('sent', 'rejected'),
               ('accepted', 'posted'), ('accepted', 'partly_posted'), ('accepted', 'rejected')
    $$;
    CREATE FUNCTION guard_payment_state() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE run_state text;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'planned' OR NEW.placed <> 0 OR NEW.reference <> '' THEN
                RAISE EXCEPTION 'a payment begins planned and empty' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state <> OLD.state
            AND NOT EXISTS (SELECT FROM payment_moves() WHERE before = OLD.state AND after = NEW.state) THEN
            RAISE EXCEPTION 'a payment cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state = 'released' AND OLD.state = 'planned' THEN
            SELECT state INTO STRICT run_state FROM payments_payrun WHERE id = NEW.run_id;
            IF run_state <> 'released' OR NEW.reference = '' OR NEW.planned IS DISTINCT FROM NEW.placed THEN
                RAISE EXCEPTION 'a payment is released with its run, reference and amount'
                    USING ERRCODE = 'restrict_violation';
            END IF;
        ELSIF OLD.state <> 'planned' AND (NEW.planned, NEW.reference) IS DISTINCT FROM (OLD.planned, OLD.reference) THEN
            RAISE EXCEPTION 'a released payment is frozen' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_payment_state BEFORE INSERT OR UPDATE ON payments_payment
        FOR EACH ROW EXECUTE FUNCTION guard_payment_state();
    """,
    migrations.RunSQL.noop,
)

APPROVALS = migrations.RunSQL(
    """
    CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE run payments_payrun;
    BEGIN
        SELECT * INTO STRICT run FROM payments_payrun WHERE id = NEW.run_id AND customer_id = NEW.customer_id;
        IF run.state <> 'submitted' OR run.version <> NEW.version OR run.submitted_sha256 <> NEW.sha256 THEN
            RAISE EXCEPTION 'the pay run is not what was approved' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.approver_id IN (run.created_by_id, run.edited_by_id, run.submitted_by_id) OR EXISTS (
            SELECT FROM payments_payruneditor e WHERE e.run_id = NEW.run_id AND e.user_id = NEW.approver_id) THEN
            RAISE EXCEPTION 'whoever made or edited a pay run cannot approve it' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_approval BEFORE INSERT ON payments_approval
        FOR EACH ROW EXECUTE FUNCTION guard_approval();

    CREATE FUNCTION guard_plan() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM payments_payrun r
                   WHERE r.id = COALESCE(NEW.run_id, OLD.run_id) AND r.state <> 'draft') THEN
            RAISE EXCEPTION 'a submitted pay run is frozen' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$;
    CREATE TRIGGER guard_plan BEFORE INSERT OR UPDATE OF method, currency, value_on, position, note ON payments_payment
        FOR EACH ROW EXECUTE FUNCTION guard_plan();
    CREATE TRIGGER guard_planned BEFORE UPDATE OF planned ON payments_payment
        FOR EACH ROW WHEN (NEW.state = 'planned') EXECUTE FUNCTION guard_plan();
    CREATE TRIGGER guard_plan BEFORE INSERT OR UPDATE OR DELETE ON payments_payrunitem
        FOR EACH ROW EXECUTE FUNCTION guard_plan();
    CREATE TRIGGER guard_plan BEFORE INSERT OR UPDATE OR DELETE ON payments_shortpay
        FOR EACH ROW EXECUTE FUNCTION guard_plan();
    """,
    migrations.RunSQL.noop,
)


# A release writes what AR is to hear; nothing that was not released can be put there (I24, I25).
POSTINGS = migrations.RunSQL(
    """
    CREATE FUNCTION guard_posting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.state, NEW.staged_name) <> ('pending', '') OR NEW.payload IS NOT NULL OR NOT EXISTS (
            SELECT FROM payments_payment p JOIN payments_payrun r ON r.id = p.run_id
            WHERE p.id = NEW.payment_id AND p.customer_id = NEW.customer_id
              AND p.state NOT IN ('planned', 'cancelled') AND r.state IN ('released', 'closed')) THEN
            RAISE EXCEPTION 'AR hears of released payments only' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_posting BEFORE INSERT ON payments_arposting
        FOR EACH ROW EXECUTE FUNCTION guard_posting();
    """,
    migrations.RunSQL.noop,
)

# A customer's people may not change a received invoice, and so may not lock one either. This locks for them: their own
# customer's, in the order of ids, as everything else that locks invoices does.
LOCK_INVOICES = migrations.RunSQL(
    """
    CREATE FUNCTION lock_invoices(codes uuid[]) RETURNS TABLE (
        id bigint, code uuid, number varchar, currency varchar, payable numeric, open numeric, is_current boolean,
        is_payable boolean, account_id bigint, state varchar)
    LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
        SELECT i.id, i.code, i.number, i.currency, i.payable, i.open, i.is_current, i.is_payable, i.account_id, i.state
        FROM billing_sources_invoice i
        WHERE i.code = ANY(codes) AND i.state IN ('published', 'superseded')
          AND i.customer_id = NULLIF(current_setting('tributary.customer', true), '')::bigint
        ORDER BY i.id FOR NO KEY UPDATE
    $$;
    REVOKE EXECUTE ON FUNCTION lock_invoices(uuid[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION lock_invoices(uuid[]) TO tributary_tenant;
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("billing_sources", "0010_row_security")]
    operations = [
        SAME_CUSTOMER_AND_CURRENCY,
        MOVE_COUNTERS,
        LIFECYCLE,
        APPROVALS,
        POSTINGS,
        LOCK_INVOICES,
        append_only("payments_allocationevent"),
        append_only("payments_approval"),
        append_only("payments_aracknowledgement"),
    ]
