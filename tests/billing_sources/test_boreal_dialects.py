"""National dialects: what each writes differently, on samples of our own and on every real document."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import billing_sources
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, FileRejected
from billing_sources.checks import check
from billing_sources.normalize import normalize
from tests.billing_sources.boreal_texts import read, read_one, ubl, ubl_line, ubl_totals

SAMPLES = Path(billing_sources.__file__).parent / "samples" / "boreal"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL = pytest.mark.skipif(not DATA.exists(), reason=f"THE REAL FILES ARE MISSING: {DATA} is not there")


def fatal(invoice: CanonicalInvoice) -> set[str]:
    return {issue.rule for issue in check(normalize(invoice, BOREAL)) if issue.is_fatal}


def oioubl(customization: str, tax_exclusive: str) -> str:
    head = f"<cbc:CustomizationID>{customization}</cbc:CustomizationID><cbc:BuyerReference>B-1</cbc:BuyerReference>"
    tax = "<cac:TaxTotal><cbc:TaxAmount>25.00</cbc:TaxAmount></cac:TaxTotal>"
    totals = ubl_totals().replace("<cbc:TaxExclusiveAmount>100.00", f"<cbc:TaxExclusiveAmount>{tax_exclusive}")
    return ubl(head=head + tax, totals=totals, lines=ubl_line())


def test_oioubl_writes_the_tax_where_the_total_without_tax_belongs():
    invoice = read_one(oioubl("OIOUBL-2.02", "25.00"))
    assert invoice.tax_excluded is None
    assert fatal(invoice) == set()
    assert invoice.tax_excluded == 100


def test_oioubl_that_states_the_total_without_tax_is_believed():
    assert read_one(oioubl("OIOUBL-2.1", "100.00")).tax_excluded == 100


def test_nobody_else_may_write_the_tax_there():
    assert fatal(read_one(oioubl("urn:cen.eu:en16931:2017", "25.00"))) == {"BR-CO-13", "BR-CO-15"}


def test_oioubl_that_does_not_add_up_is_held():
    assert fatal(read_one(oioubl("OIOUBL-2.02", "25.00").replace("125.00", "126.00", 1))) == {"BR-CO-15", "BR-CO-16"}


def test_the_total_of_svefaktura_is_rounded_and_its_allowances_add_up():
    invoice = read_one((SAMPLES / "svefaktura.xml").read_bytes())
    assert fatal(invoice) == set()
    assert (invoice.allowance_total, invoice.charge_total) == (Decimal("50.00"), 0)
    assert (invoice.tax_included, invoice.rounding, invoice.amount_due) == (
        Decimal("1738.06"),
        Decimal("-0.06"),
        Decimal("1738.00"),
    )
    assert [str(charge.unit_price) for charge in invoice.charges if charge.scope == "line"] == [
        "995.00",
        "0.90",
        "74.65",
    ]


def test_svefaktura_that_does_not_add_up_is_held():
    text = (SAMPLES / "svefaktura.xml").read_text().replace("1738.00", "1739.00")
    assert fatal(read_one(text.encode())) == {"BR-CO-16"}


def test_a_reference_of_two_buyers_without_identifiers_is_not_one_account():
    text = (SAMPLES / "svefaktura.xml").read_text().replace("<cac:ID>7350040119822</cac:ID>", "<cac:ID/>")
    reference = "<RequisitionistDocumentReference><cac:ID>50</cac:ID></RequisitionistDocumentReference></Invoice>"
    first = text.replace("</Invoice>", reference)
    second = first.replace("Harlow Freight Nordic AB", "Someone Else AB")
    assert read_one(first.encode()).account == "Harlow Freight Nordic AB/50"
    assert read_one(second.encode()).account == "Someone Else AB/50"


def real_dialects() -> list[Path]:
    folders = ("ubl-national/**/*svefaktura*/**", "ubl-national/**/*oioubl*/**", "ubl-national/**/*simpler*/**")
    migrated = [*DATA.glob("facturx-xml/**/ZUGFeRD1*.xml"), *DATA.glob("facturx-xml/**/validV1.xml")]
    return sorted([path for folder in folders for path in DATA.glob(f"{folder}/*.xml")] + migrated)


@REAL
def test_every_real_dialect_is_read_and_adds_up_or_is_refused_as_no_invoice():
    bills = 0
    for path in real_dialects():
        try:
            (found,) = read(path.read_bytes())
        except FileRejected as error:
            assert error.issue.rule == "XML-ROOT"
            assert "nvoice" not in path.name, path
            continue
        assert isinstance(found, CanonicalInvoice), path
        assert fatal(found) <= ({"BR-CO-10"} if "values_wrong" in path.name else set()), path
        bills += 1
    assert bills > 60
