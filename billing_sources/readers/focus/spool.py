"""Rows by key, kept in memory up to a number and beyond that in a temporary file. Pure.

The rows of one invoice may stand anywhere in a cost file. They are collected until its end; memory holds a fixed number
of rows, the index of the file, and the rows of the one key that is being read.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable, Iterator
from tempfile import TemporaryFile
from typing import Generic, TypeVar

Row = tuple[int | str, ...]
"""A line number and the cells that are needed of it."""

ROWS_IN_MEMORY = 20_000

K = TypeVar("K", bound=Hashable)


class Spool(Generic[K]):
    """A context: the temporary file goes with it."""

    def __init__(self, rows_in_memory: int = ROWS_IN_MEMORY) -> None:
        self._limit = rows_in_memory
        self._count = 0
        self._rows: dict[K, list[Row]] = {}
        self._places: dict[K, list[int]] = {}  # of each key, where its parts begin in the file
        self._file = TemporaryFile()  # closed by __exit__

    def __enter__(self) -> Spool[K]:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, key: K, row: Row) -> None:
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = []
            self._places.setdefault(key, [])
        rows.append(row)
        self._count += 1
        if self._count >= self._limit:
            self._spill()

    def groups(self) -> Iterator[tuple[K, list[Row]]]:
        """Each key once, in the order in which they first came, with its rows in theirs."""
        for key, places in self._places.items():
            rows: list[Row] = []
            for place in places:
                self._file.seek(place)
                rows += marshal.load(self._file)  # our own file: nameless, and just written
            yield key, rows + self._rows.pop(key, [])

    def _spill(self) -> None:
        place = self._file.seek(0, 2)
        for key, rows in self._rows.items():
            self._places[key].append(place)
            place += self._file.write(marshal.dumps(rows))
        self._rows.clear()
        self._count = 0
