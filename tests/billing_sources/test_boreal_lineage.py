"""From a charge back to its element: whatever origin the reader wrote, the element behind it is found."""

from __future__ import annotations

from io import BytesIO

import pytest

from billing_sources.adapter import Excerpt
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice
from tests.billing_sources.boreal_texts import DECLARED, batch, cii, cii_line, read, ubl, ubl_line
from tests.billing_sources.generated import BOREAL_ORDER, written
from tests.billing_sources.pdf_files import pdf

CHARGE = (
    "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator>"
    "<cbc:AllowanceChargeReason>Gebyr</cbc:AllowanceChargeReason><cbc:Amount>9.00</cbc:Amount></cac:AllowanceCharge>"
)
SUB_LINE = ubl_line("3.00").replace("cac:InvoiceLine", "cac:SubInvoiceLine")
LINES = ubl_line("1.00") + ubl_line("2.00", more=SUB_LINE) + ubl_line("2.50")
FILE = (
    DECLARED + batch(ubl(number="A"), ubl(number="B", head=CHARGE, lines=LINES), cii(lines=cii_line("7", "4.00")))
).encode()


def located(content: bytes, origin: str) -> Excerpt:
    assert BOREAL.locate is not None
    return BOREAL.locate(BytesIO(content), origin)


def cells(content: bytes, origin: str) -> dict[str, str]:
    return dict(located(content, origin).cells)


@pytest.mark.parametrize(
    ("origin", "source", "text"),
    [
        ("Invoice[1]", "UBL cbc:ID", "A"),
        ("Invoice[2]", "UBL cbc:ID", "B"),
        ("Invoice[2]/InvoiceLine[1]", "UBL cbc:LineExtensionAmount", "1.00"),
        ("Invoice[2], InvoiceLine[3]", "UBL cbc:LineExtensionAmount", "2.50"),
        ("Invoice[2]/InvoiceLine[2]/SubInvoiceLine[1]", "UBL cbc:LineExtensionAmount", "3.00"),
        ("Invoice[2]/AllowanceCharge[1]", "UBL cbc:Amount", "9.00"),
        (
            "CrossIndustryInvoice[1]/IncludedSupplyChainTradeLineItem[1]",
            "CII ram:AssociatedDocumentLineDocument/ram:LineID",
            "7",
        ),
    ],
)
def test_an_origin_leads_to_its_element(origin, source, text):
    assert cells(FILE, origin)[source] == text


def test_the_cells_are_named_as_the_mapping_names_its_fields():
    sources = {field.source for field in BOREAL.mapping}
    for origin in ("Invoice[2]", "Invoice[2]/InvoiceLine[1]", "Invoice[2]/AllowanceCharge[1]"):
        assert set(cells(FILE, origin)) <= sources


def test_the_text_is_the_element_as_it_stands():
    assert "<cbc:LineExtensionAmount>2.50</cbc:LineExtensionAmount>" in located(FILE, "Invoice[2]/InvoiceLine[3]").text


@pytest.mark.parametrize(
    "origin", ["", "Invoice[9]", "Invoice[2]/InvoiceLine[9]", "Invoice[2]/TaxSubtotal[1]", "line 4"]
)
def test_an_origin_that_leads_nowhere_says_so(origin):
    with pytest.raises(LookupError):
        located(FILE, origin)


def test_a_line_inside_a_pdf_is_found():
    content = pdf((DECLARED + cii(lines=cii_line("1", "5.00") + cii_line("2", "6.00"))).encode())
    origin = "CrossIndustryInvoice[1]/IncludedSupplyChainTradeLineItem[2]"
    assert "6.00" in cells(content, origin).values()


def test_every_charge_of_a_generated_bill_leads_to_its_amount():
    content = written(BOREAL_ORDER)[0]
    bill = [bill for bill in read(content) if isinstance(bill, CanonicalInvoice)][7]
    parts = [(charge.origin, charge.amount) for charge in (*bill.charges[:3], *bill.charges[-2:])]
    for origin, amount in [*parts, *((tax.origin, tax.amount) for tax in bill.taxes)]:
        assert str(abs(amount)) in cells(content, f"{bill.origin}/{origin}").values()
