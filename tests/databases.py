"""Databases for tests: one migrated template per schema, cloned for each test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import fasteners
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from portal import roles
from portal.embedded import var_dir

PROJECT = Path(__file__).resolve().parent.parent


def url(name: str) -> str:
    """The owner's connection string of a database; libpq's keyword form, which settings read as well as a URL."""
    return make_conninfo(os.environ["DATABASE_URL"], dbname=name)


def ensure_template() -> str:
    """The name of a migrated database for the schema as it stands; made once, found by every worker."""
    name = f"template_{_schema_digest()}"
    with fasteners.InterProcessLock(var_dir() / "template.lock"), _admin() as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            _make_template(admin, name)
    return name


def clone(template: str, name: str) -> None:
    with _admin() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"  # half the work of writing it all into the log
        admin.execute(sql.SQL(copy).format(sql.Identifier(name), sql.Identifier(template)))


def _make_template(admin: psycopg.Connection, name: str) -> None:
    building = f"{name}_building"
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(building)))
    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
    command = [sys.executable, str(PROJECT / "manage.py"), "prepare_database", "--verbosity", "0"]
    subprocess.run(command, check=True, cwd=PROJECT, env={**os.environ, "DATABASE_URL": url(building)})
    _let_tests_log_in(admin)
    admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name)))


def _let_tests_log_in(admin: psycopg.Connection) -> None:
    """One process plays web and worker in a test, so its login is a member of both, and still owns nothing."""
    from django.conf import settings

    if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'tributary_test'").fetchone():
        admin.execute("CREATE ROLE tributary_test LOGIN")
    secret = roles.password(settings.SECRET_KEY, "tributary_test")
    admin.execute(sql.SQL("ALTER ROLE tributary_test PASSWORD {}").format(sql.Literal(secret)))
    for login in roles.LOGINS:
        admin.execute(sql.SQL("GRANT {} TO tributary_test WITH INHERIT TRUE").format(sql.Identifier(login)))
    for group in roles.GROUPS:
        admin.execute(sql.SQL("GRANT {} TO tributary_test WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(group)))


def _schema_digest() -> str:
    digest = hashlib.sha256()
    files = [*PROJECT.glob("*/migrations/*.py"), *PROJECT.glob("portal/*/migrations/*.py")]
    files += [PROJECT / "portal" / "roles.py", PROJECT / "portal" / "row_security.py", Path(__file__)]
    files += PROJECT.glob("portal/pages/management/commands/prepare_database.py")
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _admin() -> psycopg.Connection:
    return psycopg.connect(url("postgres"), autocommit=True)
