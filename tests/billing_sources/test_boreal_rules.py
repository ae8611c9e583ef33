"""What boreal's documents mean: sign, money, hierarchies of lines, accounts and words, one rule a test."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

import billing_sources
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals
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

SAMPLES = Path(billing_sources.__file__).parent / "samples" / "boreal"

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
    assert [[charge.amount, charge.quantity] for charge in note.charges] == [[-100, -2], [-10, None]]
    assert [[tax.amount, tax.base, tax.rate_percent] for tax in note.taxes] == [[-25, -100, 25]]


@pytest.mark.parametrize("text", [ubl(head="<cbc:InvoiceTypeCode>381</cbc:InvoiceTypeCode>"), cii(type_code="381")])
def test_type_381_is_a_credit_note_in_either_syntax(text):
    assert read_one(text).bill_type is BillType.CREDIT_NOTE


def test_a_credit_note_printed_negative_stays_a_credit_and_is_shown_to_a_person():
    note = read_one(ubl("CreditNote", totals=ubl_totals("-125.00", "-100.00", "-125.00")))
    assert note.amount_due == -125
    assert [(flaw.rule, flaw.is_fatal) for flaw in note.flaws] == [("EN-SIGN", False)]


def test_a_credit_note_that_was_settled_before_is_turned_by_its_total():
    note = read_one(ubl("CreditNote", totals=ubl_totals(due="0.00")))
    assert [note.tax_included, note.amount_due] == [-125, 0]


def test_a_negative_invoice_stays_an_invoice_and_negative():
    invoice = read_one(ubl(totals=ubl_totals("-125.00", "-100.00", "-125.00"), lines=ubl_line("-100.00")))
    assert invoice.bill_type is BillType.INVOICE
    assert [invoice.amount_due, invoice.charges[0].amount] == [-125, -100]


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


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_a_sample_of_our_own_ties_and_speaks_known_words(path):
    parts = read(path.read_bytes())
    bills = [part for part in parts if isinstance(part, CanonicalInvoice)]
    assert len(bills) == sum(not isinstance(part, ControlTotals) for part in parts)
    assert [issue for bill in bills for issue in check(normalize(bill, BOREAL))] == []
    assert all(charge.is_mapped for bill in bills for charge in bill.charges)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_a_sample_reads_as_its_golden_file_says(path):
    golden = path.with_name(f"{path.name}.expected.json").read_bytes()
    assert msgspec.json.decode(msgspec.json.encode(read(path.read_bytes()))) == msgspec.json.decode(golden)


def test_the_control_totals_of_the_sample_batch_are_those_of_its_bills():
    *bills, totals = read((SAMPLES / "batch.xml").read_bytes())
    due = [bill.amount_due or Decimal(0) for bill in bills if isinstance(bill, CanonicalInvoice)]
    assert totals == ControlTotals(bills=len(bills), amount=sum(due, Decimal(0)))


# The description of the source.


def test_every_field_of_the_mapping_is_described_for_both_syntaxes():
    described = {(line.source.split()[0], line.canonical) for line in BOREAL.mapping}
    for syntax in ("UBL", "CII"):
        for field in ("number", "billed_on", "amount_due", "charge.amount", "document charge.amount", "tax.amount"):
            assert (syntax, field) in described
