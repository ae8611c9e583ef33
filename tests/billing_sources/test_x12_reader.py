"""X12 segments and envelopes: what a hostile, odd or broken file does to the reader."""

from __future__ import annotations

import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_sources.canonical import FileRejected
from billing_sources.readers.x12 import segments, sought
from billing_sources.readers.x12_envelope import GroupTotals, InterchangeAck, TransactionSet, transaction_sets
from tests.billing_sources.x12_texts import ISA, STATEMENT, interchange, transaction

GOOD = interchange(transaction("811", *STATEMENT))
ODD = GOOD.decode().replace("*", "~~").replace("~\n", "!\r\n  ").replace("~~", "~").replace("P~>", "P~¦")
UMLAUT = interchange(transaction("810", "BIG*20260301*1", "NTE*GEN*Müller", "TDS*1"))


def sets_of(data: bytes) -> list[TransactionSet]:
    return [walked for walked in transaction_sets(BytesIO(data)) if isinstance(walked, TransactionSet)]


def rejection_of(data: bytes) -> str:
    with pytest.raises(FileRejected) as caught:
        list(transaction_sets(BytesIO(data)))
    return caught.value.issue.rule


@pytest.mark.parametrize("end", [1, 40, 150, 400, len(GOOD) // 2, len(GOOD) - 30])
def test_a_file_cut_anywhere_is_rejected_as_a_whole(end: int) -> None:
    assert rejection_of(GOOD[:end]) in {"X12-ISA", "X12-IEA"}


def test_a_file_cut_inside_its_last_control_number_is_rejected() -> None:
    assert rejection_of(GOOD.rstrip()[:-2]) == "X12-IEA02"


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (interchange(transaction("810"), ge="GE*2*7"), "X12-GE01"),
        (interchange(transaction("810"), ge="GE*1*8"), "X12-GE02"),
        (interchange(transaction("810"), ge="GE*one*7"), "X12-GE01"),
        (interchange(transaction("810"), iea="IEA*2*000000037"), "X12-IEA01"),
        (interchange(transaction("810"), iea="IEA*1*000000038"), "X12-IEA02"),
        (interchange(transaction("810"), iea=""), "X12-IEA"),
        (interchange(transaction("810")).replace(b"GE*1*7~\n", b""), "X12-GE"),
        (interchange(transaction("810")).replace(b"ST*810*0001~\n", b"BIG*20260301*1~\n"), "X12-ENVELOPE"),
        (interchange(transaction("810")) + b"HELLO~", "X12-ISA"),
    ],
)
def test_an_envelope_that_does_not_hold_rejects_the_file(broken: bytes, rule: str) -> None:
    assert rejection_of(broken) == rule


@pytest.mark.parametrize(
    "data", [b"", b"  \r\n", b"%PDF-1.7", b"ISA", b"ISA*00*only*four*fields", ISA.encode()[:-1] + b"AB"]
)
def test_what_is_not_x12_is_rejected_at_its_first_line(data: bytes) -> None:
    assert rejection_of(data) == "X12-ISA"


def test_a_nul_byte_rejects_the_file_and_says_where() -> None:
    with pytest.raises(FileRejected) as caught:
        list(segments(BytesIO(GOOD[:200] + b"\0" + GOOD[200:]), chunk_bytes=64))
    assert (caught.value.issue.rule, caught.value.issue.position) == ("X12-NUL", "byte 200")


def test_ten_megabytes_without_a_terminator_are_rejected_before_they_are_held_in_memory() -> None:
    endless = GOOD[:300] + b"x" * 10_000_000
    tracemalloc.start()
    assert rejection_of(endless) == "X12-SEGMENT"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize(("count", "rule"), [(3, "X12-SE01"), (-2, "X12-SE01")])
def test_a_set_that_is_miscounted_is_its_own_fault_and_the_next_is_not(count: int, rule: str) -> None:
    wrong, right = sets_of(
        interchange(
            transaction("810", "BIG*20260301*1", "TDS*1", count=count), transaction("810", "TDS*2", control="0002")
        )
    )
    assert wrong.fault is not None and wrong.fault.rule == rule
    assert right.fault is None


def test_a_set_without_its_trailer_ends_where_the_next_begins() -> None:
    data = interchange(transaction("810", "TDS*1")[:-1], transaction("810", "TDS*2", control="0002"))
    first, second = sets_of(data)
    assert first.fault is not None and first.fault.rule == "X12-SE"
    assert (first.segments, second.segments) == ([["TDS", "1"]], [["TDS", "2"]])


def test_a_trailer_of_another_set_is_a_fault() -> None:
    (only,) = sets_of(interchange([*transaction("810", "TDS*1")[:-1], "SE*3*0099"]))
    assert only.fault is not None and (only.fault.rule, only.fault.expected) == ("X12-SE02", "0001")


def test_delimiters_bom_indentation_and_line_ends_do_not_change_what_is_read() -> None:
    plain = list(segments(BytesIO(GOOD)))
    odd = list(segments(BytesIO(b"\xef\xbb\xbf" + ODD.encode())))
    assert odd[1:] == plain[1:]
    assert odd[0][16] == "¦"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "!\r\n\r\n   ", "\x1c", "§"])
def test_any_character_may_end_a_segment(end: str) -> None:
    assert [s[0] for s in segments(BytesIO(interchange(transaction("810", "TDS*1"), end=end)))] == [
        "ISA", "GS", "ST", "TDS", "SE", "GE", "IEA",
    ]  # fmt: skip


def test_lines_wrapped_at_eighty_columns_are_one_text() -> None:
    flat = GOOD.replace(b"\n", b"")
    wrapped = b"\r\n".join(flat[at : at + 80] for at in range(0, len(flat), 80))
    assert list(segments(BytesIO(wrapped))) == list(segments(BytesIO(flat)))


def test_a_name_in_latin_1_is_read_as_its_sender_meant_it() -> None:
    assert ["NTE", "GEN", "Müller"] in list(segments(BytesIO(UMLAUT.decode().encode("latin-1"))))


def test_interchanges_may_follow_each_other_with_other_delimiters() -> None:
    both = GOOD + b"\r\n" + ODD.encode() + b"\x1a"
    assert [walked.control for walked in sets_of(both)] == ["0001", "0001"]
    totals = [walked.sets for walked in transaction_sets(BytesIO(both)) if isinstance(walked, GroupTotals)]
    assert totals == [1, 1]


def test_an_isa_that_lost_its_padding_still_declares_its_delimiters() -> None:
    short = GOOD.replace(b"          ", b" ").replace(b"TRIBUTARY      *", b"TRIBUTARY*")
    assert len(sets_of(short)) == 1


def test_an_interchange_acknowledgement_stands_outside_groups() -> None:
    data = (ISA + "~TA1*000000037*260301*0230*A*000~IEA*0*000000037~").encode()
    (ack,) = transaction_sets(BytesIO(data))
    assert isinstance(ack, InterchangeAck) and ack.segment[4] == "A"


@given(
    chunk_bytes=st.integers(1, 300), which=st.sampled_from([GOOD, b"\xef\xbb\xbf" + ODD.encode(), UMLAUT, GOOD + GOOD])
)
def test_where_the_stream_is_split_never_changes_what_is_read(chunk_bytes: int, which: bytes) -> None:
    assert list(segments(BytesIO(which), chunk_bytes)) == list(segments(BytesIO(which)))


@given(data=st.binary(max_size=400), behind=st.booleans())
def test_random_bytes_are_read_or_rejected_and_nothing_else(data: bytes, behind: bool) -> None:
    try:
        list(transaction_sets(BytesIO(GOOD[:220] + data if behind else data)))
    except FileRejected as rejected:
        assert rejected.issue.rule.startswith("X12-")


BLANKS = GOOD.replace(b"~\n", b"~ ~\n~ ", 4).replace(b"SE*", b"SE *")


@given(places=st.sets(st.integers(-1, 60)), which=st.sampled_from([GOOD, ODD.encode(), UMLAUT, GOOD + GOOD, BLANKS]))
def test_what_is_sought_is_found_where_it_stands(places: set[int], which: bytes) -> None:
    every = list(enumerate(segments(BytesIO(which)), 1))
    wanted = [(place, segment) for place, segment in every if segment[0] in {"ST", "SE"} or place in places]
    assert list(sought(BytesIO(which), ("ST", "SE"), places)) == wanted


def test_a_text_that_only_begins_like_the_last_segment_does_not_end_an_interchange() -> None:
    odd = GOOD.replace(b"IEA*", b"IEAN*1~IEA*")
    assert [segment[0] for segment in segments(BytesIO(odd + GOOD))].count("IEA") == 2
