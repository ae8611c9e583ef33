from __future__ import annotations

from pathlib import Path

import pytest

from tests.billing_sources.bills import Desk


@pytest.fixture
def desk(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(database, tmp_path, monkeypatch)
