"""The profile of a file: its form, its record types in order of appearance, what could be a total. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from billing_sources.canonical import FileRejected
from billing_sources.profiling.columns import Allowance, Column
from billing_sources.profiling.form import HEAD_BYTES, Form, Kind, NoProfile, guess
from billing_sources.profiling.records import Record, records
from billing_sources.profiling.values import figure
from billing_sources.readers.compressed import unpacked

MOST_TYPES, MOST_COLUMNS = 400, 4_000
FURTHER = "(further types)"


class RecordType:
    """All records of one type."""

    def __init__(self, name: str, first_at: int) -> None:
        self.name, self.first_at = name, first_at
        self.count = 0
        self.lengths: Counter[int] = Counter()
        self.widths: Counter[int] = Counter()
        self.columns: dict[str, Column] = {}


class Total(NamedTuple):
    """A number of a record that stands once, and what in the file it equals."""

    type: str
    field: str
    text: str
    equals: str


class Profile(NamedTuple):
    form: Form
    records: int
    types: dict[str, RecordType]
    last: str  # type of the last record
    totals: list[Total]


def profile(opener: Callable[[], BinaryIO], encoding: str = "", separator: str = "") -> Profile:
    """Reads the file once, after a look at its beginning. Raises `NoProfile` with the reason, and OSError."""
    with opener() as stream:
        form = guess(_head(stream), encoding, separator)
    allowance, room = Allowance(), MOST_COLUMNS
    types: dict[str, RecordType] = {}
    last, count = "", 0
    with opener() as stream:
        for count, record in enumerate(records(stream, form), 1):
            name = record.type if record.type in types or len(types) < MOST_TYPES else FURTHER
            kind = types.setdefault(name, RecordType(name, count))
            room -= _count(kind, record, allowance, room)
            last = kind.name
    return Profile(form, count, types, last, list(_totals(_declaring(types, last, form), types, count)))


def _head(stream: BinaryIO) -> bytes:
    head = b""
    try:
        for block in unpacked(stream):
            head += block
            if len(head) >= HEAD_BYTES:
                break
    except FileRejected as rejected:
        raise NoProfile(str(rejected)) from rejected
    return head[:HEAD_BYTES]


def _count(kind: RecordType, record: Record, allowance: Allowance, room: int) -> int:
    """How many columns were new."""
    kind.count += 1
    kind.lengths[record.size] += 1
    kind.widths[len(record.fields)] += 1
    before = len(kind.columns)
    for name, text in record.fields:
        column = kind.columns.get(name)
        if column is None:
            if len(kind.columns) - before >= room:
                continue
            column = kind.columns[name] = Column(name, allowance)
        column.add(text)
    return len(kind.columns) - before


def _declaring(types: dict[str, RecordType], last: str, form: Form) -> list[RecordType]:
    """The records that may speak of the whole file: of a file of lines the first and the last, else any alone."""
    alone = [kind for kind in types.values() if kind.count == 1]
    if form.kind not in (Kind.RECORDS, Kind.FIXED):
        return alone
    return [kind for kind in alone if kind.first_at == 1 or kind.name == last]


def _totals(declaring: list[RecordType], types: dict[str, RecordType], count: int) -> Iterator[Total]:
    """Numbers that equal a count, or the sum of a column elsewhere."""
    known = list(_known(types, count))
    for kind in declaring:
        for column in kind.columns.values():
            found = figure(column.first)
            for value, type, what in known:
                if found and found.value and value == found.value and type != kind.name:
                    yield Total(kind.name, column.name, column.first, what)


def _known(types: dict[str, RecordType], count: int) -> Iterator[tuple[Decimal, str, str]]:
    """(value, record type, what it is)."""
    yield Decimal(count), "", "records in the file"
    for kind in types.values():
        if kind.count > 1:
            yield Decimal(kind.count), kind.name, f"records {kind.name}"
        for column in kind.columns.values():
            if column.is_money and (kind.count > 1 or column.has_decimals):
                yield column.total, kind.name, f"sum of {kind.name}.{column.name}"
