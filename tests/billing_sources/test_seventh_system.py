"""The seventh system: what docs/adding-a-source.md tells a newcomer to write is taken from it and done, in a copy."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from billing_sources.adapter import Outcome, Reply
from billing_sources.canonical import ControlTotals, FileRejected, Issue

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "adding-a-source.md"
REGISTRY = "billing_sources/registry.py"
SAMPLE = "billing_sources/samples/gale/statements.txt"
WRITTEN = {
    "billing_sources/adapters/gale.py",
    SAMPLE,
    "docs/sources/gale.md",
    "tests/billing_sources/test_gale.py",
}
_BLOCK = re.compile(r"^```(?P<form>\w+) (?P<what>file|line|extra)=(?P<name>\S+)(?: encoding=(?P<encoding>\S+))?\n"
                    r"(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)  # fmt: skip
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "staticfiles")


class Block(NamedTuple):
    """One block of the page that names what it is."""

    what: str  # file | line | extra
    name: str
    content: bytes


def blocks() -> Iterator[Block]:
    for match in _BLOCK.finditer(PAGE.read_text()):
        yield Block(match["what"], match["name"], match["text"].encode(match["encoding"] or "utf-8"))


@dataclass
class Newcomer:
    """A checkout that somebody follows the page in."""

    checkout: Path
    database: str

    def writes(self) -> None:
        for block in blocks():
            path = self.checkout / block.name
            if block.what == "file":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(block.content)
            elif block.what == "line":
                text = path.read_text()
                path.write_text(text.replace('    "ferry",\n', f'    "ferry",\n{block.content.decode()}', 1))

    def runs(self, *arguments: str) -> tuple[int, str]:
        """A command of the project, in the checkout; (exit code, what it printed)."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.checkout,
            env={**os.environ, "DATABASE_URL": self.database, "TRIBUTARY_ROLE": "tributary_test"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout + (done.stderr if done.returncode else "")

    def imports(self, files: dict[str, bytes], *options: str) -> tuple[int, dict[str, Any]]:
        paths = [self.checkout.parent / name for name in files]
        for path in paths:
            path.write_bytes(files[path.name])
        code, text = self.runs("manage.py", "import_invoices", "gale", *map(str, paths), "--json", *options)
        report: dict[str, Any] = json.loads(text.splitlines()[-1])
        return code, report

    def files(self) -> dict[str, str]:
        """Every file by its path, with the hash of its bytes."""
        paths = [path for path in self.checkout.rglob("*") if path.is_file() and not _is_made(path)]
        return {str(path.relative_to(self.checkout)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _is_made(path: Path) -> bool:
    return bool({"__pycache__", "var", ".pytest_cache", ".ruff_cache"} & set(path.parts))


@pytest.fixture
def newcomer(database: str, tmp_path: Path) -> Newcomer:
    checkout = tmp_path / "checkout"
    shutil.copytree(PROJECT, checkout, ignore=_NOT_COPIED)
    return Newcomer(checkout, database)


@pytest.mark.xdist_group("seventh")
def test_a_newcomer_adds_a_system_with_four_files_and_one_line(newcomer: Newcomer) -> None:
    before = newcomer.files()
    registry = (newcomer.checkout / REGISTRY).read_text().splitlines()
    newcomer.writes()
    code, text = newcomer.runs("-m", "tests.golden")
    assert (code, "gale/statements.txt.expected.json" in text) == (0, True), text
    changed = {path for path, digest in newcomer.files().items() if before.get(path) != digest}
    assert changed == WRITTEN | {REGISTRY, f"{SAMPLE}.expected.json"}
    assert before.keys() <= newcomer.files().keys()
    with_line = (newcomer.checkout / REGISTRY).read_text().splitlines()
    assert [line for line in with_line if line not in registry] == ['    "gale",']
    assert len(with_line) == len(registry) + 1

    _is_described(newcomer)
    _passes_what_ci_asks(newcomer)
    _is_imported(newcomer)


def _is_described(newcomer: Newcomer) -> None:
    code, text = newcomer.runs("manage.py", "describe_source", "gale")
    assert code == 0
    assert "gale: Gale. The maritime business's billing" in text
    assert re.search(r"payments_received +ST\.11 +amount, decimal comma, minus behind, minus turned", text)
    assert re.search(r"recurring +monthly beam", text)


def _passes_what_ci_asks(newcomer: Newcomer) -> None:
    python = [path for path in sorted(WRITTEN) if path.endswith(".py")]
    for check in (("ruff", "check", *python), ("ruff", "format", "--check", *python)):
        code, text = newcomer.runs("-m", *check)
        assert code == 0, text
    rule = "tests/test_house_rules.py::test_every_adapter_has_registry_line_sample_golden_and_page"
    code, text = newcomer.runs("-m", "pytest", "-q", "-p", "no:randomly", rule, "tests/billing_sources/test_gale.py")
    assert code == 0 and " passed" in text, text


def _is_imported(newcomer: Newcomer) -> None:
    """Bad files are rehearsed, then the good one is imported, then once more."""
    sample = (newcomer.checkout / SAMPLE).read_bytes()
    good, bad = {"G-20261105.txt": sample}, list(_bad_files(sample))
    code, report = newcomer.imports(good | {name: content for name, content, _ in bad}, "--dry-run")
    said = [{key: found[key] for key in ("file", "rule", "position", "field")} for found in report["issues"]]
    assert [issue for _, _, issue in bad if issue not in said] == []
    assert (code, report["balanced"], {issue["file"] for issue in said}) == (3, False, {name for name, _, _ in bad})

    code, report = newcomer.imports(good)
    assert (code, report["balanced"], report["invoices"]["created"], report["charges"]) == (0, True, 2, 4)
    assert (report["usage_records"], report["quarantined"], report["issues"]) == (2, 0, [])
    code, text = newcomer.runs("manage.py", "export_invoices", "gale")
    first, second = (json.loads(line) for line in text.splitlines())
    of_first = [first[field] for field in ("number", "account", "currency", "billed_on", "previous_balance", "tax")]
    assert of_first == ["1001", "F-77", "EUR", "2026-11-05", "100.00", "19.00"]
    assert [charge["category"] for charge in first["charges"]] == ["recurring", "usage", "discount"]
    assert (second["number"], second["amount_due"], second["origin"]["file"]) == ("1002", "60.00", "G-20261105.txt")
    code, report = newcomer.imports(good)
    assert (code, report["already_seen"]) == (0, 1)


def _bad_files(good: bytes) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """(name, content, the issue that must be named)."""
    for name, old, new, rule, position, field in (
        ("cut.txt", b"EN;16;2;179,00\n", b"", "DLM-END", "line 15", "record"),
        ("trailer.txt", b"EN;16;2;179,00", b"EN;16;2;180,00", "CONTROL-02", "", "amount"),
        ("bills.txt", b"EN;16;2;", b"EN;16;3;", "CONTROL-01", "", "bills"),
        ("date.txt", b"05.11.2026;01.10.2026", b"31.11.2026;01.10.2026", "DLM-VALUE", "line 5", "ST.6"),
        ("term.txt", b"Fleet rebate", b"Loyalty", "VOCAB-01", "line 5, line 9", "charge.source_term"),
    ):
        assert old in good
        issue = {"file": name, "rule": rule, "position": position, "field": field}
        yield name, good.replace(old, new, 1), issue


_IMPORTS = b"""from __future__ import annotations
from decimal import Decimal
from typing import BinaryIO
from billing_sources.adapter import Outcome, Reply
from billing_sources.canonical import ControlTotals, FileRejected, Issue
"""


def extra(name: str, folder: Path) -> ModuleType:
    """A function of the page's last section, in a module that imports what it names."""
    path = folder / f"page_{name}.py"
    path.write_bytes(_IMPORTS + b"".join(block.content for block in blocks() if block.name == name))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_control_file_is_read_and_garbage_is_refused(tmp_path: Path) -> None:
    read_control = extra("control", tmp_path).read_control
    assert read_control(b"2;179,00;\n") == ControlTotals(bills=2, amount=Decimal("179.00"))
    for garbage in (b"", b"\xff\xfe", b"two;1;", b"1;1"):
        with pytest.raises(FileRejected):
            read_control(garbage)


def test_the_pages_acknowledgement_tells_the_sender_what_became_of_its_file(tmp_path: Path) -> None:
    issue = Issue("DLM-VALUE", "line 11", "US.5", number="1001")
    outcome = Outcome("g.txt", True, 1, Decimal("60.00"), 1, (issue,), datetime(2026, 11, 6, tzinfo=UTC))
    (reply,) = extra("acknowledge", tmp_path).acknowledge(BytesIO(), outcome)
    assert reply == Reply("g.txt.ack", b"ACK;1;1;60.00\nDLM-VALUE;line 11;US.5;1001\n")
