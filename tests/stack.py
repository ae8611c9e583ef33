"""Starts the servers before Django reads its settings: loaded by `-p tests.stack`, earlier than any conftest.

Run the tests as `python -m pytest` (or `make test`), so that this module is found.
"""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from portal import embedded

os.environ.setdefault("TRIBUTARY_VAR", str(Path(__file__).resolve().parent.parent / "var" / "test"))
os.environ["TRIBUTARY_ROLE"] = "tributary_test"
_starts_here = "DATABASE_URL" not in os.environ and "PYTEST_XDIST_WORKER" not in os.environ
embedded.ensure()


def _outlive_no_power_cut() -> None:
    """Tests kill processes, never the machine: nothing of theirs has to reach the disk."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.execute(f"ALTER SYSTEM SET {setting} = off")
        server.execute("SELECT pg_reload_conf()")


if _starts_here:
    _outlive_no_power_cut()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _starts_here and not os.environ.get("TRIBUTARY_KEEP_SERVERS"):
        embedded.stop()
