"""A customer sees its own rows, whatever the code forgets."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.db.utils import DatabaseError

from portal.actor import Actor
from portal.customers.models import Account, Customer
from portal.tenancy import TenancyError, acting, carrier
from tests.personas import Personas


def test_the_tests_run_as_a_role_that_owns_and_bypasses_nothing(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_every_table_with_a_customer_has_forced_row_level_security(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'customer_id'"
            " WHERE c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        )
        assert cursor.fetchall() == []


def test_a_query_without_any_filter_shows_only_the_own_customer(people: Personas) -> None:
    with acting(people.dana):
        assert [account.customer_id for account in Account.objects.all()] == [people.harlow.pk] * 3
        assert [customer.name for customer in Customer.objects.all()] == ["Harlow Freight Group"]


def test_outside_of_a_tenant_transaction_nothing_can_be_read(people: Personas) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        list(Account.objects.all())


def test_the_scope_does_not_leak_to_the_next_transaction(people: Personas) -> None:
    with acting(people.dana):
        assert Account.objects.count() == 3

    with pytest.raises(DatabaseError, match="permission denied"):
        list(Account.objects.all())


def test_a_row_of_another_customer_cannot_be_written(people: Personas) -> None:
    with acting(people.dana), pytest.raises(DatabaseError, match="row-level security|permission denied"):
        Account.objects.create(customer=people.lumen, name="slipped in")


def test_a_transaction_for_one_customer_cannot_become_another(people: Personas) -> None:
    with acting(people.dana), pytest.raises(TenancyError), acting(people.carol):
        pass


def test_a_support_session_can_write_nothing(people: Personas) -> None:
    visiting = Actor(**{**people.dana.__dict__, "real_user_id": people.sam.user_id, "support_session_id": 1})
    with acting(visiting):
        assert Account.objects.count() == 3
        with pytest.raises(DatabaseError, match="read-only|permission denied"):
            Account.objects.update(name="changed")


def test_the_carrier_sees_every_customer(people: Personas) -> None:
    with carrier(people.erik.user_id):
        assert Customer.objects.count() == 2


def test_the_web_login_cannot_take_on_the_import_role(database: str) -> None:
    from django.conf import settings

    from portal import roles

    password = roles.password(settings.SECRET_KEY, roles.WEB)
    login = psycopg.conninfo.make_conninfo(database, user=roles.WEB, password=password)
    with psycopg.connect(login) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"SET ROLE {roles.INGEST}")
