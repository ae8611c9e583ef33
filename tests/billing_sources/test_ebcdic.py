"""Mainframe records: framing, pictures and copybooks. The suite of AbsaOSS/cobrix, which nobody here wrote, judges."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_sources.canonical import FileRejected
from billing_sources.generator.ebcdic import encoded, record
from billing_sources.readers.copybook import Layout
from billing_sources.readers.ebcdic import Rdw, fixed, framed
from billing_sources.readers.pictures import Picture, Usage
from billing_sources.readers.values import Unreadable

BIG, LITTLE = Rdw(is_inclusive=False), Rdw("little", is_inclusive=False)


# Frames


@pytest.mark.parametrize("word", ["00000000", "00040000", "00030000", "00080100", "ffffffff"])
def test_a_word_that_frames_nothing_rejects_the_file_and_says_where(word: str) -> None:
    text = record(b"whole") + bytes.fromhex(word) + b"1234"
    with pytest.raises(FileRejected) as caught:
        list(framed(BytesIO(text), Rdw()))
    issue = caught.value.issue
    assert (issue.rule, issue.position, issue.found) == ("EBC-RDW", "byte 9", word)


@pytest.mark.parametrize("kept", [1, 3, 4, 5, 12])
def test_a_record_without_its_end_rejects_the_file(kept: int) -> None:
    text = record(b"whole") + record(b"0123456789")[:kept]
    with pytest.raises(FileRejected) as caught:
        list(framed(BytesIO(text), Rdw()))
    assert (caught.value.issue.rule, caught.value.issue.position) == ("EBC-CUT", "byte 9")


def test_a_record_of_fixed_length_without_its_end_rejects_the_file() -> None:
    with pytest.raises(FileRejected, match="EBC-CUT at byte 80"):
        list(fixed(BytesIO(b"x" * 119), 80))


def test_ten_megabytes_without_a_word_are_rejected_at_once() -> None:
    class Counted(BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            Counted.taken += len(found)
            return found

    with pytest.raises(FileRejected, match="EBC-RDW at byte 0"):
        list(framed(Counted(b"\xf1" * 10_000_000), Rdw()))
    assert Counted.taken < 1_000_000


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=40))
def test_what_is_framed_is_unframed(records: list[bytes]) -> None:
    text = b"".join(map(record, records))
    assert [found for _, found in framed(BytesIO(text), Rdw())] == records


def test_records_that_lie_over_the_edge_of_a_read_are_whole() -> None:
    records = [bytes([number % 251]) * (number % 9000 + 1) for number in range(200)]
    assert [found for _, found in framed(BytesIO(b"".join(map(record, records))), Rdw())] == records


# Pictures


@pytest.mark.parametrize(
    ("picture", "field", "value"),
    [
        ("S9(9)V99 COMP-3", "00000012345c", "123.45"),
        ("S9(9)V99 COMP-3", "00000012345d", "-123.45"),
        ("S9(9)V99 COMP-3", "00000012345f", "123.45"),
        ("S9(5)V9(5) COMP-3", "00000000012c", "0.00012"),
        ("9(15) COMP-3", "999999999999999f", "999999999999999"),
        ("S9(5)V99", "f0f0f1f2f3f4d5", "-123.45"),
        ("S9(5)V99", "f0f0f1f2f3f4c0", "123.40"),
        ("S9(5)V99", "f0f0f1f2f3f4f5", "123.45"),
        ("S9(3)V99 SIGN TRAILING SEPARATE", "f0f0f1f2f360", "-1.23"),
        ("S9(3)V99 SIGN TRAILING SEPARATE", "f0f0f1f2f34e", "1.23"),
        ("9(3).9(2)", "f0f0f14bf2f3", "1.23"),
        ("S9(4) COMP", "ffff", "-1"),
        ("S9(9)V99 BINARY", "000000000001824b", "988.91"),
    ],
)
def test_a_field_is_worth_what_its_picture_says(picture: str, field: str, value: str) -> None:
    assert Picture.of(picture).size == len(field) // 2
    assert Picture.of(picture).number(bytes.fromhex(field)) == Decimal(value)


@pytest.mark.parametrize(
    ("picture", "field"),
    [
        ("S9(3) COMP-3", "1234"),  # a digit where the sign stands
        ("S9(3) COMP-3", "1a3c"),
        ("S9(3) COMP-3", "12e1"),
        ("S9(3)", "f140f3"),  # a blank among the digits
        ("S9(3)", "c1f2f3"),  # the sign at the wrong end
        ("S9(3)", "404040"),
        ("S9(2) SIGN TRAILING SEPARATE", "f1f240"),
        ("9(1).9(2)", "f1f2f3f4"),
        ("9(4) COMP", "ffff"),  # more than four digits hold
        ("X(3)", "f1f2f3"),
    ],
)
def test_a_field_that_breaks_its_picture_is_no_number(picture: str, field: str) -> None:
    with pytest.raises(Unreadable):
        Picture.of(picture).number(bytes.fromhex(field))


@pytest.mark.parametrize("picture", ["", "Q(4)", "9(4", "S9(4)V9(2)Z"])
def test_a_picture_that_is_not_understood_is_refused(picture: str) -> None:
    with pytest.raises(ValueError):
        Picture.of(picture)


@st.composite
def _fields(draw: st.DrawFn) -> tuple[str, Decimal]:
    whole, behind = draw(st.integers(1, 9)), draw(st.integers(0, 6))
    usage = draw(st.sampled_from(["", " COMP-3", " COMP", " SIGN TRAILING SEPARATE"]))
    most = 10 ** (whole + behind) - 1
    value = draw(st.integers(-most, most))
    point = f"V9({behind})" if behind else ""
    return f"S9({whole}){point}{usage}", Decimal(value).scaleb(-behind)


@given(_fields())
def test_every_number_comes_back_from_its_bytes(field: tuple[str, Decimal]) -> None:
    picture, value = Picture.of(field[0]), field[1]
    written = encoded(picture, value, "cp1140")
    assert len(written) == picture.size
    assert picture.number(written) == value


@given(st.text(alphabet="ABCxyz 019€äé", max_size=12))
def test_every_text_comes_back_from_its_bytes(text: str) -> None:
    picture = Picture.of("X(12)")
    assert picture.text(encoded(picture, text, "cp1140"), "cp1140") == text.rstrip()


# The suite of cobrix: data, copybooks and what they decode to, published by its authors

_SPARK = {"File_Id", "Record_Id", "Record_Byte_Length", "Seg_Id0", "Seg_Id1"}  # what cobrix adds of itself


@pytest.fixture
def suite(shared_data: Path) -> Path:
    return shared_data / "ebcdic" / "AbsaOSS__cobrix"


def _layout(suite: Path, number: str) -> Layout:
    return Layout.of(next(suite.glob(f"test{number}_*.cob")).read_text())


def _json(path: Path) -> list[dict[str, Any]]:
    return [_published(json.loads(line, parse_float=Decimal)) for line in path.read_text().splitlines() if line]


def _published(value: Any) -> Any:
    """As cobrix prints it, without its own columns; numbers by value."""
    if isinstance(value, dict):
        return {name: _published(inner) for name, inner in value.items() if name not in _SPARK}
    if isinstance(value, list):
        return [_published(inner) for inner in value]
    return Decimal(value) if isinstance(value, int) else value


def _ours(value: Any) -> Any:
    """JSON names, nothing where a number could not be read; cobrix's common page knows ASCII, the rest is blank."""
    if isinstance(value, dict):
        return {name.replace("-", "_"): _ours(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_ours(inner) for inner in value]
    if isinstance(value, str):
        return "".join(character if " " <= character <= "~" else " " for character in value.replace("\xad", "-"))
    return value


def _trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _trimmed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_trimmed(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value


def _decoded(layout: Layout, records: Iterator[bytes]) -> list[dict[str, Any]]:
    return [_trimmed(_ours(layout.decode(found, "cp037")[0])) for found in records]


def _by_words(path: Path, rdw: Rdw) -> Iterator[bytes]:
    return (found for _, found in framed(BytesIO(path.read_bytes()), rdw))


def _all_of(text: bytes, size: int) -> Iterator[bytes]:
    return (found for _, found in fixed(BytesIO(text), size))


def test_tables_of_fixed_room_and_redefinitions_decode_as_published(suite: Path) -> None:
    layout = _layout(suite, "1")
    text = (suite / "test1_data/example.bin").read_bytes()
    found = _decoded(layout, _all_of(text, layout.root.size))
    assert found == [_trimmed(row) for row in _json(suite / "test1_expected/test1.txt")]


def test_tables_of_fixed_room_flatten_to_the_published_csv(suite: Path) -> None:
    layout = _layout(suite, "1")
    text = (suite / "test1_data/example.bin").read_bytes()
    with (suite / "test1_expected/test1.csv").open(newline="") as file:
        published = [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]
    found = _decoded(layout, _all_of(text, layout.root.size))
    assert [dict(_flat("RECORD", row)) for row in found] == published


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, found in value.items():
            yield from _flat(f"{name}_{inner}", found)
    elif isinstance(value, list):
        for place, found in enumerate(value, start=1):
            yield from _flat(f"{name}_{place}", found)
    elif str(value):
        yield name, str(value)


@pytest.mark.parametrize("trim", ["", "_trim_both", "_trim_left", "_trim_none", "_trim_right"])
def test_binary_amounts_decode_as_published(suite: Path, trim: str) -> None:
    layout = _layout(suite, "3")
    published = [_trimmed(row) for row in _json(suite / f"test3_expected/test3{trim}.txt")]
    text = (suite / "test3_data/TRAN2.AUG31.DATA.dat").read_bytes()
    found = _decoded(layout, _all_of(text, layout.root.size))
    assert found[: len(published)] == published


def test_a_file_with_head_and_foot_decodes_as_published(suite: Path) -> None:
    """Its records in another order: cobrix sorts them before it prints."""
    layout = _layout(suite, "13a")
    text = (suite / "test13a_data/TRAN2.JUN24.DATA.dat").read_bytes()
    published = _json(suite / "test13_expected/test13a.txt")
    found = _decoded(layout, _all_of(text[10:-12], layout.root.size))
    assert _sorted(found) == _sorted(published)


def test_words_in_big_endian_behind_a_file_header_decode_as_published(suite: Path) -> None:
    path = suite / "test13b_data/COMP.DETAILS.JUN02.DATA.RDW.BE.dat"
    text = path.read_bytes()
    published = _json(suite / "test13_expected/test13b.txt")
    records = (found for _, found in framed(BytesIO(text[100:-120]), BIG))
    assert _decoded(_layout(suite, "13b"), records) == [_trimmed(row) for row in published]


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)


@pytest.mark.parametrize("name", ["test5", "test5a", "test5b"])
def test_words_in_little_endian_decode_as_published(suite: Path, name: str) -> None:
    published = [_trimmed(row) for row in _json(suite / f"test5_expected/{name}.txt")]
    records = _by_words(suite / "test5_data/COMP.DETAILS.SEP30.DATA.dat", LITTLE)
    assert _decoded(_layout(suite, "5"), records)[: len(published)] == published


def test_each_segment_reads_by_the_group_that_is_its_own(suite: Path) -> None:
    published = [_trimmed(row) for row in _json(suite / "test5_expected/test5c.txt")]
    records = _by_words(suite / "test5_data/COMP.DETAILS.SEP30.DATA.dat", LITTLE)
    found = _decoded(_layout(suite, "5"), records)
    for row in found:
        del row["CONTACTS" if row["SEGMENT_ID"] == "C" else "STATIC_DETAILS"]
    assert found[: len(published)] == published


def test_words_that_are_part_of_the_record_decode_as_published(suite: Path) -> None:
    published = [_trimmed(row) for row in _json(suite / "test5_expected/test5d.txt")]
    records = _by_words(suite / "test5_data/COMP.DETAILS.SEP30.DATA.dat", LITTLE)
    layout = _layout(suite, "5")
    found = [{"RECORD_LENGTH": Decimal(len(one)), **_decoded(layout, iter([one]))[0]} for one in records]
    assert found[: len(published)] == published


def test_a_header_of_a_vendors_own_decodes_as_published(suite: Path) -> None:
    """Five bytes before each record: a flag, then the word; records whose flag is not 1 are none."""
    published = [_trimmed(row) for row in _json(suite / "test11_expected/test11.txt")]
    text, at, records = (suite / "test11_data/COMP.DETAILS.MAY30.DATA.dat").read_bytes(), 0, []
    while at < len(text):
        end = at + 5 + LITTLE.halves(text, at + 1)[0]
        if text[at] == 1:
            records.append(text[at + 5 : end])
        at = end
    assert _decoded(_layout(suite, "11"), iter(records))[: len(published)] == published


def test_tables_within_tables_take_the_room_that_they_need(suite: Path) -> None:
    layout, text = _layout(suite, "21"), (suite / "test21_data/data.dat").read_bytes().decode().encode("cp037")
    found = []
    while text:
        row, taken = layout.decode(text, "cp037", is_variable=True)
        found.append({"RECORD": _trimmed(_ours(row))})
        text = text[taken:]
    assert found == _json(suite / "test21_expected/test21.txt")


def test_display_numbers_with_and_without_a_point_are_read(suite: Path) -> None:
    layout = _layout(suite, "19")
    text = (suite / "test19_display_num/data.dat").read_bytes()
    first = _decoded(layout, _all_of(text, layout.root.size))[0]
    assert first["WS_DATE_NUM"] == 20191115
    assert first["WS_AMOUNT_FRACTION"] == Decimal("12134568.76")
    assert "WS_AMOUNT_FRACTION2" not in first  # "789.09" left-justified, where the picture has eleven places


def test_layouts_are_as_long_as_published(suite: Path) -> None:
    for number, size in (("11", 64), ("13a", 45), ("13b", 64), ("5", 64), ("1", 2202), ("15", 2202), ("2", 2202)):
        assert _layout(suite, number).root.size == size
    assert {one.usage for _, _, one in _layout(suite, "3").spans()} == {Usage.TEXT, Usage.DISPLAY, Usage.BINARY}
