"""What a delimited file of many record types is, as a value. Pure.

A record type has a role, and a column says which canonical field it fills:

| role | columns may fill |
|---|---|
| HEADER, BILL | any field of `CanonicalInvoice`; BILL must fill `number` and `billed_on` |
| CODES | `code`, `text`: what later columns with `codes` of this record's code mean |
| NODE | `node.account`, `.name`, `.service`, `.street`, `.city`, `.state`, `.zip`; fields of the invoice, added up |
| CHARGE | `charge.…`; `charge.bucket` for roll-ups, `charge.key` to find its usage |
| TAX | `tax.…`, with `tax.service` |
| ENTRY | `entry.amount`: what stands behind a balance |
| USAGE | `usage.…`, `usage.account`, `usage.date`, `usage.time`, `usage.key` |
| TRAILER | `control.records`, `control.bills`, `control.amount` |

`bill` in any of them is the number of the bill it belongs to. Where several columns fill one field, the first that
is not blank counts. A charge's term is `charge.source_term`, else its key, else its bucket.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing_sources.adapter import FieldMap
from billing_sources.canonical import BillType

ALL, REST, TAXES = "all", "rest", "taxes"
"""What a roll-up may sum beside named buckets: charges and taxes; charges in no bucket that a sister names; taxes."""


class Role(StrEnum):
    HEADER = "header"
    CODES = "codes"
    BILL = "bill"
    NODE = "node"
    CHARGE = "charge"
    TAX = "tax"
    ENTRY = "entry"
    USAGE = "usage"
    TRAILER = "trailer"
    UNREAD = "unread"  # known, and of no use to a bill


@dataclass(frozen=True)
class Column:
    """`sums` makes it a roll-up: of a bucket of the charges below it, or of the entries of a record type."""

    name: str
    canonical: str = ""  # "" = not read
    transform: str = ""
    codes: str = ""  # code of the CODES record that explains this column's codes
    sums: str = ""
    must_be: str = ""


@dataclass(frozen=True)
class Record:
    """One record type. The code is its first column and not listed among `columns`."""

    code: str
    title: str
    role: Role
    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        return len(self.columns) + 1

    def source(self, index: int) -> str:
        """A column as the mapping names it; the code is column 1."""
        return f"{self.code}.{index + 1}"


@dataclass(frozen=True)
class Layout:
    """A file: one HEADER, then bills with what belongs to each behind it, then one TRAILER."""

    name: str
    records: tuple[Record, ...]
    separator: str = "|"
    encoding: str = "utf-8"
    usage_bucket: str = ""  # bucket of the charges that usage explains; "" = any
    bill_types: tuple[tuple[str, BillType], ...] = ()  # what the transform `bill type` reads
    level: str = "account"  # what its nodes are called
    top_level: str = "company"


def mapping(layout: Layout) -> tuple[FieldMap, ...]:
    """The layout as `describe_source` prints it."""
    return tuple(
        FieldMap(column.canonical or "(checked)", record.source(index), _said(column))
        for record in layout.records
        for index, column in enumerate(record.columns, 1)
        if column.canonical or column.sums or column.must_be
    )


def _said(column: Column) -> str:
    parts = [column.transform]
    parts += [f"code of {column.codes}"] * bool(column.codes)
    parts += [f"must add up {column.sums}"] * bool(column.sums)
    parts += [f"must be {column.must_be}"] * bool(column.must_be)
    return "; ".join(filter(None, parts))
