"""Run as a script of its own: a workbook on standard input, what stands in its cells on standard output (msgpack).

A workbook can be made to unfold without end, so it is read in a process whose memory and time the operating system
bounds (`payments.workbooks.reading`). Formulas are never computed: a cell has the value that was saved with it, and
where that is none, or comes from another file, the cell is told apart.
"""

from __future__ import annotations

import gc
import io
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

MEMORY_BYTES: Final = 512 << 20
SECONDS: Final = 30
MOST_ROWS, MOST_COLUMNS = 60_000, 64
UNREADABLE: Final = 4
NO_VALUE = "This formula was saved without its value: put the value there."
OTHER_FILE = "This formula reads another file: put the value there."
AN_ERROR = "This cell shows an error: put the value there."
A_PERCENTAGE = "This cell is a percentage: type the amount."
_REFERENCE: Final = re.compile(rb'\sr="([A-Z]{1,3}[0-9]{1,7})"')
_VALUE: Final = re.compile(rb"<(?:\w+:)?(?:v(?: [^>]*)?>[^<]|is>)")
_FORMULAS: Final = (re.compile(rb"<f[ >/]"), re.compile(rb":f[ >/]"))  # with a fixed beginning they are found at once
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s[^>]*>")
_STYLE: Final = re.compile(rb'\ss="([0-9]+)"')
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PERCENT: Final = frozenset(("9", "10"))  # the formats 0% and 0.00%, which every workbook has


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    gc.disable()  # it ends in a moment
    try:
        answer = _read(sys.stdin.buffer.read())
    except Exception as error:  # a library that parses hostile input raises anything
        sys.stderr.write(f"{type(error).__name__}: {error}"[:200])
        return UNREADABLE
    sys.stdout.buffer.write(answer)
    return 0


def _read(body: bytes) -> bytes:
    import msgspec
    from python_calamine import CalamineWorkbook

    marked = dict(_marked(body))
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    sheets = {name: _rows(book.get_sheet_by_name(name)) for name in book.sheet_names}
    return msgspec.msgpack.encode({"sheets": sheets, "marked": marked}, enc_hook=str)


def _rows(sheet: Any) -> list[list[Any]]:
    """From the first row and column on, wherever the first value stands."""
    if sheet.total_height > MOST_ROWS:
        raise ValueError(f"more than {MOST_ROWS:,} rows")
    if sheet.total_width > 4 * MOST_COLUMNS:
        raise ValueError(f"more than {MOST_COLUMNS} columns")
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    return rows


def _marked(body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """By sheet, the cells whose value cannot be taken, and why."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        percent = _percent_styles(book)
        for name, member in _members(book):
            xml = book.read(member)
            yield name, {**_by_formula(xml), **_by_look(xml, percent)}


def _members(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    relations = _parsed(book, "xl/_rels/workbook.xml.rels")
    targets = {each.get("Id", ""): each.get("Target", "") for each in relations}
    names = set(book.namelist())
    for sheet in _parsed(book, "xl/workbook.xml").iter():
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(_RELATION, ""), "").lstrip("/")
            member = target if target.startswith("xl/") else f"xl/{target}"
            if member in names:
                yield sheet.get("name", ""), member


def _parsed(book: zipfile.ZipFile, member: str) -> Any:
    from lxml import etree

    xml = book.read(member)
    if b"<!DOCTYPE" in xml:
        raise ValueError("a document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    return etree.fromstring(xml, parser)


def _by_formula(xml: bytes) -> dict[str, str]:
    found = {}
    for formula in chain.from_iterable(pattern.finditer(xml) for pattern in _FORMULAS):
        start = max(xml.rfind(b"<c ", 0, formula.start()), xml.rfind(b":c ", 0, formula.start()))
        end = xml.find(b"c>", formula.end())
        cell = xml[start:end]
        reference = _REFERENCE.search(cell)
        why = OTHER_FILE if b"[" in cell else "" if _VALUE.search(cell) else NO_VALUE
        if reference and why:
            found[reference[1].decode()] = why
    return found


def _by_look(xml: bytes, percent: frozenset[bytes]) -> dict[str, str]:
    """Errors, and numbers that are shown as percentages."""
    if not percent and b't="e"' not in xml:
        return {}
    found = {}
    for tag in _CELL.finditer(xml):
        reference, style = _REFERENCE.search(tag[0]), _STYLE.search(tag[0])
        why = AN_ERROR if b't="e"' in tag[0] else A_PERCENTAGE if style and style[1] in percent else ""
        if reference and why:
            found[reference[1].decode()] = why
    return found


def _percent_styles(book: zipfile.ZipFile) -> frozenset[bytes]:
    """The numbers of the cell styles that show a percentage."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    styles = _parsed(book, "xl/styles.xml")
    own = {each.get("numFmtId") for each in styles.iter() if "%" in each.get("formatCode", "")}
    cells = next((each for each in styles if each.tag.endswith("}cellXfs")), ())
    shown = enumerate(each.get("numFmtId") for each in cells)
    return frozenset(str(at).encode() for at, number in shown if number in own | _PERCENT)


if __name__ == "__main__":
    sys.exit(main())
