"""Castle in the night: raw records, control files, answers, whole cycles and what the pipeline makes of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command

from billing_sources.adapter import Outcome
from billing_sources.adapters.castle import CASTLE
from billing_sources.canonical import CanonicalInvoice, Category, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.generator.castle import NUMBERING
from billing_sources.models import ImportFile
from billing_sources.normalize import normalize
from billing_sources.readers.castle_control import read_control
from portal.tenancy import ingest
from tests.billing_sources.bills import Desk, invoices, order, rules
from tests.billing_sources.castle_texts import read, rejection

ORDER = CycleOrder("castle", customers=16, accounts=60, invoices=100, seed=7, billed_on=date(2026, 11, 20), charges=6)
State = ImportFile.State


def written(planned: CycleOrder) -> tuple[bytes, list[tuple[str, str]]]:
    """The file's bytes, and (number, rule) of what was planted."""
    buffer = BytesIO()
    manifest = next(generate_cycle(planned)).write(buffer)
    return buffer.getvalue(), [(fault.number, fault.rule) for fault in manifest.faults]


def judged(text: bytes) -> list[tuple[str, str]]:
    """(number, rule) of all that does not hold."""
    found = read(text)
    issues = [one for one in found if isinstance(one, Issue)]
    for one in found:
        if isinstance(one, CanonicalInvoice):
            made = normalize(one, CASTLE)
            issues += [*check(made), *(Issue("VOCAB-01", number=one.number) for _ in made.unmapped)]
    return [(issue.number, issue.rule) for issue in issues]


# Raw records, controls, answers


def test_every_charge_leads_back_to_its_raw_record_with_the_fields_of_the_mapping() -> None:
    text, _ = written(ORDER)
    named = {row.source for row in CASTLE.mapping}
    found = next(one for one in read(text) if isinstance(one, CanonicalInvoice) and one.taxes)
    assert CASTLE.locate is not None
    for line in found.charges:
        cells = dict(CASTLE.locate(BytesIO(text), line.origin).cells)
        amounts = [Decimal(cells[name]) for name in ("1700 AMT", "2400 AMT", "3400 AMT") if name in cells]
        assert amounts == [line.amount]
        assert named & set(cells)
    heading_cells = dict(CASTLE.locate(BytesIO(text), found.origin).cells)
    assert heading_cells["0100 BILL-DT"] == "2026324" and heading_cells["0100 BILL-ID"] == found.number
    for nowhere in ("byte 1", "byte 99999999", "line 4", ""):
        with pytest.raises(LookupError):
            CASTLE.locate(BytesIO(text), nowhere)


@pytest.mark.parametrize(
    "content", [b"", b"BILLS=1", b"BILLS=x\nRECORDS=1\nTOTAL=1.00\nSHA256=" + b"0" * 64, b"\xff\0"]
)
def test_a_control_file_that_does_not_say_everything_is_refused(content: bytes) -> None:
    with pytest.raises(FileRejected, match="CONTROL-07"):
        read_control(content)


def test_the_answer_counts_what_was_taken_and_names_what_was_not() -> None:
    assert CASTLE.acknowledge is not None
    issue = Issue("CAS-9990", "byte 88", number="C126309002T")
    at = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
    outcome = Outcome("C1-20261105.ebc", True, 4, Decimal("300.50"), 1, (issue,), at)
    (reply,) = CASTLE.acknowledge(BytesIO(), outcome)
    assert reply.name == "C1-20261105.ebc.ack"
    assert reply.content.decode().splitlines() == [
        "FILE=C1-20261105.ebc",
        "STATUS=ACCEPTED",
        "BILLS=4",
        "TOTAL=300.50",
        "HELD=1",
        "AT=2026-11-21T03:04:05Z",
        "ISSUE=CAS-9990 C126309002T byte 88",
    ]


# Whole cycles


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_generated_bill_is_read_back_with_the_figures_of_the_manifest(seed: int) -> None:
    buffer = BytesIO()
    manifest = next(generate_cycle(replace(ORDER, seed=seed))).write(buffer)
    found = [one for one in read(buffer.getvalue()) if isinstance(one, CanonicalInvoice)]
    counted = [line for one in found for line in one.charges if not line.is_information_only]
    assert len(found) == manifest.bills
    assert sum(line.amount for line in counted) == manifest.charge_total
    assert sum(one.amount_due or 0 for one in found) == manifest.amount_due
    assert judged(buffer.getvalue()) == []
    assert {line.category for line in counted} >= set(Category) - {
        Category.TAX,
        Category.DEPOSIT,
        Category.ROUNDING,
        Category.CARRIED_BALANCE,
        Category.LATE_FEE,
    }


@pytest.mark.parametrize(
    "fault",
    ["wrong_total", "unknown_term", "bad_date", "bad_amount", "no_bill_end", "euro_sign", "day_366"],
)
def test_a_planted_fault_is_what_is_found_and_nothing_else(fault: str) -> None:
    text, planted = written(replace(ORDER, faults=(fault,)))
    assert judged(text)[0] == planted[0]
    assert {number for number, _ in judged(text)} == {planted[0][0]}


@pytest.mark.parametrize("fault", ["truncated", "wrong_hash", "zero_length"])
def test_a_fault_of_the_file_rejects_it_whole(fault: str) -> None:
    text, planted = written(replace(ORDER, faults=(fault,)))
    assert rejection(text).rule == planted[0][1]


def test_bill_numbers_tell_their_day_and_counter() -> None:
    assert NUMBERING.read(NUMBERING.write("C12", date(2026, 12, 31), 123456)) == (date(2026, 12, 31), 123456)
    assert len(NUMBERING.write("C12", date(2026, 12, 31), 123456)) == 12
    with pytest.raises(ValueError):
        NUMBERING.read("A1-20261120-101")


# Through the pipeline


def changed(path: Path, **said: str) -> None:
    """The control file says something else."""
    control = path.with_name(f"{path.name}.ctl")
    lines = dict(line.split("=") for line in control.read_text().splitlines()) | said
    control.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def test_an_extract_with_its_control_file_is_published_and_proven(desk: Desk) -> None:
    path = desk.write(next(generate_cycle(order("castle"))))
    file = desk.take("castle", path)
    assert (file.state, file.declared_bills, file.read_bills) == (State.PUBLISHED, 40, 40)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.document.sha256
    assert rules(file) == []


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"SHA256": "0" * 64}, "CONTROL-03"),
        ({"BILLS": "39"}, "CONTROL-04"),
        ({"TOTAL": "1.00"}, "CONTROL-05"),
        ({"RECORDS": "7"}, "CONTROL-06"),
        ({"BILLS": "many"}, "CONTROL-07"),
    ],
)
def test_a_control_file_that_contradicts_its_file_holds_it(desk: Desk, said: dict[str, str], rule: str) -> None:
    path = desk.write(next(generate_cycle(order("castle"))))
    changed(path, **said)
    file = desk.take("castle", path)
    assert (file.state, rules(file)) == (State.QUARANTINED, [rule])
    assert invoices() == []


def test_a_corrected_control_file_for_the_same_bytes_is_honoured(desk: Desk) -> None:
    path = desk.write(next(generate_cycle(order("castle"))))
    control = path.with_name(f"{path.name}.ctl")
    right = control.read_bytes()
    changed(path, BILLS="39")
    held = desk.take("castle", path)
    assert (held.state, desk.take("castle", path).state) == (State.QUARANTINED, State.SEEN)

    control.write_bytes(right)
    read = desk.take("castle", path)
    assert (read.state, read.document_id, rules(read)) == (State.PUBLISHED, held.document_id, [])
    with ingest():
        held.refresh_from_db()
    assert held.state == State.DISCARDED and "corrected the control file" in held.discard_reason

    control.unlink()
    assert desk.take("castle", path).state == State.SEEN, "a control file that is missing says nothing new"
    control.write_bytes(right)
    changed(path, BILLS="39")
    assert desk.take("castle", path).state == State.SEEN, "what is published is not undone by a later declaration"


def test_a_wrong_count_in_the_trailer_holds_the_file(desk: Desk) -> None:
    file = desk.take("castle", desk.write(next(generate_cycle(order("castle", faults=("wrong_trailer",))))))
    assert (file.state, rules(file)) == (State.QUARANTINED, ["CONTROL-01"])


def test_a_rerun_of_a_loaded_batch_doubles_nothing(desk: Desk) -> None:
    desk.take("castle", desk.write(next(generate_cycle(order("castle")))))
    again = desk.take("castle", desk.write(next(generate_cycle(order("castle", faults=("rerun",))))))
    assert (again.state, again.created, again.revised, again.unchanged) == (State.PUBLISHED, 0, 0, 40)
    assert len(invoices()) == 40


def test_a_rerun_with_corrected_amounts_revises_the_bills(desk: Desk) -> None:
    first, second = generate_cycle(order("castle", faults=("reissue",)))
    earlier = next(generate_cycle(order("castle", billed_on=date(2026, 10, 20))))
    assert first.control_suffix == second.control_suffix == ".ctl"
    desk.take("castle", desk.write(earlier))
    again = desk.take("castle", desk.write(second))
    assert (again.state, again.created, again.revised) == (State.PUBLISHED, 0, 3)


def test_a_bill_without_its_end_is_held_and_the_others_are_published(desk: Desk) -> None:
    file = desk.take("castle", desk.write(next(generate_cycle(order("castle", faults=("no_bill_end",))))))
    assert (file.state, file.held_bills, file.created, rules(file)) == (State.PUBLISHED, 1, 39, ["CAS-9990"])


def test_the_command_finds_the_control_file_beside_the_path(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    path = desk.write(next(generate_cycle(order("castle"))))
    changed(path, BILLS="39")
    with pytest.raises(SystemExit) as left:
        call_command("import_invoices", "castle", str(path), "--dry-run")
    assert left.value.code == 3 and "CONTROL-04" in capsys.readouterr().out
    path.with_name(f"{path.name}.ctl").unlink()
    call_command("import_invoices", "castle", str(path.parent), "--dry-run")
    assert "CONTROL" not in capsys.readouterr().out


def test_the_source_is_described_by_the_mapping_that_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("describe_source", "castle")
    told = capsys.readouterr().out
    assert "1700 AMT" in told and "0100 BILL-DT" in told and "mrc eqrent" in told
