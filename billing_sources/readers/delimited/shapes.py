"""A layout compiled for reading: where each canonical field stands in a record. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from billing_sources.readers.delimited.layout import Column, Layout, Record, Role
from billing_sources.readers.delimited.transforms import transform, without_turning
from billing_sources.readers.delimited.values import Transform, Value
from billing_sources.readers.values import Unreadable

ABSENT = -1
"""Index of a column that a layout does not have: readers append a blank to every record."""

_TERMS = ("charge.source_term", "charge.key", "charge.bucket")


class Cell(NamedTuple):
    """One column that is read."""

    at: int
    canonical: str
    source: str
    read: Transform
    codes: str = ""
    must_be: str = ""


class Sum(NamedTuple):
    """One roll-up column and what it must add up."""

    at: int
    source: str
    read: Transform
    of: str


class ChargeCells(NamedTuple):
    """Where a charge stands in its record."""

    amount: Cell
    account: Cell
    service: Cell
    bucket: Cell
    key: Cell
    description: Cell
    product_code: Cell
    quantity: Cell
    unit: Cell
    unit_price: Cell
    period_start: Cell
    period_end: Cell


class TaxCells(NamedTuple):
    amount: Cell
    account: Cell
    service: Cell
    category: Cell
    base: Cell
    rate_percent: Cell
    jurisdiction: Cell


class UsageCells(NamedTuple):
    amount: Cell
    account: Cell
    service: Cell
    date: Cell
    time: Cell
    key: Cell
    kind: Cell
    other_party: Cell
    quantity: Cell
    unit: Cell


class NodeCells(NamedTuple):
    account: Cell
    service: Cell
    name: Cell
    street: Cell
    city: Cell
    state: Cell
    zip: Cell


class Shape(NamedTuple):
    """A record type. What it has no column for reads as blank."""

    record: Record
    role: str  # plain text: members of an enumeration hash slowly
    width: int
    cells: tuple[Cell, ...]
    sums: tuple[Sum, ...]
    bill: Cell
    terms: tuple[Cell, ...]
    charge: ChargeCells
    tax: TaxCells
    usage: UsageCells
    node: NodeCells


def cell_of(cells: tuple[Cell, ...], canonical: str) -> Cell:
    """The first that fills a field."""
    blank = Cell(ABSENT, canonical, canonical, transform(""))
    return next((cell for cell in cells if cell.canonical == canonical), blank)


@lru_cache(maxsize=16)
def shapes(layout: Layout) -> dict[str, Shape]:
    """By record code. Raises ValueError for a layout that cannot drive a reader."""
    for role in (Role.HEADER, Role.BILL, Role.TRAILER):
        if sum(record.role is role for record in layout.records) != 1:
            raise ValueError(f"{layout.name}: a layout has one record of role {role}")
    return {record.code: _shape(layout, record) for record in layout.records}


def _shape(layout: Layout, record: Record) -> Shape:
    columns = list(enumerate(record.columns, 1))
    cells = tuple(
        Cell(index, column.canonical, record.source(index), _reads(layout, column), column.codes, column.must_be)
        for index, column in columns
        if column.canonical or column.must_be
    )
    sums = tuple(
        Sum(index, record.source(index), transform(without_turning(column.transform)), column.sums)
        for index, column in columns
        if column.sums
    )
    return Shape(
        record,
        record.role.value,
        record.width,
        cells,
        sums,
        bill=cell_of(cells, "bill"),
        terms=tuple(cell for term in _TERMS for cell in cells if cell.canonical == term),
        charge=ChargeCells(*_of(cells, "charge", ChargeCells._fields)),
        tax=TaxCells(*_of(cells, "tax", TaxCells._fields)),
        usage=UsageCells(*_of(cells, "usage", UsageCells._fields)),
        node=NodeCells(*_of(cells, "node", NodeCells._fields)),
    )


def _of(cells: tuple[Cell, ...], prefix: str, fields: tuple[str, ...]) -> list[Cell]:
    return [cell_of(cells, f"{prefix}.{field}") for field in fields]


def _reads(layout: Layout, column: Column) -> Transform:
    if column.transform != "bill type":
        return transform(column.transform)
    types = dict(layout.bill_types)

    def bill_type(text: str) -> Value:
        try:
            return types[text.strip()]
        except KeyError:
            raise Unreadable(f"one of {', '.join(types)}") from None

    return bill_type
