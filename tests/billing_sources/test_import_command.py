"""The commands that people and checks rely on (design.md §5): what they print, how they exit."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command

import billing_sources
from billing_sources.models import ImportRun, RawDocument
from billing_sources.registry import ADAPTERS
from portal.tenancy import ingest
from tests.billing_sources.bills import Desk, cycle_file, invoices

SAMPLES = Path(billing_sources.__file__).parent / "samples"
REPORTED = [
    "run",
    "files",
    "already_seen",
    "invoices",
    "charges",
    "usage_records",
    "quarantined",
    "balanced",
    "issues",
]
EXPORTED = [
    *(
        "system",
        "number",
        "revision",
        "type",
        "currency",
        "billed_on",
        "due_on",
        "period",
        "seller",
        "buyer",
        "account",
    ),
    *("line_total", "allowance_total", "charge_total", "tax_excluded", "tax", "tax_included", "prepaid", "rounding"),
    *("previous_balance", "amount_due", "payment_reference", "preceding", "charges", "taxes", "state", "origin"),
]


def run(*arguments: Any) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*map(str, arguments), stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def import_json(*arguments: Any) -> tuple[int, dict[str, Any]]:
    code, text = run("import_invoices", *arguments, "--json")
    return code, json.loads(text.splitlines()[-1])


def export(*arguments: Any) -> list[dict[str, Any]]:
    code, text = run("export_invoices", *arguments)
    assert code == 0, text
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "arguments", [["nix"], ["atlas", "no-such-file.x12"], ["atlas", "a-folder/no-such-file.x12", "--json"]]
)
def test_bad_arguments_exit_with_2_and_name_what_is_wrong(database: str, arguments: list[str]) -> None:
    code, complaint = run("import_invoices", *arguments)
    assert code == 2
    assert "nix" in complaint or "no-such-file.x12" in complaint


def test_a_held_bill_exits_with_3_and_is_told_in_the_json(desk: Desk) -> None:
    path = desk.write(cycle_file("boreal", faults=("wrong_total", "bad_date")))
    code, report = import_json("boreal", path)
    assert (code, report["quarantined"], report["balanced"]) == (3, 2, True)
    assert {issue["rule"] for issue in report["issues"]} == {"BR-CO-10", "BR-CO-13", "EN-VALUE"}
    assert set(report["issues"][0]) == {"file", "position", "field", "rule", "expected", "found"}


def test_a_truncated_file_exits_with_3_and_is_not_balanced(desk: Desk) -> None:
    path = desk.write(cycle_file(faults=("truncated",)))
    code, report = import_json("atlas", path)
    assert (code, report["quarantined"], report["balanced"], report["invoices"]["created"]) == (3, 1, False, 0)
    code, report = import_json("atlas", path)
    assert (code, report["already_seen"], report["quarantined"]) == (3, 1, 1)


def test_a_clean_file_exits_with_0_and_exactly_the_promised_keys(desk: Desk) -> None:
    code, report = import_json("atlas", desk.write(cycle_file()))
    assert code == 0
    assert list(report) == REPORTED
    assert (report["files"], report["already_seen"], report["balanced"], report["issues"]) == (1, 0, True, [])
    assert report["invoices"] == {"created": len(invoices()), "revised": 0, "unchanged": 0}
    assert report["charges"] > 100


def test_the_same_file_again_is_seen_and_exits_with_0(desk: Desk) -> None:
    path = desk.write(cycle_file())
    import_json("atlas", path)
    code, report = import_json("atlas", path)
    assert (code, report["files"], report["already_seen"]) == (0, 1, 1)
    assert report["invoices"] == {"created": 0, "revised": 0, "unchanged": 0}


def test_a_rehearsal_tells_the_same_and_keeps_nothing(desk: Desk) -> None:
    path = desk.write(cycle_file("boreal", faults=("wrong_total",)))
    rehearsed_code, rehearsed = import_json("boreal", path, "--dry-run")
    assert invoices() == []
    with ingest():
        assert not RawDocument.objects.exists()
        assert not ImportRun.objects.exists()
    assert not (desk.folder / "archive").exists()
    code, real = import_json("boreal", path)
    assert (rehearsed_code, {**rehearsed, "run": ""}) == (code, {**real, "run": ""})


def test_without_paths_the_transport_says_what_there_is(desk: Desk, settings: Any) -> None:
    folder = settings.INBOUND_DIR / "atlas" / "out"
    folder.mkdir(parents=True)
    desk.write(cycle_file()).rename(folder / "cycle.x12")
    (folder / "half.x12.part").write_text("ISA")
    code, report = import_json("atlas")
    assert (code, report["files"]) == (0, 1)


def test_a_folder_stands_for_its_files(desk: Desk) -> None:
    folder = desk.folder / "given"
    folder.mkdir()
    desk.write(cycle_file()).rename(folder / "one.x12")
    assert import_json("atlas", folder)[1]["files"] == 1


def test_people_get_the_reasons_in_plain_words(desk: Desk) -> None:
    code, text = run("import_invoices", "atlas", desk.write(cycle_file(faults=("duplicate_bill",))))
    assert code == 3
    assert "The same bill number stands twice in one file." in text


def test_the_export_has_the_promised_fields_amounts_as_text_and_days_as_iso(desk: Desk) -> None:
    import_json("atlas", desk.write(cycle_file()))
    lines = export("atlas")
    assert len(lines) == len(invoices())
    line = lines[0]
    assert list(line) == EXPORTED
    assert line["state"] == "held"
    assert isinstance(line["amount_due"], str)
    assert line["billed_on"] == "2026-11-20"
    assert set(line["origin"]) == {"file", "sha256", "position", "mapping"}
    assert line["charges"][0]["source_term"]


def test_the_export_is_narrowed_by_system_number_run_and_revision(desk: Desk) -> None:
    _, first = import_json("boreal", desk.write(cycle_file("boreal")))
    _, second = import_json("boreal", desk.write(cycle_file("boreal", seed=8)))
    revised = next(line for line in export() if line["revision"] == 2)
    assert export("atlas") == []
    assert [line["revision"] for line in export("--number", revised["number"])] == [2]
    assert [line["revision"] for line in export("--number", revised["number"], "--all-revisions")] == [1, 2]
    assert {line["origin"]["file"] for line in export("--run", second["run"])} == {revised["origin"]["file"]}
    assert len(export("--run", first["run"], "--all-revisions")) == first["invoices"]["created"]


@pytest.mark.parametrize("arguments", [["nix"], ["--run", "12345"], ["--run", "not-a-run"]])
def test_an_export_of_what_is_not_there_exits_with_2(database: str, arguments: list[str]) -> None:
    assert run("export_invoices", *arguments)[0] == 2


@pytest.mark.parametrize("key", sorted(ADAPTERS))
def test_a_source_is_described_with_every_field_and_term(key: str) -> None:
    code, text = run("describe_source", key)
    assert code == 0
    assert all(row.source in text for row in ADAPTERS[key].mapping)
    assert all(term in text for term in ADAPTERS[key].vocabulary.terms)
    assert run("describe_source", "nix")[0] == 2


def samples() -> list[Path]:
    return [path for path in sorted(SAMPLES.rglob("*")) if path.is_file() and path.suffix != ".json"]


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_every_sample_reads_as_its_golden_file_says_and_is_imported_whole(database: str, path: Path) -> None:
    adapter = ADAPTERS[path.parent.name]
    with path.open("rb") as stream:
        read = msgspec.to_builtins(list(adapter.read(stream, adapter)))
    golden = json.loads(path.with_name(f"{path.name}.expected.json").read_text())
    assert json.loads(msgspec.json.encode(read)) == golden
    code, report = import_json(adapter.key, path)
    assert (code, report["balanced"]) == (0, True)
    assert {line["number"] for line in export(adapter.key)} == {bill["number"] for bill in golden if "number" in bill}


def test_a_source_that_cannot_be_reached_is_told_without_a_run(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBUTARY_ATLAS_URL", "sftp://me@127.0.0.1:1/")
    code, text = run("import_invoices", "atlas")
    assert (code, text) == (1, "nothing could be fetched: the environment does not say HOST_KEY of this system")
    with ingest():
        assert not ImportRun.objects.exists()
