"""Boreal on real files: an independent reading of every header, both syntaxes of one invoice, the published cases."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import BillType, CanonicalInvoice, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from tests.billing_sources.boreal_texts import (
    cii,
    read,
    read_one,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ORACLE = DATA / "_oracles_train" / "en16931_headers.csv"
MONEY = {
    "line_total": "line_total",
    "allowance_total": "allowance_total",
    "charge_total": "charge_total",
    "tax_exclusive": "tax_excluded",
    "tax_total": "tax",
    "tax_inclusive": "tax_included",
    "prepaid": "prepaid",
    "rounding": "rounding",
    "payable": "amount_due",
}
REAL = pytest.mark.skipif(not ORACLE.exists(), reason=f"THE REAL FILES ARE MISSING: {ORACLE} is not there")


def real(path: str | Path) -> CanonicalInvoice:
    return read_one((DATA / path).read_bytes())


def expected_headers() -> list[dict[str, str]]:
    if not ORACLE.exists():
        return []
    with ORACLE.open(newline="") as file:
        return list(csv.DictReader(file))


# The independent reading of every real file.


@REAL
@pytest.mark.parametrize("expected", expected_headers(), ids=lambda row: Path(row["file"]).name)
def test_the_header_of_a_real_document_is_what_an_independent_reader_saw(expected):
    invoice = real(expected["file"])
    sign = -1 if invoice.bill_type is BillType.CREDIT_NOTE else 1
    assert {
        "id": invoice.number,
        "type_code": invoice.type_code,
        "issue_date": str(invoice.billed_on),
        "due_date": str(invoice.due_on or ""),
        "currency": invoice.currency,
        "lines": str(sum(charge.scope == "line" and "/" not in charge.origin for charge in invoice.charges)),
        "payment_ref": invoice.payment_reference,
        "preceding": invoice.preceding,
    } == {
        **{name: expected[name] for name in ("id", "type_code", "due_date", "currency", "lines")},
        **{name: expected[name] for name in ("payment_ref", "preceding")},
        "issue_date": expected["issue_date"][:10],
    }
    figures = {name: getattr(invoice, field) for name, field in MONEY.items()}
    stated = {name: Decimal(expected[name]) if expected[name] else None for name in MONEY}
    if "OIOUBL" in expected["file"].upper() and stated["tax_exclusive"] == stated["tax_total"]:
        stated["tax_exclusive"] = None  # OIOUBL writes the tax there, and states the total without tax nowhere
    assert {name: figure if figure is None else sign * figure for name, figure in figures.items()} == stated


@REAL
@pytest.mark.parametrize("expected", expected_headers(), ids=lambda row: Path(row["file"]).name)
def test_a_real_document_is_held_only_where_its_own_figures_contradict_each_other(expected):
    held = {issue.rule for issue in check(normalize(real(expected["file"]), BOREAL)) if issue.is_fatal}
    is_in_two_currencies = expected["file"].endswith("PaymentRequest-example-2.xml")
    of_dialect = {"BR-CO-13", "BR-CO-15"} if "OIOUBL" in expected["file"].upper() else set()
    assert held == ({"EN-CURRENCY"} if is_in_two_currencies else set(expected["flags"].split()) - of_dialect)


@REAL
def test_every_xml_file_at_hand_is_read_or_refused_with_a_reason():
    folders = ("ubl-*", "cii-*", "xrechnung", "peppol-*", "facturx-xml", "iso20022", "espi", "schemas")
    paths = [path for folder in folders for path in DATA.glob(f"{folder}/**/*.xml")]
    assert len(paths) > 300
    for path in paths:
        try:
            assert read(path.read_bytes())
        except FileRejected as error:
            assert error.issue.rule == "XML-ROOT", path


# One invoice, two syntaxes.


def twins() -> list[tuple[Path, Path]]:
    pairs = [
        (path, path.with_name(path.name.replace("_ubl", "_uncefact"))) for path in DATA.glob("xrechnung/**/*_ubl.xml")
    ]
    corpus = DATA.glob("facturx-xml/ZUGFeRD__corpus/**/UBL/*.ubl.xml")
    pairs += [(path, path.parents[1] / "CII" / path.name.replace(".ubl.", ".cii.")) for path in corpus]
    return [(first, second) for first, second in sorted(pairs) if second.exists()]


@REAL
def test_both_suites_publish_their_cases_in_two_syntaxes():
    assert len(twins()) >= 35


@REAL
@pytest.mark.parametrize("pair", twins(), ids=lambda pair: pair[0].name)
def test_an_invoice_is_the_same_in_ubl_and_in_cii(pair):
    """Except where the two files themselves say different things:

    - An optional total that is zero is left out of one file and written in the other.
    - The four `comprehensive_test` files exchange the buyer's name (BT-44) and trading name (BT-45), and
      `01.02_comprehensive_test` names its two bank accounts in the opposite order.
    """
    first, second = (comparable(real(path)) for path in pair)
    if "comprehensive_test" in pair[0].name:
        for bill in (first, second):
            bill["buyer"] = bill["accounts"] = bill["remit_to"] = None
    assert first == second


def comparable(invoice: CanonicalInvoice) -> dict[str, object]:
    bill: dict[str, object] = msgspec.to_builtins(invoice)
    for part in [bill, *invoice_parts(bill, "charges"), *invoice_parts(bill, "taxes")]:
        del part["origin"]
    for name in ("allowance_total", "charge_total", "prepaid", "rounding"):
        bill[name] = getattr(invoice, name) or Decimal(0)
    return {name: numeric(value) for name, value in bill.items()}


def invoice_parts(bill: dict[str, object], name: str) -> list[dict[str, object]]:
    parts = bill[name]
    assert isinstance(parts, list)
    return parts


def numeric(value: object) -> object:
    """With amounts compared by value: 473 is 473.00."""
    if isinstance(value, list):
        return [numeric(item) for item in value]
    if isinstance(value, dict):
        return {name: numeric(item) for name, item in value.items()}
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            return value
    return value


# The published cases per rule.


def published_cases() -> list[tuple[str, str, bytes]]:
    """(rule, "success" or "error", document): fragments, completed by what every bill must have."""
    rules = ("BR-CO-10", "BR-CO-13", "BR-CO-15", "BR-CO-15-2", "BR-CO-16")
    found = []
    for path in sorted(path for rule in rules for path in DATA.glob(f"*/**/{rule}.xml")):
        for test in etree.parse(path).getroot().iterfind("{*}test"):
            verdict = next(
                element for element in test.iterfind("{*}assert/*") if element.text and "BR-" in element.text
            )
            document = next(child for child in test if not str(child.tag).endswith("}assert"))
            found.append((verdict.text or "", etree.QName(verdict).localname, completed(document)))
    return found


def completed(document: etree._Element) -> bytes:
    text = etree.tostring(document, encoding="unicode")
    start = text.index(">", text.index("xmlns")) + 1
    if "CrossIndustryInvoice" in text[:200]:
        head = cii()
        exchanged = head[head.index("<r:ExchangedDocument>") : head.index("<r:SupplyChain")]
        namespaces = head[head.index("xmlns:r") : head.index("><r:Exch")]
        return (
            text[:start]
            + exchanged.replace("<r:ExchangedDocument>", f"<r:ExchangedDocument {namespaces}>")
            + text[start:]
        ).encode()
    currency = "" if "DocumentCurrencyCode" in text else "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    return (
        f"{text[:start]}<cbc:ID>U-1</cbc:ID><cbc:IssueDate>2026-03-01</cbc:IssueDate>{currency}{text[start:]}".encode()
    )


@REAL
@pytest.mark.parametrize("case", published_cases(), ids=lambda case: f"{case[0]} {case[1]}")
def test_a_published_case_of_an_arithmetic_rule_gets_its_published_verdict(case):
    rule, verdict, document = case
    (found,) = read(document)
    if isinstance(found, Issue):
        assert found.rule == "EN-MISSING"
        assert verdict == "error"
        return
    assert isinstance(found, CanonicalInvoice)
    broken = {issue.rule for issue in check(normalize(found, BOREAL))}
    assert (rule in broken) is (verdict == "error")


@REAL
def test_the_published_hierarchies_of_lines_add_up_once():
    for name in ("04.03a-INVOICE_ubl.xml", "Extended_SubInvoiceLines_Hardware_Bsp2.xml"):
        invoice = real(next(DATA.glob(f"*/**/{name}")))
        lines = [charge for charge in invoice.charges if charge.scope == "line" and not charge.is_information_only]
        assert sum(charge.amount for charge in lines) == invoice.line_total
        assert len(lines) < sum(charge.scope == "line" for charge in invoice.charges)


@REAL
def test_the_published_telephone_bill_reads_as_a_telephone_bill():
    bill = real(next(DATA.glob("ubl-en16931/**/BIS_Billing_30-Telefoni.xml")))
    assert bill.account == "0765123456"
    assert bill.seller == "Telefonitjänster AB"
    assert bill.remit_to[0] == "Telefonitjänster AB"
    assert bill.remit_to[-2:] == ("33331234567", "BANKSBIC")
    assert bill.charges[1].amount == 0
    assert (bill.charges[1].quantity, bill.charges[1].unit, str(bill.charges[1].period_start)) == (
        Decimal("693.8"),
        "MIN",
        "2006-11-05",
    )
    unmapped = {charge.source_term for charge in bill.charges if not charge.is_mapped}
    assert unmapped == {"Mobile4U, UK: Utgående samtal, öppn.avg", "Mobile4U, UK: Utgående SMS"}
