"""What boreal's documents mean: real files of many sellers against an independent reading, and the rules behind."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from lxml import etree

import billing_sources
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from tests.billing_sources.boreal_texts import (
    cii,
    cii_line,
    read,
    read_issue,
    read_one,
    ubl,
    ubl_line,
    ubl_totals,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLES = Path(billing_sources.__file__).parent / "samples" / "boreal"
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
    assert {name: figure if figure is None else sign * figure for name, figure in figures.items()} == stated


@REAL
@pytest.mark.parametrize("expected", expected_headers(), ids=lambda row: Path(row["file"]).name)
def test_a_real_document_is_held_only_where_its_own_figures_contradict_each_other(expected):
    held = {issue.rule for issue in check(normalize(real(expected["file"]), BOREAL)) if issue.is_fatal}
    is_in_two_currencies = expected["file"].endswith("PaymentRequest-example-2.xml")
    assert held == ({"EN-CURRENCY"} if is_in_two_currencies else set(expected["flags"].split()))


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
    broken = {issue.rule for issue in check(normalize(found, BOREAL))}
    assert (rule in broken) is (verdict == "error")


# Sign.


def allowance_charge(is_charge: str, amount: str) -> str:
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{is_charge}</cbc:ChargeIndicator>"
        f"<cbc:Amount>{amount}</cbc:Amount></cac:AllowanceCharge>"
    )


def test_a_credit_note_is_negative_throughout():
    charge = allowance_charge("true", "10")
    tax = (
        "<cac:TaxTotal><cbc:TaxAmount>25</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxableAmount>100</cbc:TaxableAmount>"
        "<cbc:TaxAmount>25</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>"
        "</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>"
    )
    note = read_one(ubl("CreditNote", head=charge + tax, lines=ubl_line(kind="CreditNote")))
    assert note.bill_type is BillType.CREDIT_NOTE
    assert [note.line_total, note.tax, note.tax_included, note.amount_due] == [-100, -25, -125, -125]
    assert [(charge.amount, charge.quantity) for charge in note.charges] == [(-100, -2), (-10, None)]
    assert [(tax.amount, tax.base, tax.rate_percent) for tax in note.taxes] == [(-25, -100, 25)]


@pytest.mark.parametrize("text", [ubl(head="<cbc:InvoiceTypeCode>381</cbc:InvoiceTypeCode>"), cii(type_code="381")])
def test_type_381_is_a_credit_note_in_either_syntax(text):
    assert read_one(text).bill_type is BillType.CREDIT_NOTE


def test_a_credit_note_printed_negative_stays_a_credit_and_is_shown_to_a_person():
    note = read_one(ubl("CreditNote", totals=ubl_totals("-125.00", "-100.00", "-125.00")))
    assert note.amount_due == -125
    assert [(flaw.rule, flaw.is_fatal) for flaw in note.flaws] == [("EN-SIGN", False)]


def test_a_credit_note_that_was_settled_before_is_turned_by_its_total():
    note = read_one(ubl("CreditNote", totals=ubl_totals(due="0.00")))
    assert (note.tax_included, note.amount_due) == (-125, 0)


def test_a_negative_invoice_stays_an_invoice_and_negative():
    invoice = read_one(ubl(totals=ubl_totals("-125.00", "-100.00", "-125.00"), lines=ubl_line("-100.00")))
    assert (invoice.bill_type, invoice.amount_due, invoice.charges[0].amount) == (BillType.INVOICE, -125, -100)


@pytest.mark.parametrize("due", ["0", "0.00", "-0", "-0.00"])
def test_nothing_to_pay_is_zero_without_a_sign(due):
    assert str(read_one(ubl(totals=ubl_totals(due=due))).amount_due).lstrip("0.") == ""


def test_a_corrected_invoice_and_a_proforma_are_told_from_an_invoice():
    types = [read_one(ubl(head=f"<cbc:InvoiceTypeCode>{code}</cbc:InvoiceTypeCode>")) for code in ("380", "384", "325")]
    assert [(bill.bill_type, bill.is_payable) for bill in types] == [
        (BillType.INVOICE, True),
        (BillType.CORRECTED, True),
        (BillType.MEMO, False),
    ]


# Money.


def test_of_two_tax_totals_the_one_in_the_bills_currency_counts():
    totals = "".join(
        f'<cac:TaxTotal><cbc:TaxAmount currencyID="{code}">{tax}</cbc:TaxAmount></cac:TaxTotal>'
        for code, tax in (("SEK", "287.50"), ("EUR", "25.00"))
    )
    assert read_one(ubl(head=totals)).tax == Decimal("25.00")
    figures = (
        '<SpecifiedTradeSettlementHeaderMonetarySummation><TaxTotalAmount currencyID="SEK">287.50</TaxTotalAmount>'
        '<TaxTotalAmount currencyID="EUR">25.00</TaxTotalAmount></SpecifiedTradeSettlementHeaderMonetarySummation>'
    )
    assert read_one(cii(settlement=figures)).tax == Decimal("25.00")


def test_omani_baisa_keep_their_third_decimal():
    text = ubl(totals=ubl_totals("105.125", "100.119", "105.125"), lines=ubl_line("100.119")).replace(">EUR<", ">OMR<")
    invoice = read_one(text)
    assert (invoice.currency, str(invoice.amount_due), str(invoice.charges[0].amount)) == ("OMR", "105.125", "100.119")


def test_an_amount_in_another_currency_holds_the_bill():
    line = ubl_line().replace("<cbc:LineExtensionAmount>", '<cbc:LineExtensionAmount currencyID="USD">')
    (flaw,) = read_one(ubl(lines=ubl_line() + line)).flaws
    assert (flaw.rule, flaw.expected, flaw.found, flaw.is_fatal) == ("EN-CURRENCY", "EUR", "USD", True)
    assert flaw.position == "Invoice[1]/InvoiceLine[2]"


def test_a_bill_without_a_currency_is_not_given_one():
    issue = read_issue(ubl().replace("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", ""))
    assert (issue.rule, issue.field) == ("EN-MISSING", "currency")


def test_a_price_per_thousand_becomes_the_price_of_one():
    price = "<cac:Price><cbc:PriceAmount>45.00</cbc:PriceAmount><cbc:BaseQuantity>1000</cbc:BaseQuantity></cac:Price>"
    assert read_one(ubl(lines=ubl_line(more=price))).charges[0].unit_price == Decimal("0.045")


def test_an_allowance_on_a_line_is_already_in_its_net_amount():
    invoice = read_one(ubl(lines=ubl_line("22.80", more=allowance_charge("false", "50"))))
    assert [charge.amount for charge in invoice.charges] == [Decimal("22.80")]


def test_an_allowance_on_the_document_is_a_discount_and_a_charge_a_surcharge():
    entries = "".join(
        f"<SpecifiedTradeAllowanceCharge><ChargeIndicator><u:Indicator>{flag}</u:Indicator></ChargeIndicator>"
        f"<ActualAmount>{amount}</ActualAmount><Reason>{reason}</Reason></SpecifiedTradeAllowanceCharge>"
        for flag, amount, reason in (("false", "9.07", "Treuerabatt"), ("true", "5.80", "Versand"))
    )
    entries += (
        "<SpecifiedLogisticsServiceCharge><Description>Express</Description><AppliedAmount>3</AppliedAmount>"
        "</SpecifiedLogisticsServiceCharge>"
    )
    charges = read_one(cii(settlement=entries)).charges
    assert [(charge.category, charge.source_term, charge.amount, charge.scope) for charge in charges] == [
        (Category.DISCOUNT, "Treuerabatt", Decimal("-9.07"), "document"),
        (Category.SURCHARGE, "Versand", Decimal("5.80"), "document"),
        (Category.SURCHARGE, "Express", Decimal(3), "document"),
    ]


def test_an_allowance_that_does_not_say_what_it_is_makes_the_bill_unreadable():
    assert (
        read_issue(ubl(head="<cac:AllowanceCharge><cbc:Amount>5</cbc:Amount></cac:AllowanceCharge>")).rule
        == "EN-MISSING"
    )


# Hierarchies of lines: what a parent holds is never added again.


def counted(invoice: CanonicalInvoice) -> Decimal:
    return sum((charge.amount for charge in invoice.charges if not charge.is_information_only), Decimal(0))


def test_a_sub_line_is_information_below_the_line_that_holds_it():
    leaf = ubl_line("40").replace("cac:InvoiceLine", "cac:SubInvoiceLine")
    middle = ubl_line("100", more=leaf + leaf).replace("cac:InvoiceLine", "cac:SubInvoiceLine")
    invoice = read_one(ubl(lines=ubl_line("100.00", more=middle)))
    assert counted(invoice) == 100
    assert [charge.origin for charge in invoice.charges[2:]] == [
        f"InvoiceLine[1]/SubInvoiceLine[1]/SubInvoiceLine[{index}]" for index in (1, 2)
    ]


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ([("01", "30", "", "GROUP"), ("0101", "10", "01", "DETAIL"), ("0102", "20", "01", "DETAIL")], 30),
        ([("0101", "10", "01", "DETAIL"), ("0102", "20", "01", "DETAIL"), ("01", "99", "", "GROUP")], 30),
        ([("01", "30", "", ""), ("0101", "10", "01", ""), ("0102", "20", "01", "")], 30),
        ([("01", "30", "", "GROUP"), ("0101", "10", "01", ""), ("0102", "20", "01", "")], 30),
        ([("01", "30", "", ""), ("02", "5", "", "INFORMATION")], 30),
    ],
    ids=["group first", "group last and wrong", "no status", "status on the group alone", "information"],
)
def test_flat_written_hierarchies_count_once(lines, total):
    assert counted(read_one(cii(lines="".join(cii_line(*line) for line in lines)))) == total


@REAL
def test_the_published_hierarchies_of_lines_add_up_once():
    for name in ("04.03a-INVOICE_ubl.xml", "Extended_SubInvoiceLines_Hardware_Bsp2.xml"):
        invoice = real(next(DATA.glob(f"*/**/{name}")))
        lines = [charge for charge in invoice.charges if charge.scope == "line" and not charge.is_information_only]
        assert sum(charge.amount for charge in lines) == invoice.line_total
        assert len(lines) < sum(charge.scope == "line" for charge in invoice.charges)


# Whose account.


OBJECT = (
    "<cac:AdditionalDocumentReference><cbc:ID>0765123456</cbc:ID><cbc:DocumentTypeCode>130</cbc:DocumentTypeCode>"
    "</cac:AdditionalDocumentReference>"
)


def buyer(number: str) -> str:
    return (
        f"<cac:AccountingCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>{number}</cbc:ID>"
        "</cac:PartyIdentification><cac:PartyName><cbc:Name>Volvo</cbc:Name></cac:PartyName></cac:Party>"
        "</cac:AccountingCustomerParty>"
    )


def test_two_buyers_with_the_same_reference_do_not_share_an_account():
    reference = "<cbc:BuyerReference>Finance</cbc:BuyerReference>"
    accounts = {read_one(ubl(head=reference + buyer(number))).account for number in ("C-1", "C-2")}
    assert accounts == {"C-1/Finance", "C-2/Finance"}


@pytest.mark.parametrize(
    ("head", "account"),
    [
        (f"<cbc:BuyerReference>Finance</cbc:BuyerReference>{OBJECT}{buyer('C-1')}", "0765123456"),
        (f"<cbc:AccountingCost>6081</cbc:AccountingCost>{buyer('C-1')}", "C-1/6081"),
        (buyer("C-1"), "C-1"),
        ("<cbc:BuyerReference>Finance</cbc:BuyerReference>", "Finance"),
        ("", ""),
    ],
    ids=["invoiced object", "accounting cost", "buyer", "reference of nobody", "nothing"],
)
def test_the_billed_account_is_the_most_particular_name_that_is_unique(head, account):
    assert read_one(ubl(head=head)).account == account


def test_the_accounting_cost_of_a_line_is_a_node_below_the_account():
    cost = "<cbc:AccountingCost>KST 7</cbc:AccountingCost>"
    invoice = read_one(ubl(head=OBJECT + buyer("C-1"), lines=ubl_line(more=cost) + ubl_line()))
    assert [(node.external_id, node.parent, node.level) for node in invoice.accounts] == [
        ("C-1", "", "customer"),
        ("0765123456", "C-1", "account"),
        ("0765123456/KST 7", "0765123456", "cost centre"),
    ]
    assert [charge.account for charge in invoice.charges] == ["0765123456/KST 7", ""]
    assert BOREAL.level_names == tuple(node.level for node in invoice.accounts)


# Words.


def category(name: str, more: str = "") -> tuple[Category, bool]:
    (charge,) = read_one(ubl(lines=ubl_line(name=name, more=more))).charges
    return charge.category, charge.is_mapped


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Abonnemang, förlängning", Category.RECURRING),
        ("ABONNEMANG", Category.RECURRING),
        ("Monatliche  Grundgebühr Mobil L", Category.RECURRING),
        ("Samtal i Sverige: fasta nätet, öppn.avg", Category.USAGE),
        ("Datatrafik: Internet/WAP", Category.USAGE),
        ("Öppningsavgift", Category.ONE_TIME),
        ("Engångsavgift installation", Category.ONE_TIME),
        ("Kampanj", Category.DISCOUNT),
        ("Rabatt 10 %", Category.DISCOUNT),
        ("Påminnelseavgift", Category.LATE_FEE),
        ("Router Pro 5", Category.EQUIPMENT),
    ],
)
def test_a_telecom_term_finds_its_category(name, expected):
    assert category(name) == (expected, True)


@pytest.mark.parametrize("name", ["Quux", "Rabattkort", "Abonnemangsköp", "mrcx", ""])
def test_an_unknown_term_stays_unmapped_and_keeps_its_words(name):
    charge = read_one(ubl(lines=ubl_line(name=name))).charges[0]
    assert (charge.category, charge.is_mapped, charge.source_term) == (Category.ADJUSTMENT, False, name)


def test_the_sellers_own_class_speaks_before_the_name_and_the_unit_after_it():
    klass = (
        "<cac:Item><cac:CommodityClassification><cbc:ItemClassificationCode>MRC</cbc:ItemClassificationCode>"
        "</cac:CommodityClassification></cac:Item>"
    )
    assert category("Usage", klass) == (Category.RECURRING, True)
    minutes = ubl_line(name="Mobile4U").replace("C62", "MIN")
    assert read_one(ubl(lines=minutes)).charges[0].category is Category.USAGE
    assert category("Mobile4U") == (Category.ADJUSTMENT, False)


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


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_a_sample_of_our_own_ties_and_speaks_known_words(path):
    bills = [part for part in read(path.read_bytes()) if not isinstance(part, ControlTotals)]
    assert [issue for bill in bills for issue in check(normalize(bill, BOREAL))] == []
    assert all(charge.is_mapped for bill in bills for charge in bill.charges)


def test_the_control_totals_of_the_sample_batch_are_those_of_its_bills():
    *bills, totals = read((SAMPLES / "batch.xml").read_bytes())
    assert totals == ControlTotals(bills=len(bills), amount=sum(bill.amount_due for bill in bills))


# The description of the source.


def test_every_field_of_the_mapping_is_described_for_both_syntaxes():
    described = {(line.source.split()[0], line.canonical) for line in BOREAL.mapping}
    for syntax in ("UBL", "CII"):
        for field in ("number", "billed_on", "amount_due", "charge.amount", "document charge.amount", "tax.amount"):
            assert (syntax, field) in described
