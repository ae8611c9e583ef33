"""The rows of a filter as CSV or xlsx, sent while they are read: memory does not grow with them.

Invoice numbers, accounts and tags come from outside, so no cell of text is ever a formula (invariants §5.6): CSV
cells that could be one get an apostrophe, in xlsx every text is stored as text. Amounts stay numbers in both.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

from payments.invoices.columns import COUNT, MONEY, REASON, STATE, TAGS, TO_PAY, Column, columns_of
from payments.invoices.filters import GROUPINGS, InvoiceFilter, read_amount
from payments.invoices.grouping import group_lines
from payments.invoices.listing import facts_of, totals_of
from payments.invoices.queries import matching, visible_to
from payments.invoices.rows import InvoiceFacts, reason_words, state_of
from portal.actor import Actor
from portal.money import ZERO, round_to
from portal.tenancy import acting

Cell = str | Decimal

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_CHUNK: Final = 64 * 1024
_TOLD_EVERY: Final = 5_000  # rows
_GROUP_HEADS: Final = (
    ("Currency", 9),
    ("Invoices", 10),
    ("Billed", 15),
    ("Open", 15),
    ("In pay runs", 15),
    ("Of which credits", 15),
)


Told = Callable[[int], None]  # how many rows are written


@dataclass(frozen=True)
class _Table:
    """What is written: each column's head and width, and the rows."""

    heads: Sequence[tuple[str, int]]
    rows: Iterator[list[Cell]]


def csv_of(actor: Actor, chosen: InvoiceFilter, today: date, told: Told = lambda done: None) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, or spreadsheets misread it. `told` hears how far it is."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    table = _table(actor, chosen, today)
    writer.writerow([label for label, _ in table.heads])
    for row in _counted(table.rows, told):
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
        if buffer.tell() >= _CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def xlsx_of(
    actor: Actor, chosen: InvoiceFilter, today: date, told: Told = lambda done: None, about: Sequence[str] = ()
) -> Iterator[bytes]:
    """A sheet of rows, its head frozen and filterable, and one that says what they are: the lines of `about`."""
    table = _table(actor, chosen, today)
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, part in _PARTS.items():
            book.writestr(name, part)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for xml in _sheet(table.heads, _counted(table.rows, told)):
                sheet.write(xml.encode())
                yield from sink.take()
        lines = "".join(f"<row>{_text(line)}</row>" for line in about or (f"As of {today}",))
        book.writestr("xl/worksheets/sheet2.xml", _ABOUT.format(lines=lines))
    yield from sink.take(everything=True)


def _table(actor: Actor, chosen: InvoiceFilter, today: date) -> _Table:
    """What the page shows: invoices, or the groups that they are gathered into."""
    if chosen.by:
        return _Table([(GROUPINGS[chosen.by], 34), *_GROUP_HEADS], _groups(actor, chosen, today))
    columns = columns_of(chosen.columns, shows_currency=True)
    return _Table([(column.label, column.width) for column in columns], _rows(actor, chosen, columns, today))


def _counted(rows: Iterable[list[Cell]], told: Told) -> Iterator[list[Cell]]:
    for done, row in enumerate(rows):
        if done and not done % _TOLD_EVERY:
            told(done)
        yield row


def _groups(actor: Actor, chosen: InvoiceFilter, today: date) -> Iterator[list[Cell]]:
    with acting(actor, read_only=True):
        visible = visible_to(actor)
        for line in group_lines(actor, visible, chosen, totals_of(visible & matching(chosen, today)), today):
            figures = (line.count, line.billed, line.open, line.held, line.credits)
            yield [line.name, line.currency, *(read_amount(figure) or ZERO for figure in figures)]


def _rows(actor: Actor, chosen: InvoiceFilter, columns: Sequence[Column], today: date) -> Iterator[list[Cell]]:
    """In a transaction of their own: the answer is sent after the page's has ended."""
    with acting(actor, read_only=True):
        for facts in facts_of(visible_to(actor), chosen, today):
            yield [_cell(facts, column, today) for column in columns]


def _cell(facts: InvoiceFacts, column: Column, today: date) -> Cell:
    value = column.read(facts)
    if column.kind in (MONEY, TO_PAY):
        return "" if value is None else round_to(value, facts.currency)
    if column.kind == REASON:
        return reason_words(facts.reason, facts.note)
    if column.kind == STATE:
        return state_of(facts, today)[0]
    if column.kind == TAGS:
        return ", ".join(value)
    return Decimal(value) if column.kind == COUNT else str(value or "")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _sheet(heads: Sequence[tuple[str, int]], rows: Iterable[list[Cell]]) -> Iterator[str]:
    widths = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>'
        for place, (_, width) in enumerate(heads, start=1)
    )
    titles = "".join(_text(label, bold=True) for label, _ in heads)
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{widths}</cols><sheetData><row>{titles}</row>"
    )
    for row in rows:
        yield f"<row>{''.join(_text(cell) if isinstance(cell, str) else _number(cell) for cell in row)}</row>"
    yield f'</sheetData><autoFilter ref="A:{get_column_letter(len(heads))}"/></worksheet>'


def _text(text: str, *, bold: bool = False) -> str:
    clean = escape(ILLEGAL_CHARACTERS_RE.sub("", text))
    style = ' s="1"' if bold else ""
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{clean}</t></is></c>'


def _number(amount: Decimal) -> str:
    return f'<c s="2"><v>{amount:f}</v></c>' if amount.as_tuple().exponent else f'<c s="3"><v>{amount:f}</v></c>'


class _Sink(io.RawIOBase):
    """What the archive writes to, given on as it comes; it cannot be wound back."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self.pieces.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def take(self, *, everything: bool = False) -> Iterator[bytes]:
        if self.waiting >= _CHUNK or (everything and self.pieces):
            yield b"".join(self.pieces)
            self.pieces.clear()
            self.waiting = 0


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_ABOUT: Final = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{{lines}}</sheetData></worksheet>'
_PARTS: Final = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="book" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Invoices" sheetId="1" r:id="sheet"/><sheet name="About" sheetId="2" r:id="about"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="sheet" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="about" Type="{_OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf fontId="1" applyFont="1"/><xf numFmtId="4" applyNumberFormat="1"/><xf numFmtId="3" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
