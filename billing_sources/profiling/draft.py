"""The first draft of an adapter, from what the columns of a delimited file look like. Pure.

Roles are guessed: the first record is the header, the last the trailer, the bill is the type whose key the others
repeat. What a draft says runs; what it means is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from billing_sources.profiling.columns import Column
from billing_sources.profiling.form import Kind
from billing_sources.profiling.profile import Profile, RecordType

_IMPORTS = """
from collections.abc import Iterator
from typing import BinaryIO

from billing_sources.adapter import Adapter, Parsed, Vocabulary
from billing_sources.readers.compressed import unpacked
from billing_sources.readers.delimited.layout import Column, Layout, Record, Role, mapping
from billing_sources.readers.delimited.reader import read_records
from billing_sources.transports import WatchedFolder
"""
_ADAPTER = """

def _read(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    return read_records(LAYOUT, unpacked(stream), adapter)


NEW = Adapter(
    key="new",
    title="New",
    plays="What kind of system it is, in one sentence.",
    default_currency="USD",
    transport=WatchedFolder("new/out", patterns=("*",)),
    read=_read,
    mapping=mapping(LAYOUT),
    vocabulary=Vocabulary(1, {}),
    level_names=("company", "account"),
)"""


def draft(profile: Profile) -> Iterator[str]:
    """Of a file with several record types a module that runs; of others the rows of a mapping."""
    if profile.form.kind is not Kind.RECORDS:
        yield from _rows(profile)
        return
    yield "\nFirst draft of the adapter (docs/adding-a-source.md §3): every role and field is a guess to correct"
    yield from _IMPORTS.splitlines()
    yield "\nLAYOUT = Layout("
    yield '    name="NEW",'
    yield f"    separator={profile.form.separator!r},"
    yield f"    encoding={profile.form.encoding!r},"
    yield "    records=("
    yield from _records(profile)
    yield "    ),\n)"
    yield from _ADAPTER.splitlines()


def _rows(profile: Profile) -> Iterator[str]:
    yield "\nFirst draft of a mapping: fill in the canonical fields (billing_sources/canonical.py)"
    yield "\nfrom billing_sources.adapter import FieldMap\n\nMAPPING = ("
    for kind in profile.types.values():
        for column in kind.columns.values():
            if column.filled:
                yield f"    FieldMap({''!r}, {f'{kind.name} {column.name}'!r}, {_transform(column)!r}),"
    yield ")"


def _records(profile: Profile) -> Iterator[str]:
    types = list(profile.types.values())
    header, trailer = types[0], profile.types[profile.last]
    between = [kind for kind in types if kind not in (header, trailer)]
    bill, key = _bill(between)
    keys = set(key.values) if key else set()
    for kind in types:
        fields = _fields(kind, kind is bill, keys)
        role = "UNREAD"
        if kind is header:
            role, fields = "HEADER", {}
        elif kind is trailer:
            role, fields = "TRAILER", _control(profile, kind, bill)
        elif kind is bill:
            role = "BILL"
        elif {"bill", "charge.amount"} <= set(fields.values()):
            role = "CHARGE"
        yield from _record(kind, role, fields if role != "UNREAD" else {})


def _bill(types: list[RecordType]) -> tuple[RecordType | None, Column | None]:
    """The type whose key most other types repeat, with that key; without any, the first type."""
    keys = [(kind, column) for kind in types for column in kind.columns.values() if column.is_key or kind.count == 1]
    if not keys:
        return (types[0] if types else None), None
    kind, key = max(keys, key=lambda found: sum(_repeats(other, found[1]) for other in types if other is not found[0]))
    return kind, key


def _repeats(kind: RecordType, key: Column) -> int:
    """By how many of its records a type repeats a key."""
    return kind.count if any(_is_of(column, set(key.values)) for column in kind.columns.values()) else 0


def _is_of(column: Column, keys: set[str]) -> bool:
    return bool(column.values) and column.is_counted_whole and keys.issuperset(column.values)


def _fields(kind: RecordType, is_bill: bool, keys: set[str]) -> dict[str, str]:
    """Column → canonical field."""
    columns = list(kind.columns.values())
    found: dict[str, str] = {}
    for column in columns:
        if "bill" not in found.values() and _is_of(column, keys):
            found[column.name] = "bill"
    money = [column for column in columns if column.is_money]
    if not is_bill:
        words = [
            column for column in columns if not column.is_figure and not column.patterns and column.name not in found
        ]
        if words:
            found[words[-1].name] = "charge.source_term"
        return found | ({money[-1].name: "charge.amount"} if money else {})
    return _of_bill(columns, money)


def _of_bill(columns: list[Column], money: list[Column]) -> dict[str, str]:
    key = next((column for column in columns if column.is_key), columns[0])
    others = [column for column in columns if column is not key and column.filled and not column.is_money]
    days = [column for column in others if column.patterns]
    words = [column for column in others if not column.patterns and len(column.values) > 1]
    found = {key.name: "number"}
    found |= {column.name: field for column, field in zip(words, ("account", "buyer"), strict=False)}
    found |= {column.name: field for column, field in zip(days[:1], ("billed_on",), strict=False)}
    return found | ({money[-1].name: "amount_due"} if money else {})


def _control(profile: Profile, trailer: RecordType, bill: RecordType | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for total in profile.totals:
        if total.type != trailer.name:
            continue
        if total.equals == "records in the file":
            found[total.field] = "control.records"
        elif bill and total.equals == f"records {bill.name}":
            found.setdefault(total.field, "control.bills")
        elif bill and total.equals.startswith(f"sum of {bill.name}."):
            found.setdefault(total.field, "control.amount")
    return found


def _record(kind: RecordType, role: str, fields: dict[str, str]) -> Iterator[str]:
    yield f"        Record({kind.name!r}, {kind.name!r}, Role.{role}, ("
    for column in kind.columns.values():
        field = fields.get(column.name, "")
        transform = "count" if field in ("control.records", "control.bills") else _transform(column) if field else ""
        said = ", ".join(repr(part) for part in (f"column {column.name}", field, transform) if part)
        yield f"            Column({said}),"
    yield "        )),"


def _transform(column: Column) -> str:
    if column.patterns:
        return f"date {next(iter(column.patterns))}"
    return ", ".join(["amount", *column.options()]) if column.is_money else ""
