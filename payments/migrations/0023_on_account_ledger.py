"""The ledger counts credit on account as it counts invoices: used once, by its customer, in its currency (I19, F7)."""

from django.db import migrations

from portal import roles
from portal.row_security import row_security

SAME_CUSTOMER_AND_CURRENCY = migrations.RunSQL(
    """
    ALTER TABLE payments_allocationevent
        ADD CONSTRAINT event_credit FOREIGN KEY (credit_id, customer_id, currency)
            REFERENCES payments_onaccountcredit (id, customer_id, currency);
    ALTER TABLE payments_payrunitem
        ADD CONSTRAINT item_credit FOREIGN KEY (credit_id) REFERENCES payments_onaccountcredit (id);
    ALTER TABLE payments_onaccountcredit
        ADD CONSTRAINT credit_account FOREIGN KEY (account_id, customer_id)
            REFERENCES customers_account (id, customer_id) DEFERRABLE INITIALLY DEFERRED,
        ADD CONSTRAINT credit_payment FOREIGN KEY (payment_id, customer_id, currency)
            REFERENCES payments_payment (id, customer_id, currency),
        ADD CONSTRAINT credit_in_whole_minor_units CHECK (amount = round(amount, currency_exponent(currency)));

    CREATE FUNCTION guard_credit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.held, NEW.settled) <> (0, 0) THEN
            RAISE EXCEPTION 'a credit on account begins unused' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_credit BEFORE INSERT ON payments_onaccountcredit
        FOR EACH ROW EXECUTE FUNCTION guard_credit();
    """,
    migrations.RunSQL.noop,
)

# As in 0015_credit_notes, for whatever an event claims: `claim` is an invoice, or below zero a credit on account.
MOVE_COUNTERS = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION move_counters() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
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
            (customer_id, payment_id, invoice_id, credit_id, currency, is_credit, held, settled, verdict, reason)
        SELECT e.customer_id, e.payment_id, e.invoice_id, e.credit_id, e.currency, COALESCE(i.payable < 0, true),
               COALESCE(sum(side(COALESCE(i.payable, -1)) * e.amount) FILTER (WHERE kind = 'held'), 0),
               COALESCE(sum(side(COALESCE(i.payable, -1)) * e.amount) FILTER (WHERE kind = 'carried'), 0), '', ''
        FROM events e LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id
        WHERE kind IN ('held', 'carried') GROUP BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (payment_id, claim) DO UPDATE
            SET held = a.held + EXCLUDED.held, settled = a.settled + EXCLUDED.settled;

        UPDATE payments_allocation a
        SET held = a.held - CASE WHEN a.is_credit THEN -d.from_held ELSE d.from_held END,
            settled = a.settled + CASE WHEN a.is_credit THEN -d.to_settled ELSE d.to_settled END
        FROM (SELECT payment_id, claim,
                     sum(CASE WHEN kind IN ('released', 'settled') THEN amount ELSE 0 END) AS from_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events WHERE kind IN ('released', 'settled', 'reversed') GROUP BY 1, 2) d
        WHERE a.payment_id = d.payment_id AND a.claim = d.claim;

        UPDATE billing_sources_invoice i
        SET held = i.held + side(i.payable) * d.to_held, settled = i.settled + side(i.payable) * d.to_settled
        FROM (SELECT invoice_id, sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                                               WHEN 'settled' THEN -amount ELSE 0 END) AS to_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                                   WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events WHERE invoice_id IS NOT NULL GROUP BY 1) d
        WHERE i.id = d.invoice_id;

        UPDATE payments_onaccountcredit c SET held = c.held + d.to_held, settled = c.settled + d.to_settled
        FROM (SELECT credit_id, sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                                              WHEN 'settled' THEN -amount ELSE 0 END) AS to_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                                   WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events WHERE credit_id IS NOT NULL GROUP BY 1) d
        WHERE c.id = d.credit_id;

        UPDATE payments_payment p SET placed = p.placed + d.amount
        FROM (SELECT e.payment_id,
                     sum(side(COALESCE(i.payable, -1)) * CASE WHEN kind IN ('held', 'carried') THEN amount
                         WHEN kind IN ('released', 'reversed') THEN -amount ELSE 0 END) AS amount
              FROM events e LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id GROUP BY 1) d
        WHERE p.id = d.payment_id AND d.amount <> 0;
        RETURN NULL;
    END $$;
    """,
    migrations.RunSQL.noop,
)

# As lock_invoices: a customer's people may not change a credit, and so may not lock one either.
LOCK_CREDITS = migrations.RunSQL(
    """
    CREATE FUNCTION lock_credits(codes uuid[]) RETURNS TABLE (
        code uuid, id bigint, number varchar, currency varchar, amount numeric, open numeric, account_id bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
        SELECT c.code, c.id, c.number, c.currency, c.amount, c.open, c.account_id
        FROM payments_onaccountcredit c
        WHERE c.code = ANY(codes) AND c.customer_id = NULLIF(current_setting('tributary.customer', true), '')::bigint
        ORDER BY c.id FOR NO KEY UPDATE
    $$;
    REVOKE EXECUTE ON FUNCTION lock_credits(uuid[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION lock_credits(uuid[]) TO tributary_tenant;
    """,
    migrations.RunSQL.noop,
)

RIGHTS = {roles.TENANT: "SELECT", roles.SUPPORT: "SELECT", roles.STAFF: "SELECT, INSERT"}


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_on_account_credits")]
    operations = [
        SAME_CUSTOMER_AND_CURRENCY,
        MOVE_COUNTERS,
        LOCK_CREDITS,
        row_security("payments_onaccountcredit", RIGHTS),
    ]
