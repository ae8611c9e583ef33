"""Reads cloud cost files: one row a charge, invoices found by grouping. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from operator import itemgetter
from tempfile import TemporaryFile
from zlib import crc32

import msgspec

from billing_sources.adapter import Adapter, Cell, Excerpt, Parsed
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.readers.focus.dialects import DIALECTS, FIELDS, KEY, Dialect
from billing_sources.readers.focus.invoice import Key, Terms, build
from billing_sources.readers.focus.spool import Row, Spool
from billing_sources.readers.focus.values import NULLS, first_day, last_day, month_of
from billing_sources.readers.text import Text
from billing_sources.readers.values import Unreadable

_LINE = re.compile(r"line ([0-9]{1,12})")
_LONGEST_NUMBER = 16
_KEYS_REMEMBERED = 1 << 11

KeyOf = Callable[[tuple[str, ...]], Key | Issue]


def read_costs(blocks: Iterable[bytes], adapter: Adapter, days_to_pay: int) -> Iterator[Parsed]:
    """The invoices of a file; of a small one in the order in which their first rows stand in it.

    Its number of rows comes last, for its control file to be held against.
    """
    text = Text(blocks, "utf-8")
    rows = csv.reader(_lines(text), strict=True)
    try:
        header = next(rows, [])
        dialect = recognised(header)
        with TemporaryFile() as file:
            columns, key_of = _Columns(header, dialect), _keys(dialect)
            spool = Spool(file, lambda raw: crc32(key_of(raw).number.encode()))
            _collect(rows, columns, spool)
            terms = Terms(adapter.vocabulary, dialect, columns.seconds)
            count = 0
            for key, of_key in _grouped(spool, key_of):
                count += len(of_key)
                if isinstance(key, Issue):
                    yield msgspec.structs.replace(key, position=f"line {of_key[0][0]}")
                else:
                    yield build(key, of_key, terms, adapter.key, days_to_pay)
            yield ControlTotals(records=count)
    except csv.Error as error:
        raise _rejected("FOCUS-CSV", rows.line_num, "well-formed CSV", str(error)) from None
    yield from text.contradiction()


def locate_row(blocks: Iterable[bytes], origin: str) -> Excerpt:
    """The row behind an origin, its cells named as the mapping names them. Raises LookupError."""
    match = _LINE.search(origin)
    lines = _lines(Text(blocks, "utf-8"))
    skipped = int(match[1]) - 2 if match else -1
    try:
        header = next(csv.reader(lines), [])
        row = next(csv.reader(line for at, line in enumerate(lines) if at >= skipped), None) if skipped >= 0 else None
    except csv.Error as error:
        raise LookupError(f"no row at {origin}") from error
    name = recognised(header).name
    if not row:
        raise LookupError(f"no row at {origin}")
    cells = tuple(Cell(f"{name} {column}", text) for column, text in zip(header, row, strict=False))
    return Excerpt(",".join(row), cells)


def recognised(header: Sequence[str]) -> Dialect:
    """The dialect of a file, by its columns. Raises `FileRejected`."""
    columns = {column.strip().casefold() for column in header}
    for dialect in DIALECTS:
        if columns.issuperset(mark.casefold() for mark in dialect.marks):
            return dialect
    expected = "; or ".join(", ".join(dialect.marks) for dialect in DIALECTS)
    raise _rejected("FOCUS-HEADER", 1, f"the columns {expected}", ", ".join(header)[:200])


def number_of(seller: str, account: str, currency: str, start: str, end: str) -> str:
    """The number of an invoice whose source gives none: the month, and a hash of what makes it that invoice.

    The first 16 hexadecimal digits, in capitals, of the SHA-256 over seller, account, currency and the first and last
    day of the period (ISO), as they stand, in UTF-8 with U+001F between them.
    """
    digest = sha256("\x1f".join((seller, account, currency, start, end)).encode()).hexdigest()
    return f"{start[:7].replace('-', '')}-{digest[:_LONGEST_NUMBER].upper()}"


class _Columns:
    """Where the fields of a dialect stand in the rows of one file.

    `cells` picks the first column of every field, then the second of those that have one: `seconds` says which.
    """

    def __init__(self, header: Sequence[str], dialect: Dialect) -> None:
        self.dialect = dialect
        self.width = len(header)
        self._places: dict[str, int] = {}
        names = [column.strip().casefold() for column in header]
        for column in (column for columns in dialect.columns.values() for column in columns):
            if names.count(column.casefold()) > 1:
                raise _rejected("FOCUS-HEADER", 1, f"{column} once", "twice")
            if column.casefold() in names:
                self._places[column] = names.index(column.casefold())
        self.key = itemgetter(*(self._place(field, 0) for field in KEY))
        seconds = [(at, self._place(field, 1)) for at, field in enumerate(FIELDS)]
        self.seconds = tuple(at for at, place in seconds if place < self.width)
        places = [self._place(field, 0) for field in FIELDS] + [place for _, place in seconds if place < self.width]
        self.cells = itemgetter(*places)

    def _place(self, field: str, nth: int) -> int:
        """Of a field's columns that the file has, the first or the second; the blank behind the row where none."""
        there = [self._places[column] for column in self.dialect.columns.get(field, ()) if column in self._places]
        return there[nth] if nth < len(there) else self.width


def _lines(text: Text) -> Iterator[str]:
    return chain.from_iterable(io.StringIO(block, newline="\n") for block in text)


def _collect(rows: Iterator[list[str]], columns: _Columns, spool: Spool) -> None:
    """A row that is not as wide as the header could belong to any invoice, so none of them can be trusted."""
    width, key_of, cells_of, add = columns.width, columns.key, columns.cells, spool.add
    line = 2
    for row in rows:
        if len(row) != width:
            if row:
                raise _rejected("FOCUS-ROW", line, f"{width} columns", f"{len(row)}")
        else:
            row.append("")
            add(key_of(row), (line, cells_of(row)))
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _grouped(spool: Spool, key_of: KeyOf) -> Iterator[tuple[Key | Issue, list[Row]]]:
    """Invoice by invoice, its rows in their order. Several spellings of a period are one."""
    for part in spool.parts():
        groups: dict[Key | Issue, list[Row]] = {}
        for raw, rows in part.items():
            groups.setdefault(key_of(raw), []).extend(rows)
        for key, rows in groups.items():
            rows.sort(key=itemgetter(0))
            yield key, rows


def _keys(dialect: Dialect) -> KeyOf:
    """Of the cells of a key: the invoice, or the issue that stands for one whose period cannot be read."""

    @lru_cache(maxsize=_KEYS_REMEMBERED)
    def key_of(raw: tuple[str, ...]) -> Key | Issue:
        seller, account, currency, start, end = ("" if text.strip() in NULLS else text.strip() for text in raw)
        seller, currency = seller or dialect.seller, currency.upper()
        field, text = "period_start", start
        try:
            first = first_day(start)
            field, text = "period_end", end
            last = last_day(end, dialect.is_end_exclusive)
        except Unreadable as unreadable:
            source = f"{dialect.name} {dialect.columns[field][0]}"
            return Issue("FOCUS-VALUE", "", source, str(unreadable), text[:80], number_of(*raw))
        if dialect.is_monthly:
            first, last = month_of(first)
        return Key(number_of(seller, account, currency, f"{first}", f"{last}"), seller, account, currency, first, last)

    return key_of


def _rejected(rule: str, line: int, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue(rule, f"line {line}", "row", expected, found[:200]))
