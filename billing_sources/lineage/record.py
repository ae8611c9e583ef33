"""A charge, a tax or a bill, and the raw record that it was read from: what a page shows of it.

What is asked for comes from our own rows, never from a visitor; whether the visitor may see the bill is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from billing_sources.adapter import Adapter, Cell, Excerpt
from billing_sources.lineage.excerpt import NoRecord, excerpt_of
from billing_sources.lineage.fields import BILL, CHARGE, NO_TEXT, TAX, FieldRow, Piece, field_rows, pieces, readable
from billing_sources.models import AccountLink, Charge, Invoice, TaxItem
from billing_sources.normalize import RESIDUE
from billing_sources.registry import UnknownSystem, adapter_for
from billing_sources.staff.figures import exact, instant, money

TEXT_SHOWN: Final = 20_000  # characters of the text, and of all fields together
FIELDS_SHOWN: Final = 400
_PLAIN_NUMBERS: Final = ("quantity", "rate_percent")


class Source(NamedTuple):
    """The file a bill was read from, and the version of the vocabulary that read it."""

    name: str
    sha256: str
    received_at: datetime
    vocabulary_version: int


@dataclass(frozen=True)
class RecordPage:
    """`silence` says why there is no record; text and fields are empty then."""

    title: str
    amount: str
    meaning: str
    number: str
    system: str
    provenance: tuple[tuple[str, str], ...]
    sha256: str
    silence: str
    pieces: tuple[Piece, ...]
    is_cut: bool
    has_no_text: bool
    rows: tuple[FieldRow, ...]  # what it was read from
    others: tuple[FieldRow, ...]
    back_url: str


def record_page(invoice: Invoice, item: Charge | TaxItem | None, source: Source, back_url: str) -> RecordPage:
    """`item` is a charge or tax of the invoice; None: the bill itself. The invoice comes with its system."""
    origin = item.origin if item else invoice.position
    adapter, excerpt, silence = _found(invoice, item, source, origin)
    text = readable(excerpt.text)
    kind = CHARGE if isinstance(item, Charge) else TAX if item else BILL
    cells = _as_many_as_shown(excerpt.cells)
    rows = field_rows(cells, adapter.mapping if adapter else (), kind, _values(invoice, item))
    return RecordPage(
        title=_title(invoice, item),
        amount=money(item.amount if item else invoice.amount_due, invoice.currency),
        meaning=_meaning(invoice, item, source),
        number=invoice.number,
        system=invoice.system.name,
        provenance=_provenance(invoice, source, origin),
        sha256=source.sha256,
        silence=silence,
        pieces=pieces(text[:TEXT_SHOWN], rows),
        is_cut=len(text) > TEXT_SHOWN or cells != excerpt.cells,
        has_no_text=NO_TEXT in text and NO_TEXT not in excerpt.text,
        rows=tuple(row for row in rows if row.is_lit),
        others=tuple(row for row in rows if not row.is_lit),
        back_url=back_url,
    )


def taxes_in_order(invoice: Invoice) -> QuerySet[TaxItem]:
    """As pages list them; a tax is asked for by its place among them, from 1."""
    return TaxItem.objects.filter(invoice=invoice).order_by("-is_included", "pk")


def _found(
    invoice: Invoice, item: Charge | TaxItem | None, source: Source, origin: str
) -> tuple[Adapter | None, Excerpt, str]:
    """The adapter, the record, and why there is none."""
    nothing = Excerpt("", ())
    if isinstance(item, Charge) and item.source_term == RESIDUE:
        return None, nothing, "No record says this: it is what rounding the bill to its currency left."
    if not origin:
        return None, nothing, "Where this was read was not kept."
    try:
        adapter = adapter_for(invoice.system.key)
    except UnknownSystem:
        return None, nothing, f"{invoice.system.name} is not read any more, so its records cannot be shown."
    try:
        return adapter, excerpt_of(adapter, source.sha256, invoice.position, origin), ""
    except NoRecord as reason:
        return adapter, nothing, str(reason)


def _as_many_as_shown(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    room, shown = TEXT_SHOWN, []
    for cell in cells[:FIELDS_SHOWN]:
        if room <= 0:
            break
        shown.append(Cell(cell.source, cell.text[:room]))
        room -= len(cell.text)
    return tuple(shown)


def _title(invoice: Invoice, item: Charge | TaxItem | None) -> str:
    if isinstance(item, Charge):
        return item.description or item.source_term or f"Charge {item.position}"
    if item:
        return " · ".join(part for part in (item.category, item.jurisdiction) if part) or "Tax"
    return f"Bill {invoice.number}"


def _meaning(invoice: Invoice, item: Charge | TaxItem | None, source: Source) -> str:
    system = invoice.system.name
    if not isinstance(item, Charge):
        return f"A tax on {invoice.number} of {system}" if item else f"What the bill says of itself, sent by {system}"
    word = item.category.replace("_", " ")
    by = f"by vocabulary version {source.vocabulary_version}"
    if not item.is_mapped:
        return f"Billed as “{item.source_term}” by {system}, which vocabulary version {source.vocabulary_version} lacks"
    return f"Billed as “{item.source_term}” by {system}, our word {word}, {by}"


def _provenance(invoice: Invoice, source: Source, origin: str) -> tuple[tuple[str, str], ...]:
    return (
        ("File", source.name),
        ("Received", instant(source.received_at)),
        ("Position", origin or "not kept"),
        ("Bill", invoice.position if origin != invoice.position else ""),
        ("Read with", f"mapping {invoice.mapping_version}, vocabulary {source.vocabulary_version}"),
    )


def _values(invoice: Invoice, item: Charge | TaxItem | None) -> dict[str, str]:
    """What we keep, by canonical field."""
    kept: Any = item or invoice
    values = {field.name: _shown(field.name, getattr(kept, field.attname)) for field in kept._meta.concrete_fields}
    if item is None:
        values |= {name: _shown(name, value) for name, value in invoice.parties.items() if isinstance(value, str)}
    if not isinstance(item, TaxItem):
        values["account"] = _account(kept.account_link_id)
    return values


def _account(link: int | None) -> str:
    """As the billing system knows it; "" where it is not linked to this visitor's customer."""
    found = AccountLink.objects.filter(pk=link or 0).values_list("external_id", flat=True).first()
    return found or ""


def _shown(name: str, value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if name in _PLAIN_NUMBERS else exact(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
