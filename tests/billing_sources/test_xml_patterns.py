"""A line read by a pattern is the line that a parser reads: whatever the file, nobody can tell the difference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_sources.adapter import Parsed
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, FileRejected, Issue
from billing_sources.readers import xml_patterns
from billing_sources.readers.en16931.cii import CII
from billing_sources.readers.en16931.reader import shape_of
from billing_sources.readers.en16931.ubl import UBL
from billing_sources.readers.xml import stream_parts
from billing_sources.readers.xml_patterns import Known
from tests.billing_sources.boreal_texts import DECLARED, batch, cii, cii_line, read_one, ubl, ubl_line
from tests.billing_sources.generated import BOREAL_ORDER, written

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


class Pieces(BytesIO):
    """A file that comes in pieces of one size, so that tags and letters are cut anywhere."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._size)


def read(content: bytes, piece: int = 1 << 16) -> list[Parsed] | Issue:
    try:
        return list(BOREAL.read(Pieces(content, piece), BOREAL))
    except FileRejected as error:
        return error.issue


@pytest.fixture
def parsed(monkeypatch):
    """Reads without patterns."""

    def without_patterns(content: bytes, piece: int = 1 << 16) -> list[Parsed] | Issue:
        with monkeypatch.context() as patch:
            patch.setattr(xml_patterns, "MOST_PATTERNS", 0)
            return read(content, piece)

    return without_patterns


def known_lines(content: bytes) -> int:
    return sum(isinstance(part, Known) for part in stream_parts(BytesIO(content), shape_of(UBL, CII)))


def test_all_lines_but_the_first_of_their_kind_are_read_by_a_pattern():
    text = (DECLARED + batch(*(ubl(lines=ubl_line() * 30) for _ in range(5)))).encode()
    assert known_lines(text) == 5 * 29
    text = (DECLARED + batch(*(cii(lines=cii_line("1", "5") * 30) for _ in range(5)))).encode()
    assert known_lines(text) == 5 * 29


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_other_encodings_are_left_to_the_parser(encoding):
    text = (DECLARED.replace("UTF-8", encoding) + ubl(lines=ubl_line(name="Förbrukning") * 3)).encode(encoding)
    assert known_lines(text) == 0
    assert [charge.source_term for charge in read_one(text).charges] == ["Förbrukning"] * 3


def test_a_generated_month_is_read_the_same(parsed):
    content = written(BOREAL_ORDER)[0]
    assert known_lines(content) > 100
    assert read(content) == parsed(content)


def real_documents() -> Iterator[bytes]:
    """Every real document thrice in a batch: the second time its lines are known."""
    for path in sorted(DATA.glob("*/**/*.xml")):
        content = path.read_bytes()
        start = re.search(rb"<(?:[\w.-]+:)?(?:Invoice|CreditNote|CrossIndustryInvoice)[\s>]", content)
        if start and b"encoding" not in content[: start.start()].lower().replace(b'encoding="utf-8"', b""):
            yield (DECLARED + batch(*[content[start.start() :].decode()] * 3)).encode()


@pytest.mark.skipif(not DATA.exists(), reason=f"THE REAL FILES ARE MISSING: {DATA} is not there")
def test_every_real_document_is_read_the_same(parsed):
    documents = known = 0
    for content in real_documents():
        assert read(content) == parsed(content)
        documents += 1
        try:
            known += known_lines(content)
        except FileRejected:
            continue
    assert (documents, known) > (300, 1_000)


TEXTS = st.one_of(
    st.text("0159.-+ \t\n\r<>&;]'\"aÅ名\x00\x0b\ufffe\uffff\U0001f600", max_size=6),
    st.sampled_from(
        ["&amp;", "&#65;", "&x;", "<![CDATA[7]]>", "<!-- 1 -->", "<?a?>", "]]>", "<cbc:ID/>", "</cac:InvoiceLine>"]
    ),
)
SPLICES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 3), TEXTS), max_size=3)
LINES = ubl_line(more="<cbc:AccountingCost>Gävle</cbc:AccountingCost>") + ubl_line("7.00") + ubl_line(name="Samtal")
PLAIN = DECLARED + batch(ubl(number="A", lines=LINES * 2), ubl(number="B", lines=LINES + "\n" + LINES))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(splices=SPLICES, piece=st.sampled_from([7, 300, 1 << 16]))
def test_whatever_is_done_to_a_file_it_is_read_the_same(parsed, splices, piece):
    text = PLAIN
    for place, length, new in splices:
        at = place % len(text)
        text = text[:at] + new + text[at + length :]
    content = text.encode()
    assert_same(content, parsed(content, piece), piece)


def assert_same(content: bytes, expected: list[Parsed] | Issue, piece: int = 1 << 16) -> None:
    """Of a file that is refused, the reason and the line; its columns are counted without the lines passed over."""
    found = read(content, piece)
    if isinstance(expected, Issue) and isinstance(found, Issue):
        assert (found.rule, found.position.split(",")[0]) == (expected.rule, expected.position.split(",")[0])
    else:
        assert found == expected


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_whatever_a_line_says_it_is_read_the_same(parsed, texts):
    lines = "".join(ubl_line(name=text) + ubl_line(amount=text) for text in texts)
    content = (DECLARED + batch(ubl(lines=LINES + lines + LINES))).encode()
    assert_same(content, parsed(content))


def hidden(text: str) -> list[str]:
    return [f"<!-- {text} -->", f"<cbc:Note><![CDATA[{text}]]></cbc:Note>", f"<?note {text} ?>"]


@pytest.mark.parametrize("shape", ["<cac:InvoiceLine/>{}", "{}", "<cac:Wrap>{}</cac:Wrap>"])
@pytest.mark.parametrize("kind", range(4))
def test_a_line_that_is_only_quoted_is_not_billed(shape, kind, parsed):
    """Its text is that of a known line, and it stands where a line could begin."""
    quoted = [*hidden(ubl_line() * 3), f"<cac:Other>{ubl_line() * 3}</cac:Other>"][kind]
    content = (DECLARED + batch(ubl(lines=ubl_line() * 3), ubl(lines=ubl_line() + shape.format(quoted)))).encode()
    assert read(content) == parsed(content)
    found = read(content)
    assert isinstance(found, list)
    assert [len(bill.charges) for bill in found if isinstance(bill, CanonicalInvoice)] in ([3, 1], [3])


def test_a_prefix_that_means_something_else_in_the_next_document_is_not_taken_for_the_first(parsed):
    first, second = ubl(lines=ubl_line() * 3), ubl(lines=ubl_line() * 3).replace("CommonBasicComponents-2", "Other-2")
    second = second.replace("<cbc:ID>N-1", f'<i:ID xmlns:i="{_BASIC}">B').replace("N-1</cbc:ID>", "N-2</i:ID>")
    content = (DECLARED + batch(first, second)).encode()
    assert read(content) == parsed(content)


_BASIC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"


def test_a_text_that_a_predicate_tests_is_no_free_text(parsed):
    def line(code: str) -> str:
        reference = f"<cbc:ID>0765</cbc:ID><cbc:DocumentTypeCode>{code}</cbc:DocumentTypeCode>"
        return ubl_line(more=f"<cac:DocumentReference>{reference}</cac:DocumentReference>")

    content = (DECLARED + ubl(lines=line("130") + line("130") + line("916") + line("130"))).encode()
    assert [charge.service for charge in read_one(content).charges] == ["0765", "0765", "", "0765"]
    assert read(content) == parsed(content)


def test_the_place_of_an_error_behind_known_lines_is_told_by_its_line():
    text = DECLARED + ubl(lines=(ubl_line() + "\n") * 40 + "<oops>")
    found = read(text.encode())
    assert isinstance(found, Issue)
    assert (found.rule, found.position.split(",")[0]) == ("XML-SYNTAX", "line 42")


def test_markup_that_varies_without_end_teaches_only_so_much(parsed):
    lines = "".join(ubl_line(more=f"<cbc:X{number}>1</cbc:X{number}>") for number in range(300))
    content = (DECLARED + ubl(lines=lines + lines)).encode()
    assert 0 < known_lines(content) <= xml_patterns.MOST_PATTERNS
    assert read(content) == parsed(content)
