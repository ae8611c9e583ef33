"""What a syntax of EN 16931 is, as a value. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from billing_sources.adapter import FieldMap
from billing_sources.canonical import CanonicalInvoice
from billing_sources.readers.xml_parser import Element
from billing_sources.readers.xml_tables import Table


class TaxFigures(NamedTuple):
    """What a document states in its own currency."""

    total: Decimal | None
    breakdown: list[Element]


@dataclass(frozen=True)
class Syntax:
    """Its elements, by Clark name or Clark path, and its tables."""

    name: str
    invoice: str
    credit_note: str  # "" where only the type code tells
    lines: frozenset[str]
    attachment: str  # "" where there is none
    notes: str
    header: Table
    line: Table
    allowance: Table
    allowances: str
    tax: Table
    tax_figures: Callable[[Element, str], TaxFigures]
    repair: Callable[[CanonicalInvoice, dict[str, Any]], None] | None = None  # with what the header's table found
    service_charges: str = ""  # charges that carry no indicator
    holder: str = ""  # parent of the lines where that is not the document
    sub_lines: tuple[str, ...] = ()  # lines nested in a line

    def document_charges(self, document: Element) -> list[Element]:
        """Allowances and charges on the whole document."""
        services = document.findall(self.service_charges) if self.service_charges else []
        return [*document.findall(self.allowances), *services]

    def documents(self) -> frozenset[str]:
        return frozenset({self.invoice, self.credit_note} - {""})


def mapping(*syntaxes: Syntax) -> tuple[FieldMap, ...]:
    """The tables as `describe_source` prints them."""
    return tuple(
        FieldMap(prefix + row.canonical, f"{syntax.name} {row.path}", row.transform)
        for syntax in syntaxes
        for prefix, table in (
            ("", syntax.header),
            ("charge.", syntax.line),
            ("document charge.", syntax.allowance),
            ("tax.", syntax.tax),
        )
        for row in table.rows
    )
