"""Credit notes are used in a pay run: the counters of a credit run below zero, its events stay above (I19)."""

from django.db import migrations, models
from django.db.models import F, Q

from portal import roles

INVOICES = migrations.RunSQL(
    """
    ALTER TABLE billing_sources_invoice
        DROP CONSTRAINT invoice_never_over_allocated,
        ADD CONSTRAINT invoice_never_over_allocated CHECK (
            held + settled + credited + written_off BETWEEN LEAST(payable, 0) AND GREATEST(payable, 0));
    """,
    migrations.RunSQL.noop,
)

# As in 0010_ledger, with a sign: what moves of a credit lowers invoice, allocation and payment.
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
            (customer_id, payment_id, invoice_id, currency, is_credit, held, settled, verdict, reason)
        SELECT e.customer_id, e.payment_id, e.invoice_id, e.currency, i.payable < 0,
               COALESCE(sum(side(i.payable) * e.amount) FILTER (WHERE kind = 'held'), 0),
               COALESCE(sum(side(i.payable) * e.amount) FILTER (WHERE kind = 'carried'), 0), '', ''
        FROM events e JOIN billing_sources_invoice i ON i.id = e.invoice_id
        WHERE kind IN ('held', 'carried') GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (payment_id, invoice_id) DO UPDATE
            SET held = a.held + EXCLUDED.held, settled = a.settled + EXCLUDED.settled;

        UPDATE payments_allocation a
        SET held = a.held - CASE WHEN a.is_credit THEN -d.from_held ELSE d.from_held END,
            settled = a.settled + CASE WHEN a.is_credit THEN -d.to_settled ELSE d.to_settled END
        FROM (SELECT payment_id, invoice_id,
                     sum(CASE WHEN kind IN ('released', 'settled') THEN amount ELSE 0 END) AS from_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events WHERE kind IN ('released', 'settled', 'reversed') GROUP BY 1, 2) d
        WHERE a.payment_id = d.payment_id AND a.invoice_id = d.invoice_id;

        UPDATE billing_sources_invoice i
        SET held = i.held + side(i.payable) * d.to_held, settled = i.settled + side(i.payable) * d.to_settled
        FROM (SELECT invoice_id, sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                                               WHEN 'settled' THEN -amount ELSE 0 END) AS to_held,
                     sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                                   WHEN 'reversed' THEN -amount ELSE 0 END) AS to_settled
              FROM events GROUP BY 1) d
        WHERE i.id = d.invoice_id;

        UPDATE payments_payment p SET placed = p.placed + d.amount
        FROM (SELECT e.payment_id,
                     sum(side(i.payable) * CASE WHEN kind IN ('held', 'carried') THEN amount
                                                WHEN kind IN ('released', 'reversed') THEN -amount ELSE 0 END) AS amount
              FROM events e JOIN billing_sources_invoice i ON i.id = e.invoice_id GROUP BY 1) d
        WHERE p.id = d.payment_id AND d.amount <> 0;
        RETURN NULL;
    END $$;
    """,
    migrations.RunSQL.noop,
)

SIDE = migrations.RunSQL(
    """
    CREATE FUNCTION side(payable numeric) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN payable < 0 THEN -1 ELSE 1 END
    $$;
    """,
    "DROP FUNCTION side(numeric)",
)


# A credit note that shrinks lifts what stands on the payments of a draft, over their plan even: the plan gives way.
LIFT_PLANS = migrations.RunSQL(f"GRANT UPDATE (planned) ON payments_payment TO {roles.STAFF}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0014_to_pay"),
        ("billing_sources", "0022_counters_of_credits"),
    ]
    operations = [
        migrations.AddField("allocation", "is_credit", models.BooleanField(default=False)),
        migrations.RemoveConstraint("allocation", "allocation_not_negative"),
        migrations.AddConstraint(
            "allocation",
            models.CheckConstraint(
                condition=Q(is_credit=False, held__gte=0, settled__gte=0)
                | Q(is_credit=True, held__lte=0, settled__lte=0),
                name="allocation_on_its_side",
            ),
        ),
        migrations.RemoveConstraint("payment", "placed_not_negative"),
        migrations.RemoveConstraint("payment", "placed_within_plan"),
        migrations.AddConstraint(
            "payment",
            models.CheckConstraint(condition=Q(planned=None) | Q(planned__gt=0), name="planned_is_positive"),
        ),
        migrations.AddConstraint(
            "payment",
            models.CheckConstraint(
                condition=Q(planned=None) | Q(placed__lte=F("planned")) | ~Q(state="planned"), name="placed_within_plan"
            ),
        ),
        INVOICES,
        SIDE,
        MOVE_COUNTERS,
        LIFT_PLANS,
    ]
