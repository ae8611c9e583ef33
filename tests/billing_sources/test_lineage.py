"""From every charge of every source back to its raw record; and what a page says where there is none."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import combinations
from pathlib import Path

import pytest

from billing_sources.adapter import Cell, Excerpt
from billing_sources.adapters.atlas import ATLAS
from billing_sources.archive import open_bytes
from billing_sources.lineage import excerpt
from billing_sources.lineage.excerpt import NoRecord, excerpt_of
from billing_sources.lineage.fields import CHARGE, TAX, field_rows, pieces
from billing_sources.models import Charge, TaxItem
from billing_sources.registry import ADAPTERS, adapter_for
from portal.tenancy import ingest
from tests.billing_sources.bills import Desk

SAMPLES = Path(__file__).resolve().parents[2] / "billing_sources/samples"
STATEMENT = SAMPLES / "atlas/statement.x12"


# Hostile first.


@pytest.mark.parametrize(
    "origin",
    ["", "segment 0", "segment 4", "segment 99999", "set 0001, segment 2", "set 0001, segment 0", "../../etc/passwd"],
)
def test_an_origin_that_no_reader_wrote_leads_nowhere(origin: str) -> None:
    assert ATLAS.locate is not None
    with STATEMENT.open("rb") as file, pytest.raises(LookupError):
        ATLAS.locate(file, origin)


def test_a_file_that_is_not_in_the_archive_is_said_so(database: str) -> None:
    with pytest.raises(NoRecord, match="not in the archive"):
        excerpt_of(ATLAS, "0" * 64, "set 0001, segment 3", "segment 10")


def test_bytes_that_are_not_what_they_were_are_said_so(desk: Desk) -> None:
    file = desk.take("atlas", STATEMENT)
    broken = Path(open_bytes(file.document.sha256).name)
    broken.chmod(0o644)
    broken.write_bytes(b"\0" * 4096)
    with pytest.raises(NoRecord, match="could not be read again"):
        excerpt_of(ATLAS, file.document.sha256, "set 0001, segment 3", "segment 10")


def test_a_record_too_deep_for_a_page_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.take("atlas", STATEMENT)
    monkeypatch.setattr(excerpt, "PATIENCE_SECONDS", -1.0)
    with pytest.raises(NoRecord, match="does not wait"):
        excerpt_of(ATLAS, file.document.sha256, "set 0001, segment 3", "segment 10")


# Every source.


@pytest.mark.parametrize("key", sorted(ADAPTERS))
def test_every_charge_and_tax_leads_to_a_record_that_states_its_amount(desk: Desk, key: str) -> None:
    adapter, asked = adapter_for(key), 0
    for sample in sorted(path for path in (SAMPLES / key).iterdir() if path.suffix != ".json"):
        file = desk.take(key, sample)
        with ingest():
            charges = Charge.objects.filter(invoice__file=file).exclude(category="rounding")
            taxes = TaxItem.objects.filter(invoice__file=file)
            items: list[Charge | TaxItem] = [*charges.select_related("invoice"), *taxes.select_related("invoice")]
        for item in items:
            found = excerpt_of(adapter, file.document.sha256, item.invoice.position, item.origin)
            assert states(found.cells, item.amount), (sample.name, item.origin, item.amount, found.cells)
            asked += 1
        for invoice in {item.invoice.pk: item.invoice for item in items}.values():
            assert excerpt_of(adapter, file.document.sha256, invoice.position, invoice.position).cells
    assert asked > 3


def states(cells: Iterable[Cell], amount: Decimal) -> bool:
    """Whether a cell says the amount, whatever its sign and point, or two of them multiplied."""
    figures = [figure for cell in cells if (figure := _figure(cell.text)) is not None]
    products = (one * other for one, other in combinations(figures, 2))
    return any(_digits(figure) == _digits(amount) for figure in (*figures, *products))


def _figure(text: str) -> Decimal | None:
    try:
        figure = Decimal(re.sub(r"[()\s,+]|-$", "", text))
    except InvalidOperation:
        return None
    return figure if figure.is_finite() and figure.adjusted() < 15 else None


def _digits(figure: Decimal) -> str:
    """Float noise, which jBilling keeps far behind the point, is off."""
    return "".join(map(str, round(figure, 6).as_tuple().digits)).strip("0")


# What is lit.


def test_what_made_a_charge_is_lit_in_its_text_and_nothing_else_is() -> None:
    assert ATLAS.locate is not None
    with STATEMENT.open("rb") as file:
        found = ATLAS.locate(file, "segment 34")
    rows = field_rows(
        found.cells, ATLAS.mapping, CHARGE, {"amount": "150.75", "source_term": "Monthly Service  Charges"}
    )
    lit = [piece.text for piece in pieces(found.text, rows) if piece.is_lit]
    assert lit == ["Monthly Service  Charges", "250", "M4", "150.75", "2050", "Ethernet access", "2125550123"]
    amount = next(row for row in rows if row.source == "IT104")
    assert [(m.field, m.value) for m in amount.meanings] == [("amount", "150.75")]
    assert "".join(piece.text for piece in pieces(found.text, rows)) == found.text


def test_a_value_that_one_field_states_word_for_word_was_read_from_no_other() -> None:
    cells = [Cell("PID05", "Usage charges"), Cell("PID05", "Long distance")]
    values = {"source_term": "Usage charges", "description": "Long distance"}
    rows = field_rows(cells, ATLAS.mapping, CHARGE, values)
    assert [[meaning.field for meaning in row.meanings] for row in rows] == [["source term"], ["description"]]


def test_a_field_is_lit_behind_the_name_that_the_text_gives_it() -> None:
    text = '<cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>'
    rows = field_rows([Cell("UBL cbc:InvoicedQuantity", "1")], ADAPTERS["boreal"].mapping, CHARGE, {"quantity": "1"})
    before, lit, _ = pieces(text, rows)
    assert before.text.endswith('unitCode="C62">')
    assert (lit.text, lit.is_lit) == ("1", True)


def test_a_tax_billed_as_a_line_is_read_by_the_rules_of_charges() -> None:
    rows = field_rows([Cell("IT104", "4.10")], ATLAS.mapping, TAX, {"amount": "4.10"})
    assert [row.is_lit for row in rows] == [True]


def test_a_figure_is_not_lit_within_a_longer_one() -> None:
    rows = field_rows([Cell("IT104", "5")], ATLAS.mapping, CHARGE, {})
    assert [piece.text for piece in pieces("15 2.5 5.0 x5 5", rows) if piece.is_lit] == ["5"]
    assert pieces("15 2.5 5.0 x5 5", rows)[0].text == "15 2.5 5.0 x5 "


def test_a_source_without_lineage_is_said_so() -> None:
    with pytest.raises(NoRecord, match="cannot be shown yet"):
        excerpt_of(replace(ATLAS, locate=None), "0" * 64, "", "segment 10")


def test_locating_stops_reading_at_the_record() -> None:
    assert ATLAS.locate is not None
    content = STATEMENT.read_bytes()
    stream = io.BytesIO(content + b"\n" + content * 50)
    assert isinstance(ATLAS.locate(stream, "segment 34"), Excerpt)
    assert stream.tell() < len(content) * 50
