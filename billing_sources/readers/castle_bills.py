"""A Castle extract as canonical bills: EBCDIC records behind record descriptor words. Pure. Memory is one bill.

Every 0100 becomes one bill, or one fatal issue that stands for it; what the run's trailer counts can be proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from billing_sources.adapter import Adapter, Cell, Excerpt, Parsed
from billing_sources.canonical import ControlTotals, FileRejected, Issue
from billing_sources.readers.castle_bill import STEPS, Getters, OpenBill, Run
from billing_sources.readers.castle_records import CODEC, RECORDS, Record, kind_of, text_of
from billing_sources.readers.castle_table import BadField
from billing_sources.readers.ebcdic import Rdw, framed
from billing_sources.readers.pictures import Usage
from billing_sources.readers.values import Unreadable

RDW = Rdw()
_KINDS = {kind.encode(CODEC): kind for kind in RECORDS}
_TURNS = frozenset({"0010", "0100", "9990", "9999"})
_HASH_OF = 10**15
_ACCOUNT = RECORDS["0100"].span("ACCT")


def read_bills(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    """Stream the bills of an extract. Raises `FileRejected`, possibly only at the end."""
    run = _run_of(stream)
    stream.seek(0)
    yield from _Reading(adapter, run).parsed(stream)


def read_record(stream: BinaryIO, origin: str) -> Excerpt:
    """The raw record that starts at "byte N", its fields named as the mapping names them. Raises LookupError."""
    offset = origin.rpartition("byte ")[2]
    if not offset.isdigit():
        raise LookupError(f"no position of a record: {origin}")
    stream.seek(int(offset))
    try:
        record = next((found for _, found in framed(stream, RDW)), b"")
    except FileRejected as rejected:
        raise LookupError(f"no record at {origin}") from rejected
    kind = _KINDS.get(record[:4])
    if kind is None:
        raise LookupError(f"no record at {origin}")
    return Excerpt(text_of(record), tuple(_cells(RECORDS[kind], record)))


def _cells(layout: Record, record: bytes) -> Iterator[Cell]:
    for name, (_, picture) in layout.fields.items():
        found = record[layout.span(name)]
        if picture.usage is Usage.TEXT:
            text = picture.text(found, CODEC)
        elif picture.usage is Usage.DISPLAY and not picture.is_signed:
            text = text_of(found)
        else:
            text = _figure(found, layout, name)
        yield Cell(f"{layout.kind} {name}", text)


def _figure(found: bytes, layout: Record, name: str) -> str:
    try:
        return f"{layout.fields[name][1].number(found):f}"
    except Unreadable:
        return f"bytes {found.hex()}"


def _run_of(stream: BinaryIO) -> Run:
    """The run record: the first, or where the extract was not sorted the last. Frames alone are walked to find it."""
    kind = "0010".encode(CODEC)
    for offset, record in framed(stream, RDW):
        if record[:4] == kind:
            return _run(record, offset)
    raise FileRejected(Issue("CAS-0010", "end", "0010", "a run record", "none"))


def _run(record: bytes, offset: int) -> Run:
    _check_size("0010", record, offset)
    layout, text = RECORDS["0010"], text_of(record)
    system, cycle, currency, bills = (
        text[layout.span(name)].strip() for name in ("SYSTEM", "CYCLE", "CCY", "BILL-CNT")
    )
    if not (bills.isascii() and bills.isdigit()):
        raise FileRejected(Issue("CAS-VALUE", f"byte {offset}", "0010 BILL-CNT", "digits", bills))
    return Run(system, cycle.lstrip("0"), currency, int(bills))


def _check_size(kind: str, record: bytes, offset: int) -> None:
    size = RECORDS[kind].size
    if len(record) != size:
        raise FileRejected(Issue("CAS-LENGTH", f"byte {offset}", kind, f"{size} bytes", f"{len(record)}"))


class _Reading:
    """One file while it is read."""

    def __init__(self, adapter: Adapter, run: Run) -> None:
        self._get, self._run = Getters(adapter), run
        self._bill: OpenBill | None = None
        self._refused: Issue | None = None  # why the open bill is one no longer
        self._bills = self._records = self._unclosed = self._hash = 0
        self._trailer: list[Decimal] = []
        self._trailer_at = 0

    def parsed(self, stream: BinaryIO) -> Iterator[Parsed]:
        sizes, kinds = {kind: layout.size for kind, layout in RECORDS.items()}, _KINDS
        for offset, record in framed(stream, RDW):
            self._records += 1
            kind = kinds.get(record[:4], "")
            if kind and sizes[kind] != len(record):
                _check_size(kind, record, offset)
            if kind in _TURNS:
                yield from self._turn(kind, record, offset)
            else:
                self._within(kind, record, offset)
        yield from self._unclosed_bill(self._trailer_at)
        yield self._totals()

    def _turn(self, kind: str, record: bytes, offset: int) -> Iterator[Parsed]:
        """A record that begins or ends something."""
        if kind == "9990":
            yield self._closed(record, offset)
            return
        yield from self._unclosed_bill(offset)
        if kind == "0100":
            self._open(record, offset)
        elif kind == "9999":
            self._end(record, offset)

    def _open(self, record: bytes, offset: int) -> None:
        self._bills += 1
        account = text_of(record[_ACCOUNT])
        self._hash += int("".join(filter(str.isdecimal, account)) or 0)
        try:
            self._bill = OpenBill(record, offset, self._get, self._run)
        except BadField as bad:
            number = text_of(record[RECORDS["0100"].span("BILL-ID")]).strip()
            self._refused = _bad(bad, offset, number, account.strip())

    def _within(self, kind: str, record: bytes, offset: int) -> None:
        if self._refused:
            return
        if self._bill is None:
            raise FileRejected(Issue("CAS-ORDER", f"byte {offset}", "REC-TYPE", "a bill's 0100 first", kind_of(record)))
        step = STEPS.get(kind)
        if step is None:
            found = kind_of(record)
            self._refused = self._bill.issue("CAS-RECORD", f"byte {offset}", "REC-TYPE", "a known record", found)
            return
        self._bill.records += 1
        try:
            step(self._bill, record, offset)
        except BadField as bad:
            self._refused = _bad(bad, offset, self._bill.number, self._bill.invoice.account)

    def _closed(self, record: bytes, offset: int) -> Parsed:
        bill, refused = self._bill, self._refused
        self._bill = self._refused = None
        if refused:
            return refused
        if bill is None:
            raise FileRejected(Issue("CAS-ORDER", f"byte {offset}", "REC-TYPE", "a bill's 0100 first", "9990"))
        try:
            return bill.close(record, offset) or bill.invoice
        except BadField as bad:
            return _bad(bad, offset, bill.number, bill.invoice.account)

    def _unclosed_bill(self, offset: int) -> Iterator[Issue]:
        """The bill that another record interrupts: its end is missing, so it may not be whole."""
        bill, refused = self._bill, self._refused
        self._bill = self._refused = None
        if bill or refused:
            self._unclosed += 1
        if refused:
            yield refused
        elif bill:
            yield bill.issue("CAS-9990", f"byte {offset}", "9990", "the end of the bill", "another record")

    def _end(self, record: bytes, offset: int) -> None:
        layout, digits = RECORDS["9999"], record.hex()
        try:
            self._trailer = [
                layout.fields[name][1].from_hex(digits[layout.span(name, 2)])
                for name in ("BILL-CNT", "REC-CNT", "TOTAL", "HASH")
            ]
        except Unreadable as problem:
            raise FileRejected(
                Issue("CAS-9999", f"byte {offset}", "9999", str(problem), record.hex()[90:])
            ) from problem
        self._trailer_at = offset

    def _totals(self) -> ControlTotals:
        """What the run declares; that its own counts hold is checked here, that the bills do by the proof."""
        if not self._trailer:
            raise FileRejected(Issue("CAS-9999", "end", "9999", "the end of the run", "none"))
        bills, records, total, hashed = self._trailer
        if records not in (self._records, self._records + self._unclosed):
            raise self._rejected("CAS-COUNT", "9999 REC-CNT", self._records, records)
        if hashed != self._hash % _HASH_OF:
            raise self._rejected("CAS-HASH", "9999 HASH", self._hash % _HASH_OF, hashed)
        if self._run.bills not in (0, bills):
            raise self._rejected("CAS-COUNT", "0010 BILL-CNT", int(bills), Decimal(self._run.bills))
        return ControlTotals(bills=int(bills), amount=total, records=int(records))

    def _rejected(self, rule: str, field: str, expected: int, found: Decimal) -> FileRejected:
        return FileRejected(Issue(rule, f"byte {self._trailer_at}", field, f"{expected}", f"{found}"))


def _bad(bad: BadField, offset: int, number: str, account: str) -> Issue:
    return Issue("CAS-VALUE", f"byte {offset}", bad.source, str(bad), bad.found, number, account=account)
