"""Atlas: X12 811 and 810 as bills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.readers.x12_table import compiled
from tests.billing_sources.x12_texts import STATEMENT, interchange, invoice, transaction


def bills_of(*sets: list[str]) -> list[CanonicalInvoice | Issue]:
    parsed = ATLAS.read(BytesIO(interchange(*sets)), ATLAS)
    return [one for one in parsed if not isinstance(one, ControlTotals)]


def bill_of(*sets: list[str]) -> CanonicalInvoice:
    (bill,) = bills_of(*sets)
    assert isinstance(bill, CanonicalInvoice), bill
    return bill


def issue_of(*body: str) -> Issue:
    (issue,) = bills_of(transaction("810", *body))
    assert isinstance(issue, Issue), issue
    return issue


def statement() -> CanonicalInvoice:
    return bill_of(transaction("811", *STATEMENT))


def ties(bill: CanonicalInvoice) -> bool:
    assert bill.tax_excluded is not None and bill.tax is not None
    return bill.tax_excluded + bill.tax == bill.tax_included


def test_a_statement_carries_its_tiers_as_a_tree() -> None:
    tree = {account.external_id: (account.parent, account.level, account.name) for account in statement().accounts}
    assert tree == {
        "0140100": ("", "master account", ""),
        "0140101": ("0140100", "billing arrangement", "HARBOR FOODS HQ"),
        "0140101-01": ("0140101", "site", "PIER 4"),
    }


def test_a_statement_ties_and_what_was_carried_is_not_part_of_it() -> None:
    bill = statement()
    assert (bill.line_total, bill.tax, bill.tax_included) == (Decimal("166.25"), Decimal("7.24"), Decimal("173.49"))
    assert (bill.balance_forward, bill.amount_due) == (Decimal("11.15"), Decimal("184.64"))
    assert ties(bill)


def test_the_heading_says_who_bills_whom_and_when() -> None:
    bill = statement()
    assert (bill.seller, bill.seller_id, bill.buyer, bill.buyer_id) == (
        "MERIDIAN NETWORKS INC",
        "MNI",
        "HARBOR FOODS",
        "C55",
    )
    assert bill.remit_to == ("MERIDIAN NETWORKS INC", "1 CANAL ST", "ALBANY NY 12207")
    assert (bill.cycle, bill.due_on, bill.period_start) == ("07", date(2026, 4, 1), date(2026, 2, 1))
    assert bill.currency == ATLAS.default_currency


def test_a_charge_knows_its_category_its_service_and_its_place_in_the_file() -> None:
    charge = statement().charges[0]
    assert (charge.category, charge.source_term) == (Category.RECURRING, "Monthly Service  Charges")
    assert (charge.amount, charge.quantity, charge.unit_price) == (Decimal("150.75"), Decimal(250), None)
    assert (charge.description, charge.service, charge.account) == ("Ethernet access", "2125550123", "0140101-01")
    assert charge.origin == "segment 34"


def test_usage_detail_explains_its_charge_and_is_not_counted_again() -> None:
    usage = statement().charges[1]
    assert (usage.category, usage.amount) == (Category.USAGE, Decimal("10.00"))
    assert (usage.quantity, usage.unit, usage.period_end) == (Decimal("150.5"), "MJ", date(2026, 2, 28))
    detail = statement().charges[2]
    assert (detail.amount, detail.is_information_only) == (Decimal("4.00"), True)


def test_an_unknown_term_loads_as_an_unmapped_adjustment() -> None:
    mystery = statement().charges[-1]
    assert (mystery.category, mystery.source_term, mystery.is_mapped) == (Category.ADJUSTMENT, "Mystery fee", False)


def test_tax_for_information_is_kept_and_never_added() -> None:
    added, informed = statement().taxes
    assert (added.is_included, added.jurisdiction, added.rate_percent, added.base) == (
        True,
        "NY",
        Decimal("4.5"),
        Decimal("160.75"),
    )
    assert (informed.amount, informed.is_included, informed.account) == (Decimal("1.10"), False, "0140101-01")


def test_a_rate_written_as_a_fraction_is_the_same_rate() -> None:
    bill = bill_of(invoice("IT1*1*1*EA*200", "TXI*ST*17.00*.085****A*200", total="21700"))
    assert bill.taxes[0].rate_percent == Decimal("8.5")


def test_a_tree_may_be_deeper_than_any_guide_and_still_finds_its_account() -> None:
    loops = [f"HL*{n}*{n - 1}*7*1" for n in range(3, 3_000)]
    body = [
        "BIG*20260301*1",
        "TDS*100",
        "HL*1**1*1",
        "HL*2*1*2*1",
        "REF*12*A1",
        *loops,
        "HL*3000*2999*8*0",
        "IT1**1*M4*1.00",
    ]
    bill = bill_of(transaction("811", *body))
    assert (bill.account, bill.charges[0].account) == ("A1", "A1")


def test_a_loop_below_a_loop_that_is_not_there_refuses_the_bill() -> None:
    issue = issue_of("BIG*20260301*77", "TDS*100", "HL*1*9*8*0", "IT1**1*M4*1.00")
    assert (issue.rule, issue.number, issue.position, issue.found) == ("X12-VALUE", "77", "segment 6", "HL*1*9*8*0")


def test_accounts_that_claim_each_other_as_parent_do_not_make_a_ring() -> None:
    body = ["BIG*20260301*1", "TDS*0", "HL*1**2*1", "REF*12*A", "HL*2*1*3*1", "REF*12*B", "HL*3*2*4*1", "REF*12*A"]
    bill = bill_of(transaction("811", *body))
    assert [(account.external_id, account.parent) for account in bill.accounts] == [("A", ""), ("B", "A")]


def test_one_miscounted_bill_stands_alone_and_the_others_load() -> None:
    wrong = transaction("810", "BIG*20260301*55", "TDS*100", count=9)
    issue, bill = bills_of(wrong, invoice(number="56"))
    assert isinstance(issue, Issue) and (issue.rule, issue.number, issue.is_fatal) == ("X12-SE01", "55", True)
    assert isinstance(bill, CanonicalInvoice) and bill.number == "56"


def test_every_set_becomes_one_bill_or_one_fatal_issue() -> None:
    sets = [invoice(), transaction("820", "BPR*I*1"), transaction("811"), transaction("811", *STATEMENT)]
    parsed = list(ATLAS.read(BytesIO(interchange(*sets)), ATLAS))
    assert sum(totals.bills or 0 for totals in parsed if isinstance(totals, ControlTotals)) == 4
    assert [type(one).__name__ for one in parsed[:-1]] == ["CanonicalInvoice", "Issue", "Issue", "CanonicalInvoice"]
    assert all(one.number for one in parsed[:-1] if isinstance(one, Issue))


def test_a_truncated_file_is_rejected_after_the_bills_that_were_whole() -> None:
    data = interchange(invoice(), invoice(number="9002"), iea="")
    parsed: Iterator[object] = ATLAS.read(BytesIO(data), ATLAS)
    with pytest.raises(FileRejected):
        list(parsed)


@pytest.mark.parametrize(
    ("body", "rule", "field"),
    [
        (("BIG*20260231*1", "TDS*1"), "X12-VALUE", "BIG01"),
        (("BIG*2026-03-01*1", "TDS*1"), "X12-VALUE", "BIG01"),
        (("BIG*20260301*1", "TDS*NaN"), "X12-VALUE", "TDS01"),
        (("BIG*20260301*1", "TDS*1e9"), "X12-VALUE", "TDS01"),
        (("BIG*20260301*1", "TDS*1_000"), "X12-VALUE", "TDS01"),
        (("BIG*20260301*1", "TDS*" + "9" * 5_000), "X12-VALUE", "TDS01"),
        (("BIG*20260301*1", "TDS*٣"), "X12-VALUE", "TDS01"),
        (("BIG*20260301*1", "CUR*SE*DOLLARS", "TDS*1"), "X12-VALUE", "CUR02"),
        (("BIG*20260301*1******01", "TDS*1"), "X12-VALUE", "BIG08"),
        (("BIG*20260301*1", "IT1*1*x*EA*1", "TDS*1"), "X12-VALUE", "IT1"),
        (("BIG*20260301*1", "IT1*1*1*EA*1", "TDS*100", "CTT*2"), "X12-CTT01", "CTT01"),
        (("BIG*20260301", "TDS*1"), "X12-BIG", "BIG"),
        (("BIG*20260301*1",), "X12-TDS", "TDS01"),
        (("TDS*1",), "X12-BIG", "BIG"),
    ],
)
def test_a_bill_that_cannot_be_read_is_refused_and_never_guessed(body: tuple[str, ...], rule: str, field: str) -> None:
    issue = issue_of(*body)
    assert (issue.rule, issue.field, issue.is_fatal) == (rule, field, True)
    assert len(issue.found) <= 80


@pytest.mark.parametrize(
    ("text", "amount"), [("23110", "231.10"), ("150.75", "150.75"), ("-5", "-0.05"), ("-0", "0"), ("7.", "7")]
)
def test_a_total_has_two_implied_decimals_unless_it_has_a_point(text: str, amount: str) -> None:
    assert bill_of(transaction("810", "BIG*20260301*1", f"TDS*{text}")).tax_included == Decimal(amount)


def test_dates_of_two_digit_years_are_read_in_their_century() -> None:
    bill = bill_of(transaction("811", "BIG*990228*1", "ITD*03*3****000315", "TDS*1"))
    assert (bill.billed_on, bill.due_on) == (date(1999, 2, 28), date(2000, 3, 15))


@pytest.mark.parametrize(("total", "price"), [("10000", "25.00"), ("-10000", "-25.00")])
def test_a_credit_note_is_negative_whatever_sign_it_prints(total: str, price: str) -> None:
    lines = (f"IT1*1*4*EA*{price}**SV*P1", f"TXI*ST*{price}****O")
    bill = bill_of(invoice(*lines, total=total, kind="CR"))
    assert (bill.bill_type, bill.tax_included, bill.amount_due) == (BillType.CREDIT_NOTE, -100, -100)
    assert (bill.line_total, bill.charges[0].amount, bill.taxes[0].amount) == (-100, -100, -25)


def test_a_negative_invoice_stays_an_invoice() -> None:
    bill = bill_of(invoice("IT1*1*4*EA*-25.00", total="-10000"))
    assert (bill.bill_type, bill.amount_due) == (BillType.INVOICE, -100)


def test_a_credit_note_names_the_bill_it_corrects_and_an_invoice_keeps_its_order_number_out() -> None:
    credit = bill_of(transaction("810", "BIG*20260301*2*20260201*1***CR", "TDS*1"))
    debit = bill_of(transaction("810", "BIG*20260301*2*20260201*PO7***DI", "TDS*1"))
    assert (credit.preceding, debit.preceding) == ("1", "")


def test_a_duplicate_by_its_purpose_is_not_payable_again() -> None:
    bill = bill_of(transaction("810", "BIG*20260301*2*****DI*07", "TDS*1"))
    assert (bill.bill_type, bill.is_payable) == (BillType.MEMO, False)


def test_an_unheard_of_type_loads_and_waits_for_a_person() -> None:
    bill = bill_of(invoice(kind="QQ"))
    assert [(flaw.rule, flaw.found, flaw.is_fatal) for flaw in bill.flaws] == [("X12-BIG07", "QQ", False)]


def test_allowances_and_charges_of_the_document_keep_their_signs() -> None:
    bill = bill_of(
        transaction(
            "810",
            "BIG*20260301*1",
            "IT1*1*1*EA*100",
            "TDS*9850",
            "SAC*A*C310***500",
            "SAC*C*G830***350",
            "SAC*N*X***900",
        )
    )
    assert (bill.line_total, bill.allowance_total, bill.charge_total) == (100, 5, Decimal("3.50"))
    assert [charge.category for charge in bill.charges[1:3]] == [Category.DISCOUNT, Category.ONE_TIME]
    assert ties(bill)


def test_tax_stated_per_line_and_again_in_the_summary_counts_once() -> None:
    lines = ("IT1*1*1*EA*100", "TXI*ST*8.00", "IT1*2*1*EA*50", "TXI*ST*4.00")
    bill = bill_of(transaction("810", "BIG*20260301*1", *lines, "TDS*16200", "TXI*ST*12.00"))
    assert bill.tax == 12
    assert ties(bill)


@pytest.mark.parametrize(("relation", "line_total"), [("I", 100), ("O", 100), ("A", 130)])
def test_sub_lines_add_only_where_they_say_so(relation: str, line_total: int) -> None:
    lines = ("IT1*1*1*EA*100", f"SLN*1**{relation}*3*EA*10")
    assert bill_of(invoice(*lines)).line_total == line_total


def test_sub_lines_of_a_line_without_a_price_carry_the_amount() -> None:
    assert bill_of(invoice("IT1*1", "SLN*1**I*3*EA*10")).line_total == 30


def test_a_carried_balance_among_the_lines_is_shown_and_not_added() -> None:
    lines = ("IT1*1*1*EA*100", "IT1*2*1*EA*40", "PID*F****Previous balance")
    bill = bill_of(invoice(*lines))
    assert bill.line_total == 100
    assert (bill.charges[1].category, bill.charges[1].is_information_only) == (Category.CARRIED_BALANCE, True)


def test_a_tax_billed_as_a_line_counts_as_tax() -> None:
    bill = bill_of(invoice("IT1*1*1*EA*92", "IT1*2*1*EA*8", "PID*F****Taxes"))
    assert (bill.line_total, bill.tax, len(bill.charges)) == (92, 8, 1)


def test_of_two_texts_the_one_that_names_the_kind_becomes_the_term() -> None:
    charge = bill_of(invoice("IT1*1*1*EA*100", "PID*F****Equipment rental", "PID*F****Router")).charges[0]
    assert (charge.category, charge.source_term, charge.description) == (
        Category.EQUIPMENT,
        "Equipment rental",
        "Router",
    )


def test_the_bank_account_of_the_payee_is_not_the_customers_account() -> None:
    heading = ("N1*RE*BANK", "REF*11*1233626208", "N1*BT*HARBOR FOODS*91*C55")
    bill = bill_of(invoice(heading=heading))
    assert bill.account == "C55"


def test_the_address_of_the_buyer_is_told_and_a_party_without_one_leaves_it_to_the_next() -> None:
    parties = ("N1*PR*HARBOR FOODS*91*C55", "N1*BT*HARBOR FOODS AP", "N2*DOCK 4", "N3*9 PIER ST", "N4*ALBANY*NY*12207")
    assert bill_of(invoice(heading=parties)).buyer_address == "DOCK 4, 9 PIER ST, ALBANY NY 12207"
    assert statement().buyer_address == ""


def test_the_mapping_can_drive_the_reader() -> None:
    table = compiled(ATLAS.mapping)
    assert set(table.heading) == {"BAL", "BIG", "CTT", "CUR", "DTM", "GS", "ITD", "N1", "NTE", "REF", "TDS"}
    assert table.qualifiers["account.external_id"] == ("14", "12", "11")


SAMPLES = Path(__file__).resolve().parents[2] / "billing_sources" / "samples" / "atlas"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("statement.x12", [("7001", BillType.INVOICE, "173.49", "184.64"), ("7001", BillType.MEMO, "173.49", "0")]),
        (
            "invoices.edi",
            [("9001", BillType.INVOICE, "129.69", "129.69"), ("9002", BillType.CREDIT_NOTE, "-25", "-25")],
        ),
    ],
)
def test_the_samples_that_ship_read_and_tie(name: str, expected: list[tuple[str, BillType, str, str]]) -> None:
    with (SAMPLES / name).open("rb") as stream:
        bills = [bill for bill in ATLAS.read(stream, ATLAS) if isinstance(bill, CanonicalInvoice)]
    assert [(bill.number, bill.bill_type, bill.tax_included, bill.amount_due) for bill in bills] == [
        (number, kind, Decimal(total), Decimal(due)) for number, kind, total, due in expected
    ]
    assert all(ties(bill) for bill in bills)
    unmapped = {charge.source_term for bill in bills for charge in bill.charges if not charge.is_mapped}
    assert unmapped == ({"Mystery fee"} if name == "statement.x12" else set())
