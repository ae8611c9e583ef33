"""A mapping's rows, compiled for reading X12. Pure.

A source reads as X12 people write it: `BIG02` is element 2 of BIG; `REF02*12` is element 2 of the REF whose first
element is 12; `BAL03*P*PB` asks for both qualifiers. Several rows of one canonical field are tried in their order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from billing_sources.adapter import FieldMap
from billing_sources.readers.x12_values import TRANSFORMS, Transform

_SOURCE = re.compile(r"([A-Z][A-Z0-9]{1,2})([0-9]{2})((?:\*[A-Z0-9]+)*)")


class Rule(NamedTuple):
    """One heading row: where its text stands and what becomes of it."""

    row: int  # its place in the mapping
    field: str
    source: str
    element: int
    transform: str
    apply: Transform


class Table(NamedTuple):
    """`heading`: per tag, how many qualifiers its rows ask for, and the rules by qualifiers ("", "12", "P*PB").

    `elements`: where a detail field stands, by
    tag and field. `qualifiers`: first qualifiers of a detail field, in order of the mapping.
    """

    heading: dict[str, tuple[int, dict[str, tuple[Rule, ...]]]]
    elements: dict[tuple[str, str], int]
    qualifiers: dict[str, tuple[str, ...]]


class ItemShape(NamedTuple):
    """Where IT1 or SLN keep what a charge needs."""

    quantity: int
    unit: int
    price: int
    codes: int  # first product code; the others follow at every second element

    @classmethod
    def of(cls, table: Table, tag: str) -> ItemShape:
        fields = ("charge.quantity", "charge.unit", "charge.unit_price", "charge.product_code")
        return cls(*(table.elements[tag, field] for field in fields))


class AllowanceShape(NamedTuple):
    """Where SAC or ITA keep an allowance or a charge. Element 1 is the indicator in both."""

    code: int
    amount: int
    text: int

    @classmethod
    def of(cls, table: Table, tag: str) -> AllowanceShape:
        fields = ("charge.source_term", "charge.amount", "charge.description")
        return cls(*(table.elements[tag, field] for field in fields))


class Detail(NamedTuple):
    """What reading the lines of a bill asks of a mapping, worked out once a file."""

    items: dict[str, ItemShape]
    allowances: dict[str, AllowanceShape]
    numbers: tuple[str, ...]  # REF qualifiers of an account, top first
    services: tuple[str, ...]  # REF qualifiers of a service
    periods: dict[str, str]  # DTM qualifier → field of a charge

    @classmethod
    def of(cls, table: Table) -> Detail:
        qualifiers = table.qualifiers
        return cls(
            {tag: ItemShape.of(table, tag) for tag in ("IT1", "SLN")},
            {tag: AllowanceShape.of(table, tag) for tag in ("SAC", "ITA")},
            qualifiers["account.external_id"],
            qualifiers["charge.service"],
            dict.fromkeys(qualifiers["charge.period_start"], "period_start")
            | dict.fromkeys(qualifiers["charge.period_end"], "period_end"),
        )


@lru_cache(maxsize=16)
def compiled(mapping: tuple[FieldMap, ...]) -> Table:
    """Raises ValueError or KeyError for a row that cannot drive the reading: a mapping is code and fails at once."""
    table = Table({}, {}, {})
    for number, row in enumerate(mapping):
        tag, element, qualifiers = _parsed(row.source)
        if "." in row.canonical:
            table.elements.setdefault((tag, row.canonical), element)
            table.qualifiers[row.canonical] = table.qualifiers.get(row.canonical, ()) + qualifiers[:1]
        else:
            rule = Rule(number, row.canonical, row.source, element, row.transform, TRANSFORMS[row.transform])
            _add_heading(table, tag, qualifiers, rule)
    return table


def _add_heading(table: Table, tag: str, qualifiers: tuple[str, ...], rule: Rule) -> None:
    count, rules = table.heading.setdefault(tag, (len(qualifiers), {}))
    if count != len(qualifiers):
        raise ValueError(f"{rule.source}: rows of one segment must ask for equally many qualifiers")
    key = "*".join(qualifiers)
    rules[key] = (*rules.get(key, ()), rule)


def _parsed(source: str) -> tuple[str, int, tuple[str, ...]]:
    match = _SOURCE.fullmatch(source)
    if not match:
        raise ValueError(f"not an X12 source: {source}")
    return match[1], int(match[2]), tuple(match[3].split("*")[1:])
