"""The production shape is a compose file that compose would accept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def judge(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_meets_the_compose_specification() -> None:
    verdict = judge(PROJECT / "docker-compose.yml")

    assert verdict.returncode == 0, verdict.stdout


def test_a_compose_file_with_a_misspelt_word_would_be_refused(tmp_path: Path) -> None:
    spoilt = tmp_path / "docker-compose.yml"
    shutil.copy(PROJECT / "docker-compose.yml", spoilt)
    spoilt.write_text(spoilt.read_text().replace("healthcheck:", "health_check:"))

    assert judge(spoilt).returncode != 0
