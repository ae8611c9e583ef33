"""The mapping of a Castle source, compiled to slices of its records. Pure.

A row says `1700 AMT`, record and field. A whole record is decoded and turned to hexadecimal once; each field is then
a slice, so that no object is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from billing_sources.adapter import FieldMap
from billing_sources.readers.castle_records import RECORDS
from billing_sources.readers.pictures import Picture, Usage, packed
from billing_sources.readers.values import Unreadable

Texts = Callable[[str], tuple[str, ...]]
"""From a record's text: its fields, in the order asked for, blanks and all."""
Numbers = Callable[[str], list[Decimal]]
"""From a record's hexadecimal text. Raises `BadField`."""


class BadField(Unreadable):
    """A field breaks its picture. Carries what was expected, `source` the field and `found` its bytes."""

    def __init__(self, expected: str, source: str, found: str) -> None:
        super().__init__(expected)
        self.source, self.found = source, found


class Table:
    """Field of the canonical model and record → field of the record."""

    def __init__(self, mapping: Iterable[FieldMap]) -> None:
        self._names: dict[tuple[str, str], str] = {}
        for row in mapping:
            kind, _, name = row.source.partition(" ")
            self._names[kind, row.canonical] = name

    def texts(self, kind: str, *canonical: str) -> Texts:
        return _getter([RECORDS[kind].span(self._names[kind, field]) for field in canonical])

    def numbers(self, kind: str, *canonical: str) -> Numbers:
        names = [self._names[kind, field] for field in canonical]
        record = RECORDS[kind]
        slices = _getter([record.span(name, 2) for name in names])
        pictures = [record.fields[name][1] for name in names]
        read = _packed(pictures) if all(one.usage is Usage.PACKED for one in pictures) else _any(pictures)

        def numbers(digits: str) -> list[Decimal]:
            fields = slices(digits)
            try:
                return read(fields)
            except Unreadable:
                raise _first_bad(kind, names, pictures, fields) from None

        return numbers

    def source(self, kind: str, canonical: str) -> str:
        """As the mapping writes it."""
        return f"{kind} {self._names[kind, canonical]}"


def _getter(slices: list[slice]) -> Texts:
    """itemgetter gives a tuple only for two items and more."""
    if len(slices) == 1:
        return lambda text: (text[slices[0]],)
    many: Any = itemgetter(*slices)
    getter: Texts = many
    return getter


def _packed(pictures: list[Picture]) -> Callable[[tuple[str, ...]], list[Decimal]]:
    scales = [picture.scale for picture in pictures]
    return lambda fields: list(map(packed, fields, scales))


def _any(pictures: list[Picture]) -> Callable[[tuple[str, ...]], list[Decimal]]:
    return lambda fields: [picture.from_hex(field) for picture, field in zip(pictures, fields, strict=True)]


def _first_bad(kind: str, names: list[str], pictures: list[Picture], fields: tuple[str, ...]) -> BadField:
    for name, picture, field in zip(names, pictures, fields, strict=True):
        try:
            picture.from_hex(field)
        except Unreadable as problem:
            return BadField(str(problem), f"{kind} {name}", f"bytes {field}")
    raise AssertionError("every field can be read")
