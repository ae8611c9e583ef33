"""Rows by key, kept in memory up to a number and beyond that in a temporary file. Pure.

The rows of one invoice may stand anywhere in a cost file. They are collected until its end; memory holds a fixed number
of rows, the index of the file, and the rows of the one key that is being read.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import BinaryIO, Generic, TypeVar

import msgspec

Row = tuple[int, tuple[str, ...]]
"""A line number and the cells that are needed of it."""

ROWS_IN_MEMORY = 20_000

K = TypeVar("K", bound=Hashable)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class Spool(Generic[K]):
    """Writes into an empty file that is its alone."""

    def __init__(self, file: BinaryIO, rows_in_memory: int = ROWS_IN_MEMORY) -> None:
        self._file, self._limit = file, rows_in_memory
        self._count = 0
        self._rows: dict[K, list[Row]] = {}
        self._parts: dict[K, list[tuple[int, int]]] = {}  # of each key, place and size in the file

    def add(self, key: K, row: Row) -> None:
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = []
            self._parts.setdefault(key, [])
        rows.append(row)
        self._count += 1
        if self._count >= self._limit:
            self._spill()

    def groups(self) -> Iterator[tuple[K, list[Row]]]:
        """Each key once, in the order in which they first came, with its rows in theirs."""
        for key, parts in self._parts.items():
            rows: list[Row] = []
            for place, size in parts:
                self._file.seek(place)
                rows += _decode(self._file.read(size))
            yield key, rows + self._rows.pop(key, [])

    def _spill(self) -> None:
        place = self._file.seek(0, 2)
        for key, rows in self._rows.items():
            size = self._file.write(_encode(rows))
            self._parts[key].append((place, size))
            place += size
        self._rows.clear()
        self._count = 0
