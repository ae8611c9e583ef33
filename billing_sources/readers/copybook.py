"""COBOL copybooks: the layout of a record as the mainframe's own people write it down. Pure.

    Layout.of("01 CHARGE. 05 RATE-CLASS PIC X(4). 05 AMT PIC S9(9)V99 COMP-3.")

Understood: levels, PICTURE, USAGE (DISPLAY, COMP, COMP-3), SIGN SEPARATE, REDEFINES, OCCURS … DEPENDING ON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from billing_sources.readers.pictures import Picture, Usage
from billing_sources.readers.values import Unreadable

_STATEMENT = re.compile(r"\.(?=\s|$)")
_PICTURE = re.compile(r"\bPIC(?:TURE)?\s+(?:IS\s+)?(\S+)(.*)", re.DOTALL)
_OCCURS = re.compile(r"\bOCCURS\s+(?:[0-9]+\s+TO\s+)?([0-9]+)")
_COUNTER = re.compile(r"\bDEPENDING\s+ON\s+(\S+)")
_REDEFINES = re.compile(r"\bREDEFINES\s+(\S+)")


@dataclass
class Field:
    """One entry of a copybook: a group where it has no picture."""

    level: int
    name: str
    picture: Picture | None = None
    occurs: int = 0  # times at most; 0: it is no table
    counter: str = ""  # the field that says how many times it occurs
    redefines: str = ""
    fields: list[Field] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of one occurrence."""
        if self.picture:
            return self.picture.size
        return sum(one.size * max(1, one.occurs) for one in self.fields if not one.redefines)


@dataclass(frozen=True)
class Layout:
    """A record's layout. `root` is the copybook's level 01."""

    root: Field

    @classmethod
    def of(cls, copybook: str) -> Layout:
        """Raises ValueError for a copybook without fields or with a picture that is not understood."""
        written = copybook.rstrip("\x1a\n").upper()  # some copybooks end as files of CP/M did
        lines = (line for line in written.splitlines() if not line.lstrip().startswith("*"))
        found = [_field(text) for text in map(str.split, _STATEMENT.split("\n".join(lines))) if text]
        if not found:
            raise ValueError("a copybook without a field")
        above: list[Field] = [found[0]]
        for one in found[1:]:
            while above[-1].level >= one.level:
                above.pop()
            above[-1].fields.append(one)
            above.append(one)
        return cls(found[0])

    def decode(self, record: bytes, codec: str, is_variable: bool = False) -> tuple[dict[str, Any], int]:
        """The record as nested values, and how many bytes it took.

        Numbers that break their picture are None, as are fields behind the end of a short record; FILLER is left out.
        `is_variable`: a table takes the room of the occurrences that it has, not of all that it may have.
        """
        return _Decoding(record, codec, is_variable).group(self.root, 0)

    def spans(self) -> Iterator[tuple[str, int, Picture]]:
        """(name, offset, picture) of every field of a layout without tables."""
        yield from _spans(self.root, 0)


def _field(words: list[str]) -> Field:
    text = " ".join(words[2:])
    picture = _PICTURE.search(text)
    occurs, counter, redefines = (found.search(text) for found in (_OCCURS, _COUNTER, _REDEFINES))
    return Field(
        int(words[0]),
        words[1],
        Picture.of(picture[1] + _OCCURS.split(picture[2])[0]) if picture else None,
        int(occurs[1]) if occurs else 0,
        counter[1] if counter else "",
        redefines[1] if redefines else "",
    )


def _spans(group: Field, offset: int) -> Iterator[tuple[str, int, Picture]]:
    for one in group.fields:
        if one.picture:
            yield one.name, offset, one.picture
        else:
            yield from _spans(one, offset)
        offset += one.size


class _Decoding:
    """One record while it is decoded."""

    def __init__(self, record: bytes, codec: str, is_variable: bool) -> None:
        self._record, self._codec, self._is_variable = record, codec, is_variable
        self._counts: dict[str, int] = {}

    def group(self, group: Field, offset: int) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        starts: dict[str, int] = {}
        for one in group.fields:
            start = starts[one.name] = starts[one.redefines] if one.redefines else offset
            value, end = self._entry(one, start)
            offset = max(offset, end)
            if one.name != "FILLER":
                values[one.name] = value
        return values, offset

    def _entry(self, one: Field, offset: int) -> tuple[Any, int]:
        if not one.occurs:
            return self._occurrence(one, offset)
        times = min(self._counts.get(one.counter, 0), one.occurs) if one.counter else one.occurs
        found, start = [], offset
        for _ in range(times):
            value, offset = self._occurrence(one, offset)
            found.append(value)
        return found, offset if self._is_variable else start + one.occurs * one.size

    def _occurrence(self, one: Field, offset: int) -> tuple[Any, int]:
        if one.picture is None:
            return self.group(one, offset)
        end = offset + one.picture.size
        value = self._value(one.picture, self._record[offset:end])
        if one.picture.usage is not Usage.TEXT and value is not None:
            self._counts[one.name] = int(value)
        return value, end

    def _value(self, picture: Picture, found: bytes) -> Any:
        if picture.usage is Usage.TEXT:
            return picture.text(found, self._codec)
        try:
            return picture.number(found) if len(found) == picture.size else None
        except Unreadable:
            return None
