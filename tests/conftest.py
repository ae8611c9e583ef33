"""The real stack for every test: a fresh PostgreSQL database each, a real broker, no superuser.

`database` gives a test its own database, cloned from a migrated template; whatever it commits dies with it.
The tests log in as `tributary_test`, which owns nothing and is a member of the application's roles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long a draw takes depends on who else is at work on the machine.
settings.register_profile("a machine shared with others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("a machine shared with others")

pytest_plugins = ["tests.personas", "tests.live", "tests.browsers"]

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public bill files, kept beside the project; tests that need them are skipped where they are not."""
    if not SHARED_DATA.is_dir():
        pytest.skip("LOUD: the real sample files (../shared/data) are not on this machine; nothing was checked")
    return SHARED_DATA


@pytest.fixture(scope="session")
def template_database() -> str:
    from tests import databases, statics

    statics.ensure_collected()
    return databases.ensure_template()


@pytest.fixture
def database(template_database: str, django_db_blocker, settings, tmp_path: Path, worker_id: str) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """A database of this test's own; yields the DATABASE_URL that child processes need."""
    from django.db import connection, connections

    from tests import databases

    settings.MEDIA_ROOT = str(tmp_path / "archive")
    settings.INBOUND_DIR = tmp_path / "inbound"
    settings.AR_DIR = tmp_path / "ar"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    name = f"test_{worker_id}"
    with django_db_blocker.unblock():
        connections.close_all()
        databases.clone(template_database, name)
        before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = name
        try:
            yield databases.url(name)
        finally:
            connections.close_all()
            connection.settings_dict["NAME"] = before


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")
