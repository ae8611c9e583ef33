"""What somebody pasted, and how invoices are found by thousands of numbers at once."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal import roles
from portal.row_security import CUSTOMER, OWN_CUSTOMER, USER, row_security

# What two ways to write a number have in common: letters and figures alone, in capitals, without zeros in front.
# Everything above ASCII stays as it is, but for the spaces, dashes and quotes that spreadsheets put in.
INVOICE_KEY = migrations.RunSQL(
    r"""
    CREATE FUNCTION invoice_key(number text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT ltrim(upper(regexp_replace(number,
            '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a0\u2000-\u2015\u2018-\u201f\u202f\u2212\u3000]+',
            '', 'g')), '0')
    $$;
    CREATE INDEX invoices_by_key ON billing_sources_invoice (customer_id, invoice_key(number)) WHERE is_current;
    """,
    "DROP INDEX invoices_by_key; DROP FUNCTION invoice_key(text)",
)

# A condition on an expression must wait behind row security and cannot use an index there, because a function might
# tell what it saw. This one asks for the customer itself. `at` counts the numbers from 1; those without a letter or
# figure call nobody. Only the current revisions are called; `earlier` is what those before came to.
INVOICES_CALLED = migrations.RunSQL(
    f"""
    CREATE FUNCTION invoices_called(numbers text[]) RETURNS TABLE (
        at bigint, id bigint, code uuid, number varchar, account_id bigint, account varchar, account_number varchar,
        system varchar, currency varchar, payable numeric, open numeric, held numeric, due_on date, is_payable boolean,
        revision integer, earlier numeric[], runs jsonb, replaced_by varchar)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
        SELECT asked.at, i.id, i.code, i.number, i.account_id, COALESCE(a.name, ''),
            COALESCE(a.external_id, ''), s.name, i.currency, i.payable,
            i.open, i.held, i.due_on, i.is_payable, i.revision,
            CASE WHEN i.revision > 1 THEN ARRAY(
                SELECT old.payable FROM billing_sources_invoice old
                WHERE old.system_id = i.system_id AND old.entity = i.entity AND old.number = i.number
                  AND old.series = i.series AND NOT old.is_current AND old.state = 'superseded'
                  AND old.customer_id = i.customer_id) END,
            (SELECT jsonb_agg(jsonb_build_array(r.code, r.number, r.state) ORDER BY r.number)
             FROM payments_payrunitem t JOIN payments_payrun r ON r.id = t.run_id
             WHERE t.invoice_id = i.id AND r.state IN ('draft', 'submitted', 'approved', 'released')),
            CASE WHEN i.payable = 0 THEN (
                SELECT new.number FROM billing_sources_invoice new
                WHERE new.system_id = i.system_id AND new.entity = i.entity AND new.replaces = i.number
                  AND new.replaces <> '' AND new.is_current AND new.state = 'published'
                  AND new.customer_id = i.customer_id ORDER BY new.id DESC LIMIT 1) END
        FROM (SELECT pasted.at, invoice_key(pasted.number) AS key
              FROM unnest(numbers) WITH ORDINALITY AS pasted (number, at)) AS asked
        JOIN billing_sources_invoice i
          ON i.customer_id = {CUSTOMER} AND i.is_current AND invoice_key(i.number) = asked.key
        JOIN billing_sources_billingsystem s ON s.id = i.system_id
        LEFT JOIN customers_account a ON a.id = i.account_id
        WHERE asked.key <> '' AND i.state IN ('published', 'superseded')
        ORDER BY asked.at, i.id
    $$;
    REVOKE EXECUTE ON FUNCTION invoices_called(text[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION invoices_called(text[]) TO {roles.TENANT}, {roles.SUPPORT};
    """,
    "DROP FUNCTION invoices_called(text[])",
)

OF_CUSTOMER = migrations.RunSQL(
    """
    ALTER TABLE payments_paste ADD CONSTRAINT paste_for_run_of_customer
        FOREIGN KEY (run_id, customer_id) REFERENCES payments_payrun (id, customer_id) DEFERRABLE INITIALLY DEFERRED
    """,
    migrations.RunSQL.noop,
)


def person(name: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=name, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_dispute_ledger"),
        ("billing_sources", "0021_proof_lines"),
        ("customers", "0006_dated_tree"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Paste",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("text", models.TextField()),
                ("rows", models.PositiveIntegerField()),
                ("layout", models.JSONField()),
                ("decisions", models.JSONField(default=dict)),
                (
                    "listed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("pasted_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("customer", person("customers.customer")),
                ("run", person("payments.payrun", null=True)),
                ("user", person(settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "user", "-changed_at"], name="pastes_of_a_person")],
            },
        ),
        OF_CUSTOMER,
        row_security(
            "payments_paste",
            {
                roles.TENANT: "SELECT, INSERT, UPDATE (layout, decisions, listed, version, changed_at)",
                roles.SUPPORT: "SELECT",
            },
            rule=f"{OWN_CUSTOMER} AND user_id = {USER}",
        ),
        INVOICE_KEY,
        INVOICES_CALLED,
    ]
