"""Workbooks that were made to hurt, and those that other programs save: judged before anything is unfolded."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from openpyxl import Workbook as Book

from payments.domain.refusals import Refused
from payments.domain.round_trip.cells import Formula
from payments.workbooks.reading import LARGEST_BYTES, read_workbook, sheets_of
from tests.payments.workbooks import bytes_of

PLAIN = '<c r="A1"><v>1</v></c>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def archive(cells: str = PLAIN, extra: Mapping[str, bytes] | None = None, styles: str = "") -> bytes:
    """A workbook of one sheet written by hand: what any program could have saved."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType='
        f'"application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" Type='
        f'"{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{office}"><sheets>'
        '<sheet name="Lines" sheetId="1" r:id="s"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="s" Type='
        f'"{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">{cells}</row></sheetData>'
        "</worksheet>",
        **({"xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'} if styles else {}),
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
        for name, body in (extra or {}).items():
            book.writestr(name, body)
    return written.getvalue()


def read(body: bytes) -> list[list[object]]:
    return next(iter(sheets_of(read_workbook(body)).values()))


def test_a_plain_workbook_is_read() -> None:
    assert read(archive()) == [[1.0]]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "empty"),
        (b"x" * (LARGEST_BYTES + 1), "larger"),
        (b"\xd0\xcf\x11\xe0 the old .xls", "no Excel workbook"),
        (b"invoice,amount\nA-1,5\n", "no Excel workbook"),
        (archive()[:-30], "no Excel workbook"),
        (archive(extra={"xl/bomb.xml": b"0" * (70 << 20)}), "too large"),
        (archive(extra={"xl/dense.xml": b"0" * (9 << 20)}), "denser"),
        (archive(extra={f"xl/part{n}.xml": b"x" for n in range(200)}), "too many parts"),
        (archive(extra={"xl/inner.zip": archive()}), "other archives"),
        (archive(extra={"xl/vbaProject.bin": b"macro"}), "macros"),
        (archive(extra={"xl/embeddings/object1.bin": b"x"}), "macros"),
        (archive(extra={"xl/WORKBOOK.xml": b"twice"}), "no Excel workbook"),
        (archive('<c r="A1"><v>1</v>'), "cannot be read"),
        (archive('<c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c>'), "far below"),
    ],
)
def test_what_is_no_workbook_or_made_to_hurt_is_refused_in_words(body: bytes, word: str) -> None:
    with pytest.raises(Refused, match=word):
        read_workbook(body)


def test_a_document_type_is_refused() -> None:
    lies = '<!DOCTYPE x [<!ENTITY a "aaaa">]><styleSheet/>'
    with pytest.raises(Refused, match="cannot be read"):
        read_workbook(archive(extra={"xl/styles.xml": lies.encode()}))


def test_a_formula_is_taken_for_the_value_that_was_saved_with_it() -> None:
    assert read(archive('<c r="A1"><f>2*6</f><v>12</v></c>')) == [[12.0]]


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ('<c r="A1"><f>2*6</f></c>', "saved without its value"),
        ('<c r="A1"><f>2*6</f><v></v></c>', "saved without its value"),
        ('<c r="A1" t="e"><f>VLOOKUP(1,B:C,2)</f><v>#N/A</v></c>', "error"),
        ('<c t="e" r="A1"><v>#REF!</v></c>', "error"),
        ('<c r="A1"><f>[1]Sheet1!$A$1</f><v>5</v></c>', "another file"),
        ('<c r="A1"><f t="shared" ref="A1:A2" si="0">[1]S!A1</f><v>5</v></c>', "another file"),
    ],
)
def test_a_formula_without_a_value_of_its_own_is_refused_in_its_cell(cell: str, word: str) -> None:
    (found, after), *_ = read(archive(f'{cell}<c r="B1"><v>7</v></c>'))
    assert isinstance(found, Formula)
    assert word in found.why
    assert after == 7.0


def test_a_percentage_is_told_apart_from_an_amount() -> None:
    styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="9"/></cellXfs>'
    (percent, amount), *_ = read(archive('<c r="A1" s="1"><v>0.5</v></c><c r="B1" s="0"><v>5</v></c>', styles=styles))
    assert isinstance(percent, Formula)
    assert amount == 5.0


def test_a_hidden_row_is_read_like_any_other() -> None:
    book = Book()
    sheet = book.create_sheet("Lines", 0)
    sheet.append(["shown"])
    sheet.append(["hidden"])
    sheet.row_dimensions[2].hidden = True
    assert read(bytes_of(book)) == [["shown"], ["hidden"]]
