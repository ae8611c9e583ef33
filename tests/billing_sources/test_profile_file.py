"""`profile_file`: an unknown file is described, and garbage is refused in words."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator
from datetime import date
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command

import billing_sources
from billing_sources.canonical import CanonicalInvoice, ControlTotals
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.profiling.form import Kind, NoProfile
from billing_sources.profiling.profile import Profile, profile
from billing_sources.profiling.report import lines
from billing_sources.profiling.values import days, figure

SAMPLES = Path(billing_sources.__file__).parent / "samples"
STATEMENTS = (SAMPLES / "echo" / "statements.txt").read_bytes()


def of(content: bytes, encoding: str = "", separator: str = "") -> Profile:
    return profile(lambda: BytesIO(content), encoding, separator)


def told(content: bytes) -> str:
    return "\n".join(lines(of(content)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\r\n", "empty"),
        (b"A|1\nB|2\0\nA|3\n" * 20, "binary"),
        (bytes(range(256)) * 400, "binary"),
        ("A|1\n".encode("utf-16"), "UTF-16"),
        (b"x" * 10_000_000, "a line end within"),
        (b"ISA*00*", "cut"),
        (b"ISA" + b"*" * 102 + b"~" + b"x" * 3_000_000, "without the end of a segment"),
        (b"<a><b>", "damaged"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>", "DOCTYPE"),
        (b'{"a": [1, 2', "damaged"),
        (b"[" * 100_000, "damaged"),
        (gzip.compress(STATEMENTS)[:-20], "was cut"),
        (gzip.compress(b"0" * 60_000_000), "a line end within"),
        (b"\n".join(b"%d|%d" % (at, at) + b"|x" * (at % 2) for at in range(1_000)), ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_garbage_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    if not reason:
        assert of(content).records == 1_000
        return
    with pytest.raises(NoProfile) as refusal:
        of(content)
    assert reason in str(refusal.value)


def test_nothing_that_is_cut_or_damaged_escapes_as_another_error() -> None:
    for path in sorted(SAMPLES.rglob("*.*")):
        content = path.read_bytes()[:12_000]
        for at in (1, 107, len(content) // 2, len(content) - 3):
            for damaged in (content[:at], content[:at] + b"\xff\x00|" + content[at:]):
                try:
                    list(lines(of(damaged)))
                except NoProfile as refusal:
                    assert str(refusal)


def test_statements_are_profiled_by_record_type() -> None:
    found = of(STATEMENTS)
    assert (found.form.kind, found.form.separator, found.form.encoding) == (Kind.RECORDS, "|", "cp1252")
    charges = found.types["3100"]
    assert (charges.count, charges.columns["8"].filled) == (7, 5)
    assert f"{charges.columns['12'].total}" == "118.40" and charges.columns["12"].signs["parentheses"] == 1
    assert charges.columns["5"].values.most_common(1) == [("USG", 3)]
    assert found.types["1000"].columns["2"].is_key
    assert found.types["1000"].columns["5"].patterns["MMDDYYYY"] == (date(2026, 11, 7), date(2026, 11, 7))
    assert {(total.field, total.equals) for total in found.totals if total.type == "9999"} >= {
        ("2", "records in the file"),
        ("3", "records 1000"),
        ("4", "sum of 1000.13"),
    }


def test_the_draft_of_an_adapter_runs_as_it_is(tmp_path: Path) -> None:
    content = STATEMENTS.replace(b"2000|", b"2000|").replace(b"\r\n", b"\n")
    module = loaded(told(content).partition("correct\n")[2], tmp_path)
    found = list(module.NEW.read(BytesIO(content), module.NEW))
    bills = [bill for bill in found if isinstance(bill, CanonicalInvoice)]
    assert [bill.number for bill in bills] == ["W7-1001", "W7-1002"]
    assert [len(bill.charges) for bill in bills] >= [5, 2]
    (control,) = (item for item in found if isinstance(item, ControlTotals))
    assert (control.bills, f"{control.amount}") == (2, "137.13")


def loaded(text: str, folder: Path) -> ModuleType:
    path = folder / "draft_of_new.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        ("atlas", Kind.X12),
        ("boreal", Kind.XML),
        ("castle", Kind.RDW),
        ("delta", Kind.JSON_LINES),
        ("echo", Kind.RECORDS),
        ("ferry", Kind.JSON_LINES),
    ],
)
def test_the_generated_files_of_every_system_are_known(system: str, kind: Kind) -> None:
    order = CycleOrder(system, customers=4, accounts=12, invoices=12, seed=5, billed_on=date(2026, 11, 20))
    buffer = BytesIO()
    next(generate_cycle(order)).write(buffer)
    found = of(buffer.getvalue())
    assert found.form.kind is kind
    assert found.records > 12 and len(found.types) > 3
    packed = of(gzip.compress(buffer.getvalue()))
    assert (packed.form, packed.records) == (found.form, found.records)


def test_a_table_with_a_heading_may_hold_quotes_and_line_ends() -> None:
    found = of(b'name;amount;on\n"a;b";1.234,50;24.12.2026\n"c\nd";2,00-;31.12.2026\n')
    row = found.types["row"]
    assert (found.form.kind, row.count) == (Kind.HEADED, 2)
    assert list(row.columns["name"].values) == ["a;b", "c\nd"]
    assert f"{row.columns['amount'].total}" == "1232.50"
    assert row.columns["amount"].options() == ["decimal comma", "thousands", "minus behind"]
    assert list(row.columns["on"].patterns) == ["DD.MM.YYYY"]


@pytest.mark.parametrize(
    ("text", "value", "signs"),
    [
        ("-1.50", "-1.50", ("minus before",)),
        ("(1.50)", "-1.50", ("parentheses",)),
        ("1,50-", "-1.50", ("decimal comma", "minus behind")),
        ("1,234,567.8 CR", "-1234567.8", ("thousands", "CR behind")),
        ("12.00DB", "12.00", ("CR behind",)),
        ("0000123}", "-1230", ("overpunch",)),
        ("0000123A", "1231", ("overpunch",)),
    ],
)
def test_signs_are_told_apart(text: str, value: str, signs: tuple[str, ...]) -> None:
    found = figure(text)
    assert found and (f"{found.value}", found.signs) == (value, signs)


@pytest.mark.parametrize("text", ["", "-", "1,2,3", "1.2.3", "(1", "1e5", "٣", "12 34", "A1", "1,,0"])
def test_what_is_no_figure_is_none(text: str) -> None:
    assert figure(text) is None


def test_a_day_may_fit_several_patterns() -> None:
    assert list(days("01022026")) == ["MMDDYYYY", "DDMMYYYY"]
    assert list(days("31.12.2026")) == ["DD.MM.YYYY"]
    assert days("99999999") == days("20260230") == {}


def test_memory_is_bounded_for_a_column_that_never_repeats() -> None:
    class Endless(BytesIO):
        """50,000 rows that are made while they are read."""

        def __init__(self) -> None:
            super().__init__()
            self._rows: Iterator[bytes] = (b"R;%020d;1.00\n" % at for at in range(50_000))

        def read(self, size: int | None = -1) -> bytes:
            return b"".join(islice(self._rows, 10_000))

    column = profile(Endless, separator=";").types["row"].columns["2"]
    assert (column.rows, len(column.values), column.is_counted_whole) == (50_000, 20_000, False)


def test_the_command_prints_the_profile_and_exits_with_2_where_there_is_none(tmp_path: Path) -> None:
    out = StringIO()
    call_command("profile_file", str(SAMPLES / "echo" / "statements.txt"), stdout=out)
    assert "9999.4 = 137.13: sum of 1000.13" in out.getvalue()
    for arguments in (
        ["nowhere.txt"],
        [str(tmp_path)],
        [str(SAMPLES / "echo" / "statements.txt"), "--delimiter", "ab"],
    ):
        with pytest.raises(CommandError) as refusal:
            call_command("profile_file", *arguments)
        assert refusal.value.returncode == 2
    with pytest.raises(CommandError, match="no such encoding"):
        call_command("profile_file", str(SAMPLES / "echo" / "statements.txt"), "--encoding", "klingon")


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("x12/**/GraniteNetExample.txt", Kind.X12),
        ("ubl-en16931/**/*.xml", Kind.XML),
        ("cii-en16931/**/*.xml", Kind.XML),
        ("focus-csv/**/*first120*", Kind.HEADED),
        ("cloud-bills/**/*.csv", Kind.HEADED),
        ("tmforum/**/*.json", Kind.JSON),
    ],
)
def test_real_files_are_known(shared_data: Path, pattern: str, kind: Kind) -> None:
    paths = sorted(shared_data.glob(pattern))[:6]
    assert paths
    found = {path.name: of(path.read_bytes()).form.kind for path in paths}
    assert found == dict.fromkeys(found, kind)
