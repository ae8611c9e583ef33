"""Roles, tables and grants: everything a database needs before the application logs in. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from portal import roles

EXTENSIONS = ("ltree", "pg_trgm")


class Command(BaseCommand):
    help = "Creates roles, migrates and grants; runs as whoever DATABASE_URL names."

    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        with connection.cursor() as cursor:
            create_roles(cursor)
            cursor.execute(f"SET ROLE {roles.OWNER}")
        call_command("migrate", verbosity=options["verbosity"], interactive=False, skip_checks=True)
        with connection.cursor() as cursor:
            grant_identity_tables(cursor)


def create_roles(cursor: Any) -> None:
    """Group and login roles, without any right to own, create or bypass; only the import bypasses row security."""
    for role in (roles.OWNER, *roles.GROUPS):
        _create_role(cursor, role, "NOLOGIN" + (" BYPASSRLS" if role == roles.INGEST else ""))
    for role, groups in roles.LOGINS.items():
        _create_role(cursor, role, f"LOGIN NOINHERIT PASSWORD '{roles.password(settings.SECRET_KEY, role)}'")
        for group in groups:
            cursor.execute(f"GRANT {group} TO {role} WITH INHERIT FALSE, SET TRUE")
    cursor.execute(f"GRANT {roles.OWNER} TO CURRENT_USER")
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    cursor.execute(f"GRANT CREATE ON DATABASE {database} TO {roles.OWNER}")
    cursor.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {roles.OWNER}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(roles.EVERYONE)}")
    for extension in EXTENSIONS:
        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")


def _create_role(cursor: Any, role: str, attributes: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    cursor.execute(f"{verb} ROLE {role} {attributes}")


def grant_identity_tables(cursor: Any) -> None:
    """Tables without a customer (users, sessions, permissions, …): the login roles keep them, the groups read names."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND NOT relrowsecurity AND relname NOT LIKE 'billing_sources_%%'"
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {", ".join(roles.LOGINS)}')
    readable = "users_user, auth_permission, django_content_type"
    cursor.execute(f"GRANT SELECT ON {readable} TO {', '.join(roles.GROUPS)}")
    cursor.execute(f"GRANT INSERT, UPDATE ON users_user TO {roles.STAFF}")
    cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {', '.join(roles.EVERYONE)}")
