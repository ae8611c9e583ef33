"""A mapping's rows, compiled for reading X12. Pure.

A source reads as X12 people write it: `BIG02` is element 2 of BIG; `REF02*12` is element 2 of the REF whose first
element is 12; `BAL03*P*PB` asks for both qualifiers. Several rows of one canonical field are tried in their order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from billing_sources.adapter import FieldMap

_SOURCE = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})((?:\*[A-Z0-9]+)*)")


class Rule(NamedTuple):
    """One heading row: where its text stands and what becomes of it."""

    row: int  # its place in the mapping
    canonical: str
    source: str
    element: int
    transform: str


class Table(NamedTuple):
    """`heading`: rules by segment key ("BIG", "REF*12"). `fields`: the same by canonical field, in order of preference.

    `elements`: position of a detail field by tag and field, 0 where the mapping has none.
    `qualifiers`: first qualifiers of a detail field, in order of the mapping.
    """

    heading: dict[str, tuple[Rule, ...]]
    fields: dict[str, tuple[Rule, ...]]
    elements: dict[tuple[str, str], int]
    qualifiers: dict[str, tuple[str, ...]]

    def element(self, tag: str, field: str) -> int:
        return self.elements.get((tag, field), 0)


@lru_cache(maxsize=16)
def compiled(mapping: tuple[FieldMap, ...]) -> Table:
    """Raises ValueError for a source that is not X12 notation: a mapping is code and fails at once."""
    heading: dict[str, tuple[Rule, ...]] = {}
    fields: dict[str, tuple[Rule, ...]] = {}
    elements: dict[tuple[str, str], int] = {}
    qualifiers: dict[str, tuple[str, ...]] = {}
    for index, row in enumerate(mapping):
        tag, element, wanted = _parsed(row.source)
        if "." in row.canonical:
            elements.setdefault((tag, row.canonical), element)
            qualifiers[row.canonical] = qualifiers.get(row.canonical, ()) + wanted[:1]
        else:
            rule = Rule(index, row.canonical, row.source, element, row.transform)
            key = "*".join([tag, *wanted])
            heading[key] = (*heading.get(key, ()), rule)
            fields[row.canonical] = (*fields.get(row.canonical, ()), rule)
    return Table(heading, fields, elements, qualifiers)


def _parsed(source: str) -> tuple[str, int, tuple[str, ...]]:
    match = _SOURCE.fullmatch(source)
    if not match:
        raise ValueError(f"not an X12 source: {source}")
    return match[1], int(match[2]), tuple(match[3].split("*")[1:])
