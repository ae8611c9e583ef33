"""Rows by key, kept in memory up to a number and beyond that in a temporary file. Pure.

The rows of one invoice may stand anywhere in a cost file. They are collected until its end, each key in one of many
parts; then one part at a time is brought back. Memory holds a fixed number of rows, or one part, whatever their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

Key = tuple[str, ...]
Row = tuple[int, tuple[str, ...]]
"""A line number and the cells that are needed of it."""
Rows = dict[Key, list[Row]]

ROWS_IN_MEMORY = 20_000
PARTS = 256

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, int, list[tuple[Key, list[Row]]]]).decode
_NOWHERE = (0, 0)


class Spool:
    """Writes into an empty file that is its alone. `number_of` says which part a key belongs to, modulo their count."""

    def __init__(self, file: BinaryIO, number_of: Callable[[Key], int], rows_in_memory: int = ROWS_IN_MEMORY) -> None:
        self._file, self._number_of, self._limit = file, number_of, rows_in_memory
        self._count = 0
        self._rows: Rows = {}
        # Place and size of each part's newest block; a block begins with those of the one before it
        self._newest = [_NOWHERE] * PARTS

    def add(self, key: Key, row: Row) -> None:
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = []
        rows.append(row)
        self._count += 1
        if self._count >= self._limit:
            self._spill()

    def parts(self) -> Iterator[Rows]:
        """Each key in one of them, its rows in any order; what never left memory is one part, in its order."""
        if not any(size for _, size in self._newest):
            yield self._rows
            return
        self._spill()
        for place, size in self._newest:
            part: Rows = {}
            for key, rows in self._brought_back(place, size):
                part.setdefault(key, []).extend(rows)
            yield part

    def _brought_back(self, place: int, size: int) -> Iterator[tuple[Key, list[Row]]]:
        """What a part holds, newest first."""
        while size:
            self._file.seek(place)
            place, size, found = _decode(self._file.read(size))
            yield from found

    def _spill(self) -> None:
        by_part: dict[int, list[tuple[Key, list[Row]]]] = {}
        for key, rows in self._rows.items():
            by_part.setdefault(self._number_of(key) % PARTS, []).append((key, rows))
        place = self._file.seek(0, 2)
        for part, found in by_part.items():
            size = self._file.write(_encode((*self._newest[part], found)))
            self._newest[part] = place, size
            place += size
        self._rows.clear()
        self._count = 0
