"""Row-level security as a migration operation: the rule of a table and who may do what with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import migrations

from portal import roles

CUSTOMER = "NULLIF(current_setting('tributary.customer', true), '')::bigint"
USER = "NULLIF(current_setting('tributary.user', true), '')::bigint"
OWN_CUSTOMER = f"customer_id = {CUSTOMER}"

_TENANT_RULE = "FOR ALL TO {tenant}, {support} USING ({rule}) WITH CHECK ({rule})"
_ALL_RULE = "FOR ALL TO {staff}, {ingest}, {owner} USING (true) WITH CHECK (true)"


def row_security(
    table: str, grants: Mapping[str, str], *, rule: str = OWN_CUSTOMER, login_rule: str = ""
) -> migrations.RunSQL:
    """Forced row-level security on `table`, and exactly these grants.

    `grants` maps a role to its rights ("SELECT, INSERT, UPDATE (state)"). `rule` limits the tenant and support
    roles. `login_rule`, where given, shows rows to a login role that has not taken on a customer yet.
    """
    names = {"tenant": roles.TENANT, "support": roles.SUPPORT, "staff": roles.STAFF}
    names |= {"ingest": roles.INGEST, "owner": roles.OWNER}
    statements: list[Any] = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_customer ON {table} " + _TENANT_RULE.format(rule=rule, **names),
        f"CREATE POLICY every_customer ON {table} " + _ALL_RULE.format(**names),
    ]
    if login_rule:
        logins = ", ".join(roles.LOGINS)
        statements.append(f"CREATE POLICY own_user ON {table} FOR SELECT TO {logins} USING ({login_rule})")
        statements.append(f"GRANT SELECT ON {table} TO {logins}")
    statements += [f"GRANT {rights} ON {table} TO {role}" for role, rights in grants.items()]
    return migrations.RunSQL(statements, migrations.RunSQL.noop)


def append_only(table: str) -> migrations.RunSQL:
    """No row of `table` is ever changed or removed, by anyone: a correction is a new row."""
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        migrations.RunSQL.noop,
    )


REFUSE_CHANGE = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
    END $$
    """,
    migrations.RunSQL.noop,
)
