"""A mapping's rows, compiled for reading jBilling's columns. Pure.

A source reads as `table.column`. Several rows of one canonical field are tried in order: the first that is not empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from billing_sources.adapter import FieldMap
from billing_sources.readers.jbilling.values import TRANSFORMS

_FOUND_AT_MOST = 80  # characters of an unreadable text that an issue shows


class Unreadable(ValueError):
    """A column that does not hold what it must."""

    def __init__(self, source: str, expected: str, found: object) -> None:
        super().__init__(f"{source}: {found}")
        self.source, self.expected, self.found = source, expected, str(found)[:_FOUND_AT_MOST]


class Column(NamedTuple):
    source: str
    get: Callable[[Any], Any]
    transform: str
    apply: Callable[[Any], Any]


class Columns:
    """The columns of one kind of row. `prefix` is what their canonical fields begin with: "", "charge.", …

    The rows of the bill itself are read by table and column, those of its lists by column alone.
    """

    def __init__(self, mapping: Iterable[FieldMap], prefix: str) -> None:
        self._fields: dict[str, list[Column]] = {}
        for row in mapping:
            field = row.canonical.removeprefix(prefix)
            if "." not in field and row.canonical == prefix + field:
                path = row.source.partition(".")[2] if prefix else row.source
                column = Column(row.source, attrgetter(path), row.transform, TRANSFORMS[row.transform])
                self._fields.setdefault(field, []).append(column)

    def read(self, row: Any) -> dict[str, Any]:
        """Every field that is stated. Raises `Unreadable`."""
        found = {}
        for field, columns in self._fields.items():
            for source, get, transform, apply in columns:
                stated = get(row)
                if stated is not None and stated != "":
                    try:
                        found[field] = apply(stated)
                    except (ValueError, OverflowError):
                        raise Unreadable(source, transform or "a text", stated) from None
                    break
        return found


class Tables(NamedTuple):
    bill: Columns
    charge: Columns
    tax: Columns
    usage: Columns


@lru_cache(maxsize=8)
def compiled(mapping: tuple[FieldMap, ...]) -> Tables:
    return Tables(*(Columns(mapping, prefix) for prefix in ("", "charge.", "tax.", "usage.")))
