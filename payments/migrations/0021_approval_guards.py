"""Approvals in steps: asked by a policy, given by distinct people, within limits. The database refuses what the code
refuses (invariants §4.3, I11, I12), and counts what was approved itself."""

from django.db import migrations

from portal import roles
from portal.row_security import append_only, row_security

OF_ONE_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_policydecision ADD CONSTRAINT decided_policy_of_customer
        FOREIGN KEY (policy_id, customer_id) REFERENCES payments_approvalpolicy (id, customer_id);
    ALTER TABLE payments_approvalstep
        ADD CONSTRAINT step_run_of_customer
            FOREIGN KEY (run_id, customer_id) REFERENCES payments_payrun (id, customer_id),
        ADD CONSTRAINT step_policy_of_customer
            FOREIGN KEY (policy_id, customer_id) REFERENCES payments_approvalpolicy (id, customer_id);
    ALTER TABLE payments_approval ADD CONSTRAINT approval_run_of_customer
        FOREIGN KEY (run_id, customer_id) REFERENCES payments_payrun (id, customer_id);
    """,
    migrations.RunSQL.noop,
)

# What was submitted before there were steps is submitted once more: then it is known what is asked of it.
BEFORE_STEPS = migrations.RunSQL(
    """
    UPDATE payments_payrun SET state = 'draft', version = version + 1,
        returned_reason = 'Approvals go by steps now: please submit it once more.'
    WHERE state IN ('submitted', 'approved')
    """,
    migrations.RunSQL.noop,
)

PEOPLE = migrations.RunSQL(
    """
    CREATE FUNCTION has_right(of_customer bigint, person bigint, wanted text) RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT EXISTS (
            SELECT FROM customers_accountuserobjectpermission given
            JOIN auth_permission right_ ON right_.id = given.permission_id AND right_.codename = wanted
            JOIN customers_account node ON node.id = given.content_object_id AND node.customer_id = of_customer
            JOIN customers_membership member ON member.user_id = given.user_id AND member.customer_id = of_customer
            JOIN users_user u ON u.id = given.user_id AND u.is_active
            WHERE given.user_id = person)
    $$;
    CREATE FUNCTION refuse_another_name(person bigint) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('role') = 'tributary_tenant'
            AND person IS DISTINCT FROM NULLIF(current_setting('tributary.user', true), '')::bigint THEN
            RAISE EXCEPTION 'nobody acts in the name of another' USING ERRCODE = 'restrict_violation';
        END IF;
    END $$;
    CREATE FUNCTION stands_in(of_customer bigint, holder bigint, person bigint, day date)
        RETURNS boolean LANGUAGE sql STABLE AS $$
        SELECT EXISTS (SELECT FROM payments_delegation d
            WHERE d.customer_id = of_customer AND d.delegator_id = holder AND d.delegate_id = person
              AND d.withdrawn_at IS NULL AND day BETWEEN d.from_on AND d.until_on)
    $$;
    CREATE FUNCTION run_makers(run bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
        SELECT e.user_id FROM payments_payruneditor e WHERE e.run_id = run
        UNION SELECT unnest(ARRAY[created_by_id, edited_by_id, submitted_by_id]) FROM payments_payrun WHERE id = run
    $$;
    """,
    migrations.RunSQL.noop,
)

POLICIES = migrations.RunSQL(
    """
    CREATE FUNCTION guard_policy() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refuse_another_name(NEW.proposed_by_id);
        IF NOT has_right(NEW.customer_id, NEW.proposed_by_id, 'administer') THEN
            RAISE EXCEPTION 'only an administrator proposes a policy' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_policy BEFORE INSERT ON payments_approvalpolicy
        FOR EACH ROW EXECUTE FUNCTION guard_policy();

    CREATE FUNCTION guard_policy_decision() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE policy payments_approvalpolicy;
    BEGIN
        SELECT * INTO STRICT policy FROM payments_approvalpolicy WHERE id = NEW.policy_id;
        PERFORM refuse_another_name(NEW.decided_by_id);
        IF NOT has_right(NEW.customer_id, NEW.decided_by_id, 'administer') THEN
            RAISE EXCEPTION 'only an administrator decides about a policy' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM payments_approvalpolicy p
                   WHERE p.customer_id = policy.customer_id AND p.version > policy.version) THEN
            RAISE EXCEPTION 'a later policy was proposed' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.verdict = 'consented' AND NEW.decided_by_id = policy.proposed_by_id AND EXISTS (
            SELECT FROM customers_membership m WHERE m.customer_id = policy.customer_id
              AND m.user_id <> NEW.decided_by_id AND has_right(m.customer_id, m.user_id, 'administer')) THEN
            RAISE EXCEPTION 'another administrator consents to a policy' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_policy_decision BEFORE INSERT ON payments_policydecision
        FOR EACH ROW EXECUTE FUNCTION guard_policy_decision();

    CREATE FUNCTION guard_delegation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refuse_another_name(NEW.delegator_id);
        IF TG_OP = 'UPDATE' THEN
            IF OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL THEN
                RAISE EXCEPTION 'a delegation is withdrawn once' USING ERRCODE = 'restrict_violation';
            END IF;
        ELSIF NOT (has_right(NEW.customer_id, NEW.delegator_id, 'approve')
                   AND has_right(NEW.customer_id, NEW.delegate_id, 'approve')) THEN
            RAISE EXCEPTION 'only an approver hands the right over, and to an approver'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_delegation BEFORE INSERT OR UPDATE ON payments_delegation
        FOR EACH ROW EXECUTE FUNCTION guard_delegation();
    """,
    migrations.RunSQL.noop,
)

STEPS = migrations.RunSQL(
    """
    CREATE FUNCTION step_due(run bigint, of_version integer) RETURNS payments_approvalstep LANGUAGE sql STABLE AS $$
        SELECT s.* FROM payments_approvalstep s WHERE s.run_id = run AND s.version = of_version
          AND s.people > (SELECT count(*) FROM payments_approval a
                          WHERE a.run_id = run AND a.version = of_version AND a.step = s.position)
        ORDER BY s.position LIMIT 1
    $$;
    CREATE FUNCTION guard_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM payments_payrun r
                       WHERE r.id = NEW.run_id AND r.version = NEW.version AND r.state = 'draft') THEN
            RAISE EXCEPTION 'steps are asked when a run is submitted' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_step BEFORE INSERT ON payments_approvalstep FOR EACH ROW EXECUTE FUNCTION guard_step();

    CREATE FUNCTION guard_run_steps() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM payments_approvalstep s WHERE s.run_id = NEW.id AND s.version = NEW.version) THEN
            RAISE EXCEPTION 'it is not said who must approve this version' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.state IN ('approved', 'released') AND (step_due(NEW.id, NEW.version)).id IS NOT NULL THEN
            RAISE EXCEPTION 'not all steps of the approval are complete' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_run_steps BEFORE UPDATE ON payments_payrun FOR EACH ROW
        WHEN (NEW.state <> OLD.state AND NEW.state IN ('submitted', 'approved', 'released'))
        EXECUTE FUNCTION guard_run_steps();
    """,
    migrations.RunSQL.noop,
)

APPROVALS = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        run payments_payrun;
        due payments_approvalstep;
        holder bigint := COALESCE(NEW.on_behalf_of_id, NEW.approver_id);
        day date := (NEW.approved_at AT TIME ZONE 'UTC')::date;
    BEGIN
        SELECT * INTO STRICT run FROM payments_payrun WHERE id = NEW.run_id AND customer_id = NEW.customer_id;
        PERFORM refuse_another_name(NEW.approver_id);
        IF run.state <> 'submitted' OR run.version <> NEW.version OR run.submitted_sha256 <> NEW.sha256 THEN
            RAISE EXCEPTION 'the pay run is not what was approved' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM run_makers(run.id) maker WHERE maker IN (NEW.approver_id, holder)
                   OR stands_in(NEW.customer_id, maker, NEW.approver_id, day)) THEN
            RAISE EXCEPTION 'whoever made or edited a pay run, or acts for them, cannot approve it'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF holder <> NEW.approver_id AND NOT stands_in(NEW.customer_id, holder, NEW.approver_id, day) THEN
            RAISE EXCEPTION 'this right was not handed over' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NOT (has_right(NEW.customer_id, NEW.approver_id, 'approve')
                AND has_right(NEW.customer_id, holder, 'approve')) THEN
            RAISE EXCEPTION 'there is no right to approve' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM payments_approval a WHERE a.run_id = run.id AND a.version = run.version
                   AND (a.approver_id IN (NEW.approver_id, holder) OR a.on_behalf_of_id IN (NEW.approver_id, holder)))
        THEN
            RAISE EXCEPTION 'every approval of a pay run is another person''s' USING ERRCODE = 'restrict_violation';
        END IF;
        due := step_due(run.id, run.version);
        IF due.id IS NULL OR due.position <> NEW.step OR NOT (due.named = '{}' OR holder = ANY(due.named)) THEN
            RAISE EXCEPTION 'the step that is due asks for another approval' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    """,
    migrations.RunSQL.noop,
)

# One row per person, currency and span, moved under its lock by the events below; its CHECK is the limit. What a
# person approves is counted where there is no limit too, so that one set in the middle of a month knows of it.
LIMITS = migrations.RunSQL(
    """
    CREATE FUNCTION approval_limit(of_customer bigint, frozen bigint, person bigint, in_currency text, of_period text)
        RETURNS numeric LANGUAGE sql STABLE AS $$
        SELECT min((l.value ->> 'amount')::numeric)
        FROM payments_approvalpolicy p CROSS JOIN jsonb_array_elements(p.document -> 'limits') l
        WHERE p.customer_id = of_customer AND p.id IN (frozen, (
                SELECT q.id FROM payments_approvalpolicy q JOIN payments_policydecision d ON d.policy_id = q.id
                WHERE q.customer_id = of_customer AND d.verdict = 'consented' ORDER BY q.version DESC LIMIT 1))
          AND (l.value ->> 'person')::bigint = approval_limit.person
          AND l.value ->> 'currency' = in_currency AND l.value ->> 'period' = of_period
    $$;
    CREATE FUNCTION move_limit_use() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        IF NEW.kind = 'given_back' THEN
            UPDATE payments_limituse u SET used = u.used - NEW.amount
            WHERE (u.customer_id, u.holder_id, u.currency, u.span)
                = (NEW.customer_id, NEW.holder_id, NEW.currency, NEW.span);
        ELSE
            INSERT INTO payments_limituse AS u (customer_id, holder_id, currency, span, used, most)
            VALUES (NEW.customer_id, NEW.holder_id, NEW.currency, NEW.span, NEW.amount, NEW.most)
            ON CONFLICT (customer_id, holder_id, currency, span)
            DO UPDATE SET used = u.used + EXCLUDED.used, most = EXCLUDED.most;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER move_limit_use AFTER INSERT ON payments_limituseevent
        FOR EACH ROW EXECUTE FUNCTION move_limit_use();

    CREATE FUNCTION use_limits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
        person bigint := COALESCE(NEW.on_behalf_of_id, NEW.approver_id);
        frozen bigint := (SELECT s.policy_id FROM payments_approvalstep s
                          WHERE s.run_id = NEW.run_id AND s.version = NEW.version ORDER BY s.position LIMIT 1);
    BEGIN
        INSERT INTO payments_limituseevent (customer_id, approval_id, holder_id, currency, span, kind, amount, most, at)
        SELECT NEW.customer_id, NEW.id, person, paid.currency, span.name, 'used', paid.amount,
               approval_limit(NEW.customer_id, frozen, person, paid.currency, span.period), NEW.approved_at
        FROM (SELECT p.currency, sum(p.amount) AS amount FROM payments_payment p
              WHERE p.run_id = NEW.run_id AND p.state <> 'cancelled' GROUP BY 1) paid
        CROSS JOIN (VALUES ('run', 'run ' || NEW.run_id),
                           ('day', to_char(NEW.approved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
                           ('month', to_char(NEW.approved_at AT TIME ZONE 'UTC', 'YYYY-MM'))) span (period, name)
        ORDER BY paid.currency, span.name;
        RETURN NULL;
    END $$;
    CREATE TRIGGER use_limits AFTER INSERT ON payments_approval FOR EACH ROW EXECUTE FUNCTION use_limits();

    CREATE FUNCTION give_limits_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        INSERT INTO payments_limituseevent (customer_id, approval_id, holder_id, currency, span, kind, amount, most, at)
        SELECT e.customer_id, e.approval_id, e.holder_id, e.currency, e.span, 'given_back', e.amount, e.most, now()
        FROM payments_limituseevent e JOIN payments_approval a ON a.id = e.approval_id
        WHERE a.run_id = OLD.id AND a.version = OLD.version AND e.kind = 'used'
        ORDER BY e.holder_id, e.currency, e.span;
        RETURN NULL;
    END $$;
    CREATE TRIGGER give_limits_back AFTER UPDATE ON payments_payrun FOR EACH ROW
        WHEN (OLD.state IN ('submitted', 'approved') AND NEW.state IN ('draft', 'cancelled'))
        EXECUTE FUNCTION give_limits_back();
    REVOKE EXECUTE ON FUNCTION move_limit_use(), use_limits(), give_limits_back() FROM PUBLIC;
    """,
    migrations.RunSQL.noop,
)


def grants(tenant: str) -> dict[str, str]:
    return {roles.TENANT: tenant, roles.SUPPORT: "SELECT", roles.STAFF: "SELECT"}


TABLES = {
    "payments_approvalpolicy": grants("SELECT, INSERT"),
    "payments_policydecision": grants("SELECT, INSERT"),
    "payments_approvalstep": grants("SELECT, INSERT"),
    "payments_delegation": grants("SELECT, INSERT, UPDATE (withdrawn_at)"),
    "payments_limituse": grants("SELECT"),
    "payments_limituseevent": grants("SELECT"),
}


class Migration(migrations.Migration):
    dependencies = [("payments", "0020_approvals"), ("customers", "0003_row_security")]
    operations = [
        OF_ONE_CUSTOMER,
        BEFORE_STEPS,
        PEOPLE,
        POLICIES,
        STEPS,
        APPROVALS,
        LIMITS,
        *(row_security(table, rights) for table, rights in TABLES.items()),
        append_only("payments_approvalpolicy"),
        append_only("payments_policydecision"),
        append_only("payments_approvalstep"),
        append_only("payments_limituseevent"),
    ]
