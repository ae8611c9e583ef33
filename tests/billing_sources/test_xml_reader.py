"""What an XML bill file may do to us: nothing, and it is told why it was refused."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, ControlTotals, Issue
from billing_sources.readers.xml_attachments import without_attachments
from tests.billing_sources.boreal_texts import (
    DECLARED,
    batch,
    cii,
    read,
    read_issue,
    read_one,
    rejection,
    ubl,
    ubl_line,
    ubl_totals,
)

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">'
    '<!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">]>'
)
EXTERNAL = '<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, EXTERNAL, "<!DOCTYPE Invoice>", '<!DOCTYPE a SYSTEM "http://[::1]/a">'])
def test_a_file_with_a_document_type_is_refused_before_an_entity_is_touched(doctype):
    issue = rejection(doctype + ubl(number="&x;"))
    assert issue.rule == "XML-DOCTYPE"
    assert "no document type" in issue.expected


def test_utf_16_that_calls_itself_utf_8_is_refused():
    issue = rejection((DECLARED + ubl()).encode("utf-16"))
    assert (issue.rule, issue.found) == ("XML-ENCODING", "UTF-16")


def test_utf_16_that_says_so_is_read():
    assert read_one((DECLARED.replace("UTF-8", "UTF-16") + ubl(number="Å-1")).encode("utf-16")).number == "Å-1"


def test_utf_8_that_calls_itself_utf_16_is_refused():
    assert rejection((DECLARED.replace("UTF-8", "UTF-16") + ubl()).encode()).rule == "XML-ENCODING"


def test_a_utf_8_mark_before_a_latin_declaration_is_refused():
    assert rejection((DECLARED.replace("UTF-8", "ISO-8859-1") + ubl()).encode("utf-8-sig")).rule == "XML-ENCODING"


def test_a_byte_order_mark_that_agrees_is_no_obstacle():
    assert read_one((DECLARED + ubl(number="Ö-1")).encode("utf-8-sig")).number == "Ö-1"


def test_latin_1_that_says_so_is_read_and_latin_1_in_utf_8_is_refused():
    text = ubl(number="Ö-1")
    assert read_one((DECLARED.replace("UTF-8", "ISO-8859-1") + text).encode("latin-1")).number == "Ö-1"
    assert rejection((DECLARED + text).encode("latin-1")).rule == "XML-SYNTAX"


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_a_file_cut_in_the_middle_is_refused_with_the_place_of_the_cut(share):
    text = (DECLARED + batch(*(ubl(lines=ubl_line() * 50) for _ in range(20)))).encode()
    issue = rejection(text[: int(len(text) * share)])
    assert issue.rule == "XML-SYNTAX"
    assert issue.position.startswith("line 2, column ")


@pytest.mark.parametrize("text", [b"", b"   ", b"ISA*00*", b"\x00\x01\x02\x03", b"{}", b"<"])
def test_what_is_no_xml_is_refused(text):
    assert rejection(text).rule == "XML-SYNTAX"


def test_a_nul_inside_is_refused():
    assert rejection(ubl(number="N\x00").encode()).rule == "XML-SYNTAX"


@pytest.mark.parametrize(
    "root",
    [
        '<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:2p0"/>',
        '<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0"/>',
        "<Invoice/>",
        '<InvoiceBatch xmlns="urn:tributary:invoice-batch:2"/>',
    ],
    ids=["ZUGFeRD of no known version", "Svefaktura envelope", "no namespace", "batch of a later version"],
)
def test_a_root_that_is_no_en_16931_document_is_refused_by_its_name(root):
    issue = rejection(root)
    assert issue.rule == "XML-ROOT"
    assert root.split()[0].strip("<>/").rpartition(":")[2] in issue.found


def test_a_root_that_hides_behind_a_mebibyte_of_comments_is_refused():
    assert rejection("<!-- " + "x" * (2 << 20) + " -->" + ubl()).rule == "XML-ROOT"


def test_ten_megabytes_without_a_line_end_are_read():
    text = ubl(lines=ubl_line() * 50_000)
    assert len(text) > 10_000_000
    assert len(read_one(text).charges) == 50_000


def test_a_single_text_of_ten_megabytes_is_refused():
    assert rejection(ubl(head=f"<cbc:Note>{'x' * 10_000_001}</cbc:Note>")).rule == "XML-SIZE"


def test_elements_nested_without_end_are_refused():
    assert rejection(ubl(head="<cac:Delivery>" * 400 + "</cac:Delivery>" * 400)).rule == "XML-SIZE"


def test_an_embedded_attachment_is_passed_over():
    attachment = (
        "<cac:AdditionalDocumentReference><cbc:ID>P-7</cbc:ID><cbc:DocumentTypeCode>130</cbc:DocumentTypeCode>"
        '<cac:Attachment><cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="calls.csv">'
        f"{('QUJD' * 19 + chr(10)) * 150_000}</cbc:EmbeddedDocumentBinaryObject>"
        "</cac:Attachment></cac:AdditionalDocumentReference>"
    )
    assert len(attachment) > 11_000_000, "more than the parser takes in one text"
    bills = read(batch(ubl(number="A", head=attachment, lines=ubl_line()), ubl(number="B", lines=ubl_line() + "\n")))
    assert [(bill.number, bill.account) for bill in bills if isinstance(bill, CanonicalInvoice)] == [
        ("A", "P-7"),
        ("B", ""),
    ]


@pytest.mark.parametrize("size", range(1, 60))
def test_an_attachment_is_passed_over_wherever_the_file_is_cut(size):
    name = "EmbeddedDocumentBinaryObject"
    text = (
        f'<a><c:{name} mimeCode="x">QUJ\nD==</c:{name}><{name}/>QUJD<x>QUJD</x><c:{name}>QQ==</c:{name}></a>'.encode()
    )
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    kept = text.replace(b"QUJ\nD==", b"\n").replace(b"QQ==", b"")
    assert b"".join(without_attachments(chunks, [f"{{urn:x}}{name}"])) == kept


def test_what_only_looks_like_an_attachment_is_read():
    quoted = (
        "<!-- <cbc:EmbeddedDocumentBinaryObject>QUJD --><cbc:EmbeddedDocumentBinaryObject/><cbc:Note>QUJD</cbc:Note>"
    )
    assert read_one(ubl(head=quoted)).note == "QUJD"


def test_an_attachment_that_is_no_base_64_is_still_bounded():
    attachment = f"<cbc:EmbeddedDocumentBinaryObject>{'-' * 10_000_001}</cbc:EmbeddedDocumentBinaryObject>"
    assert rejection(ubl(head=attachment)).rule == "XML-SIZE"


def test_a_batch_yields_its_bills_of_both_syntaxes_and_its_control_totals():
    first, second, credit, totals = read(batch(ubl(number="A"), cii(number="B"), ubl("CreditNote"), payable="0.00"))
    assert [bill.number for bill in (first, second, credit) if isinstance(bill, CanonicalInvoice)] == ["A", "B", "N-1"]
    assert totals == ControlTotals(bills=3, amount=Decimal("0.00"))


def test_one_malformed_bill_is_an_issue_with_its_number_and_the_others_are_read():
    broken = ubl(number="BAD", lines=ubl_line() + ubl_line("12,50") + ubl_line("x"))
    first, issue, last, totals = read(batch(ubl(number="A"), broken, ubl(number="C")))
    assert isinstance(issue, Issue)
    assert (issue.rule, issue.number, issue.field, issue.found) == ("EN-VALUE", "BAD", "amount", "12,50")
    assert issue.position == "Invoice[2]/InvoiceLine[2]"
    assert isinstance(first, CanonicalInvoice)
    assert isinstance(last, CanonicalInvoice)
    assert isinstance(totals, ControlTotals)


def test_a_bill_without_a_number_goes_by_its_place_in_the_file():
    issue = read(batch(ubl(number="A"), ubl(number=" ")))[1]
    assert isinstance(issue, Issue)
    assert (issue.rule, issue.field, issue.number) == ("EN-MISSING", "number", "Invoice[2]")


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "1e3", "1_000", "12,50", "1.2.3", "١٢", "0x10", "1 000", "9" * 41]
)
def test_an_amount_that_is_no_xml_decimal_is_refused(amount):
    issue = read_issue(ubl(totals=ubl_totals(due=amount)))
    assert (issue.rule, issue.field, issue.number) == ("EN-VALUE", "amount_due", "N-1")
    assert issue.found == amount[:80]


@pytest.mark.parametrize(
    "day", ["2026-02-30", "20260301", "01/03/2026", "2026-W09-1", "2026-03-01T00:00:00", "0000-01-01"]
)
def test_a_date_that_is_none_is_refused(day):
    issue = read_issue(ubl(head=f"<cbc:DueDate>{day}</cbc:DueDate>"))
    assert (issue.rule, issue.field, issue.found) == ("EN-VALUE", "due_on", day)


def test_the_zone_of_a_date_does_not_move_it():
    assert str(read_one(ubl(head="<cbc:DueDate>2026-03-31-11:00</cbc:DueDate>")).due_on) == "2026-03-31"


def test_a_stranger_in_a_batch_is_an_issue_and_not_a_bill():
    found = read(batch(ubl(), '<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', ubl()))
    strays = [part for part in found if isinstance(part, Issue)]
    assert [(stray.rule, stray.position) for stray in strays] == [("XML-STRAY", "Order[1]")]


@pytest.mark.parametrize(
    "trailer",
    [
        "",
        "<ControlTotals/>",
        '<ControlTotals documents="-1" payable="1"/>',
        '<ControlTotals documents="1" payable="x"/>',
    ],
)
def test_a_batch_that_does_not_say_what_it_holds_is_refused(trailer):
    assert rejection(batch(ubl(), trailer=trailer)).rule == "XML-TRAILER"


def test_an_invoice_wrapped_in_an_invoice_is_not_billed():
    invoice = read_one(
        ubl(number="OUTER", lines=ubl_line("100.00") + f"<cac:Wrap>{ubl(lines=ubl_line('5'))}</cac:Wrap>")
    )
    assert invoice.number == "OUTER"
    assert [charge.amount for charge in invoice.charges] == [Decimal("100.00")]


def test_any_prefix_names_the_same_element():
    plain = ubl(lines=ubl_line())
    prefixed = plain.replace("cbc:", "ns1:").replace(":cbc=", ":ns1=").replace("cac:", "ns2:").replace(":cac=", ":ns2=")
    assert read(prefixed) == read(plain)


def test_memory_grows_neither_with_a_batch_nor_with_the_tree_of_a_document():
    for _ in BOREAL.read(_endless(200), BOREAL):
        pass
    before = _resident_kib()
    for _ in BOREAL.read(_endless(2_000), BOREAL):
        assert _resident_kib() - before < 4_000, "the file is 30 MB, its trees ten times that"


def _resident_kib() -> int:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("RESIDENT MEMORY IS NOT MEASURED: this system has no /proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() // 1024


def _endless(documents: int) -> BinaryIO:
    """A batch that exists only while it is read."""

    def chunks() -> Iterator[bytes]:
        opening, closing = (
            batch(ubl(), payable="1").encode().split(b"<Invoice ", 1)[0],
            b'<ControlTotals documents="1" ',
        )
        yield DECLARED.encode() + opening
        document = ubl(lines=ubl_line() * 40).encode()
        for _ in range(documents):
            yield document
        yield closing + b'payable="1"/></InvoiceBatch>'

    return cast(BinaryIO, _Stream(chunks()))


class _Stream(RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int = -1) -> bytes:
        return next(self._chunks, b"")


def test_a_file_is_read_in_pieces_and_never_whole():
    class Counting(BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            piece = super().read(size)
            Counting.largest = max(Counting.largest, len(piece))
            return piece

    text = (DECLARED + ubl(lines=ubl_line() * 2_000)).encode()
    assert len(list(BOREAL.read(Counting(text), BOREAL))) == 1
    assert Counting.largest < len(text) // 2
