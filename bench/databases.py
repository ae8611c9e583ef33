"""A database of a benchmark's own, prepared like any other and dropped when it is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from portal import embedded

PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def database(name: str) -> Iterator[psycopg.Connection]:
    """The owner's connection to it."""
    embedded.ensure()
    with psycopg.connect(url("postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name}".encode())
        command = [sys.executable, "manage.py", "prepare_database", "--verbosity", "0"]
        subprocess.run(command, check=True, cwd=PROJECT, env={**os.environ, "DATABASE_URL": url(name)})
        with psycopg.connect(url(name), autocommit=True) as owner:
            yield owner
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def url(name: str) -> str:
    return make_conninfo(os.environ["DATABASE_URL"], dbname=name)
