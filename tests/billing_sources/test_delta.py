"""Delta's bills: TMF678 versions 4 and 5, hostile first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

import billing_sources
from billing_sources.adapters.delta import DELTA
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.generator import CycleOrder, generate_cycle
from billing_sources.normalize import normalize
from billing_sources.transports.pages import FIRST_LINE, End, end_bytes, page_bytes
from tests.billing_sources.bills import Desk, files_of, invoices
from tests.billing_sources.bills import rules as rules_of
from tests.billing_sources.tmf_texts import money, rate, read, read_bytes, read_one, rules, tmf_bill

SAMPLES = Path(billing_sources.__file__).parent / "samples" / "delta"
ORDER = CycleOrder("delta", customers=16, accounts=60, invoices=80, seed=7, billed_on=date(2026, 11, 20), calls=2)
VERSIONS = pytest.mark.parametrize("cycle", ["1", "2"], ids=["version 4", "version 5"])


def written(order: CycleOrder) -> tuple[bytes, Any]:
    buffer = BytesIO()
    manifest = next(iter(generate_cycle(order))).write(buffer)
    return buffer.getvalue(), manifest


# Files that are none.


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"REST-PAGES 2\n",
        FIRST_LINE,
        FIRST_LINE + b"customerBill 0 12\n[]\nEND 1 0\n",
        FIRST_LINE + b"customerBill 0 999999999999\n[]\n",
        FIRST_LINE + b"customerBill 0 -1\n[]\nEND 1 0\n",
        FIRST_LINE + page_bytes("customerBill", 0, b"[]") + b"END 2 0\n",
        FIRST_LINE + page_bytes("customerBill", 0, b"[]") + b"END 1 0\nmore",
        FIRST_LINE + b"\0" * 500,
    ],
)
def test_a_file_that_is_not_whole_is_rejected(text: bytes) -> None:
    with pytest.raises(FileRejected) as caught:
        read_bytes(text)
    assert caught.value.issue.rule == "TMF-PAGES"


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id": "CB-1"',
        b"[" * 100_000,
        b'{"id": "\xff"}',
        b'[{"id": "\xff"}]',
        b"[1e5, nonsense]",
        b"\xff\xfe[\0",
        b'[{"a":' * 3000,
        b"{}{}",
    ],
)
def test_a_page_that_is_not_json_is_rejected(body: bytes) -> None:
    file = FIRST_LINE + page_bytes("customerBill", 0, body) + end_bytes(End(1, 1))
    with pytest.raises(FileRejected) as caught:
        read_bytes(file)
    assert caught.value.issue.rule == "TMF-JSON"


@pytest.mark.parametrize("record", ["null", "7", '"text"', "[]", "[[]]", "true", "{}", '{"billNo": 5}', '{"id": {}}'])
def test_what_is_no_bill_is_an_issue_and_the_others_go_on(record: str) -> None:
    body = f"[{record},{json.dumps(tmf_bill())}]".encode()
    file = FIRST_LINE + page_bytes("customerBill", 0, body) + end_bytes(End(1, 2))
    *both, totals = read_bytes(file)
    assert {type(one) for one in both} == {Issue, CanonicalInvoice}
    assert totals == ControlTotals(bills=2)


# Figures that are none.


@pytest.mark.parametrize("value", ["12,5x", "NaN", "Infinity", "-Infinity", "sNaN", [], {}, True])
def test_an_amount_that_is_no_number_holds_its_bill(value: Any) -> None:
    assert "TMF-VALUE" in rules(tmf_bill(), rate(value))
    assert "TMF-VALUE" in rules(tmf_bill(taxIncludedAmount=money(value)), rate())


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "9" * 60, "0." + "1" * 60])
def test_a_number_that_no_ledger_can_hold_holds_its_bill(number: str) -> None:
    text = json.dumps(rate(12345)).replace("12345", number)
    assert "TMF-VALUE" in rules(tmf_bill(), text)
    text = json.dumps(tmf_bill(amountDue=money(12345))).replace("12345", number)
    assert "TMF-VALUE" in rules(text, rate())


def test_numbers_are_read_exactly_and_never_through_a_float() -> None:
    exact = "100.1000000000000000055511151231257827"
    text = json.dumps(rate(12345)).replace("12345", exact)
    assert read_one(tmf_bill(), text).charges[0].amount == Decimal(exact)


def test_a_charge_without_an_amount_holds_its_bill() -> None:
    assert "TMF-MISSING" in rules(tmf_bill(), rate(taxExcludedAmount=None))


def test_charges_that_do_not_add_up_to_the_total_hold_the_bill() -> None:
    assert rules(tmf_bill(), rate(99.99)) == ["BR-CO-13"]


def test_an_amount_in_another_currency_holds_the_bill() -> None:
    assert rules(tmf_bill(), rate(taxExcludedAmount=money(100, "USD"))) == ["TMF-CURRENCY"]
    assert "TMF-CURRENCY" in rules(tmf_bill(amountDue=money(125, "SEK")), rate())


# Dates.


@pytest.mark.parametrize("day", ["2020-01-00T00:00:00Z", "2026-02-30", "2026-13-01T06:00:00Z", "20 Nov", "0000-01-01"])
def test_an_impossible_bill_date_is_an_issue_that_names_bill_and_field(day: str) -> None:
    (issue,) = read(tmf_bill(billDate=day))
    assert (issue.rule, issue.number, issue.field, issue.found) == ("TMF-DATE", "D-1", "billDate", day)


def test_an_impossible_period_is_noted_and_the_bill_loads() -> None:
    period = {"startDateTime": "2020-12-31T23:59:59.999Z", "endDateTime": "2020-01-00T00:00:00.000Z"}
    bill = read_one(tmf_bill(billingPeriod=period), rate(periodCoverage=period))
    assert [(flaw.rule, flaw.is_fatal) for flaw in bill.flaws] == [("TMF-DATE", False), ("TMF-DATE", False)]
    assert (bill.period_end, bill.charges[0].period_end) == (None, None)


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("2026-11-01T00:00:00Z", date(2026, 10, 31)),
        ("2026-10-31T23:59:59.999Z", date(2026, 10, 31)),
        ("2026-10-31T00:00:00Z", date(2026, 10, 31)),
        ("2026-11-01", date(2026, 11, 1)),
        ("2026-11-01T00:00:00+02:00", date(2026, 10, 31)),
    ],
)
def test_a_period_of_whole_months_ends_on_its_last_day(end: str, last: date) -> None:
    period = {"startDateTime": "2026-10-01T00:00:00Z", "endDateTime": end}
    assert read_one(tmf_bill(billingPeriod=period), rate()).period_end == last


def test_a_date_time_is_the_day_on_which_it_was_written_whatever_its_zone() -> None:
    assert read_one(tmf_bill(billDate="2026-12-01T00:30:00+02:00"), rate()).billed_on == date(2026, 12, 1)
    assert read_one(tmf_bill(billDate="2026-11-30T23:30:00-11:00"), rate()).billed_on == date(2026, 11, 30)


# Kind of bill.


def test_a_bill_on_hold_is_not_payable() -> None:
    assert read_one(tmf_bill(state="onHold"), rate()).is_payable is False
    assert read_one(tmf_bill(state=None, status="onHold"), rate()).is_payable is False


@pytest.mark.parametrize("state", ["cancelled", "canceled", "VOID"])
def test_a_cancelled_bill_is_void_and_nothing_on_it_is_due(state: str) -> None:
    bill = read_one(tmf_bill(state=state), rate())
    assert (bill.bill_type, bill.amount_due, bill.charges) == (BillType.VOID, 0, [])
    assert rules(tmf_bill(state=state), rate()) == []


@pytest.mark.parametrize("category", ["trial", "Trial", "duplicate"])
def test_a_trial_and_a_copy_are_memos(category: str) -> None:
    bill = read_one(tmf_bill(category=category), rate())
    assert (bill.bill_type, bill.is_payable) == (BillType.MEMO, False)


def test_a_last_bill_is_an_invoice_like_any() -> None:
    assert read_one(tmf_bill(category="last"), rate()).bill_type is BillType.INVOICE


def test_a_negative_bill_is_a_credit_note_as_it_stands() -> None:
    tax = [{"taxCategory": "VAT", "taxRate": 25, "taxAmount": money(-25)}]
    figures = {"taxExcludedAmount": money(-100), "taxIncludedAmount": money(-125), "amountDue": money(-125)}
    bill = read_one(tmf_bill(**figures, taxItem=tax), rate(-100))
    assert (bill.bill_type, bill.amount_due, bill.flaws) == (BillType.CREDIT_NOTE, -125, [])


def test_a_credit_note_printed_positive_is_turned_and_shown_to_a_person() -> None:
    bill = read_one(tmf_bill(category="credit note"), rate())
    figures = (bill.tax_excluded, bill.tax_included, bill.amount_due, bill.charges[0].amount, bill.taxes[0].amount)
    assert figures == (-100, -125, -125, -100, -25)
    assert rules(tmf_bill(category="credit note"), rate()) == ["TMF-SIGN"]


def test_a_state_that_nobody_published_is_noted() -> None:
    assert rules(tmf_bill(state="vaporised"), rate()) == ["TMF-STATE"]


# Taxes.


@pytest.mark.parametrize(("printed", "percent"), [(25, 25), (0.25, 25), (25.0, 25)])
def test_a_rate_is_a_fraction_or_a_percentage_as_the_tax_tells(printed: Any, percent: int) -> None:
    tax = {"taxCategory": "VAT", "taxRate": printed, "taxAmount": money(25)}
    assert read_one(tmf_bill(taxItem=[tax]), rate()).taxes[0].rate_percent == percent
    assert rules(tmf_bill(taxItem=[tax]), rate()) == []


def test_a_rate_that_explains_nothing_is_left_out_and_noted() -> None:
    tax = {"taxCategory": "VAT", "taxRate": 20, "taxAmount": money(25)}
    assert read_one(tmf_bill(taxItem=[tax]), rate()).taxes[0].rate_percent is None
    assert rules(tmf_bill(taxItem=[tax]), rate()) == ["TMF-RATE"]


def test_taxes_of_the_charges_stand_where_the_bill_has_none() -> None:
    taxes = [{"taxCategory": "VAT", "taxRate": 0.25, "taxAmount": money(25)}]
    bill = read_one(tmf_bill(taxItem=None), rate(appliedTax=taxes))
    assert [(tax.amount, tax.base, tax.rate_percent) for tax in bill.taxes] == [(25, 100, 25)]
    assert rules(tmf_bill(taxItem=None), rate(appliedTax=taxes)) == []


# Balances.


def test_the_remaining_amount_is_no_figure_of_the_bill() -> None:
    assert rules(tmf_bill(amountDue=money(0), remainingAmount=money(125)), rate()) == ["BR-CO-16"]
    bill = read_one(tmf_bill(remainingAmount=money(50)), rate())
    assert (bill.amount_due, normalize(bill, DELTA).payable) == (125, 125)


@pytest.mark.parametrize("due", [125, 75])
def test_an_applied_payment_is_shown_and_never_lowers_what_can_be_paid(due: int) -> None:
    paid = [{"appliedAmount": money(20)}, {"appliedAmount": money(30)}]
    bill = read_one(tmf_bill(amountDue=money(due), appliedPayment=paid), rate())
    assert bill.payments_received == 50
    assert normalize(bill, DELTA).payable == 125
    assert rules(tmf_bill(amountDue=money(due), appliedPayment=paid), rate()) == []


def test_a_balance_of_the_account_that_explains_what_is_due_is_brought_forward() -> None:
    balance = [{"balanceType": "previousBalance", "amount": money(40)}]
    account = {"@type": "BillingAccount", "id": "BA-1", "name": "Pasila", "accountBalance": balance}
    bill = read_one(tmf_bill(amountDue=money(165)), rate(), account)
    assert (bill.previous_balance, bill.balance_forward, normalize(bill, DELTA).payable) == (40, 40, 125)


# Charges.


@pytest.mark.parametrize("kind", ["type", "appliedBillingRateType"])
@pytest.mark.parametrize("bill", ["bill", "customerBill"])
def test_both_versions_names_of_a_charge_are_read(kind: str, bill: str) -> None:
    charge = rate(type=None, bill=None) | {kind: "usageCharge", bill: {"id": "CB-1"}}
    assert read_one(tmf_bill(), charge).charges[0].category is Category.USAGE


@pytest.mark.parametrize(
    ("kind", "name", "category"),
    [
        ("appliedBillingCredit", "rebate", Category.DISCOUNT),
        ("appliedBillingCredit", "Service credit, outage", Category.ADJUSTMENT),
        ("appliedBillingCredit", "Something kind", Category.DISCOUNT),
        ("monthly", "Rental Fee", Category.RECURRING),
        ("appliedCustomerBillingRate", "voice usage", Category.USAGE),
        ("appliedPenaltyCharge", "You were late", Category.LATE_FEE),
    ],
)
def test_the_words_of_a_charge_decide_its_category(kind: str, name: str, category: Category) -> None:
    assert read_one(tmf_bill(), rate(type=kind, name=name)).charges[0].category is category


def test_an_unknown_term_is_an_unmapped_adjustment_under_its_name() -> None:
    charge = read_one(tmf_bill(), rate(type="orbital", name="Relay levy")).charges[0]
    assert (charge.category, charge.source_term, charge.is_mapped) == (Category.ADJUSTMENT, "Relay levy", False)


def test_a_charge_that_came_twice_counts_once() -> None:
    assert rules(tmf_bill(), rate(), rate()) == ["TMF-TWICE"]
    assert len(read_one(tmf_bill(), rate(), rate()).charges) == 1


def test_a_charge_of_a_bill_that_did_not_come_is_noted() -> None:
    assert rules(tmf_bill(), rate(), rate(id="R-2", bill={"id": "CB-77"})) == ["TMF-STRAY"]


def test_what_is_not_billed_yet_is_no_charge() -> None:
    assert rules(tmf_bill(), rate(), rate(id="R-2", bill=None, isBilled=False)) == []


def test_nulls_mean_absent() -> None:
    nulls: dict[str, Any] = {"product": None, "periodCoverage": None, "description": None}
    text = json.dumps(rate() | nulls)
    assert read_one(tmf_bill(), text).charges[0].service == ""


def test_a_lone_object_stands_for_a_list_of_one() -> None:
    party = {"role": "Customer", "id": "CU-7", "name": "Ålands Bryggeri Ab \U0001f37a"}
    bill = read_one(tmf_bill(relatedParty=party), rate(characteristic={"name": "serviceId", "value": 358401234567}))
    assert (bill.buyer, bill.accounts[0].external_id) == ("Ålands Bryggeri Ab \U0001f37a", "CU-7")
    assert bill.charges[0].service == "358401234567"


def test_a_subtype_is_read_as_its_base_type() -> None:
    special = rate() | {"@type": "RebatedRate", "@baseType": "AppliedCustomerBillingRate"}
    assert len(read_one(tmf_bill(), special).charges) == 1


# Whole cycles.


@VERSIONS
def test_a_generated_cycle_ties_to_the_cent(cycle: str) -> None:
    text, manifest = written(replace(ORDER, cycle=cycle))
    found = read_bytes(text)
    bills = [bill for bill in found if isinstance(bill, CanonicalInvoice)]
    assert [issue for bill in bills for issue in check(normalize(bill, DELTA))] == []
    assert found[-1] == ControlTotals(bills=manifest.bills)
    assert sum(bill.amount_due or 0 for bill in bills) == manifest.amount_due
    assert sum(len(bill.charges) for bill in bills) == manifest.charges
    assert {bill.cycle for bill in bills} == {cycle}
    assert all(tax.rate_percent is not None for bill in bills for tax in bill.taxes)


@VERSIONS
def test_usage_adds_up_to_the_charge_that_it_explains(cycle: str) -> None:
    text, manifest = written(replace(ORDER, cycle=cycle))
    bills = [bill for bill in read_bytes(text) if isinstance(bill, CanonicalInvoice)]
    assert sum(len(bill.usage) for bill in bills) == manifest.usage_records > 0
    for bill in bills:
        for charge in bill.charges:
            records = [used.amount for used in bill.usage if used.charge == charge.position]
            assert not records or sum(records) == charge.amount


@VERSIONS
@pytest.mark.parametrize("fault", ["wrong_total", "unknown_term", "bad_date", "bad_amount"])
def test_a_planted_fault_is_found_where_it_was_planted(cycle: str, fault: str) -> None:
    text, manifest = written(replace(ORDER, cycle=cycle, faults=(fault,)))
    (planted,) = manifest.faults
    issues: list[Issue] = []
    for one in read_bytes(text):
        if isinstance(one, CanonicalInvoice):
            bill = normalize(one, DELTA)
            issues += check(bill)
            issues += [Issue("VOCAB-01", found=term, number=one.number) for term in bill.unmapped]
        elif isinstance(one, Issue):
            issues.append(one)
    assert {issue.number for issue in issues} == {planted.number}
    assert issues[0].rule == planted.rule


def test_a_truncated_file_is_rejected_whole() -> None:
    with pytest.raises(FileRejected) as caught:
        read_bytes(written(replace(ORDER, faults=("truncated",)))[0])
    assert caught.value.issue.rule == "TMF-PAGES"


@pytest.mark.parametrize("sample", ["by_hand.tmf678", "version4.pages", "version5.pages"])
def test_a_sample_reads_as_its_golden(sample: str) -> None:
    read_as = msgspec.json.encode(read_bytes((SAMPLES / sample).read_bytes()))
    golden = (SAMPLES / f"{sample}.expected.json").read_bytes()
    assert msgspec.json.format(read_as, indent=1) + b"\n" == golden


# Lineage.


def test_every_origin_leads_to_its_record_and_its_fields() -> None:
    path = SAMPLES / "version5.pages"
    assert DELTA.locate is not None
    with path.open("rb") as file:
        bills = [bill for bill in DELTA.read(file, DELTA) if isinstance(bill, CanonicalInvoice)]
        for bill in bills:
            file.seek(0)
            assert ("customerBill.billNo", bill.number) in DELTA.locate(file, bill.origin).cells
            for charge in bill.charges:
                file.seek(0)
                cells = dict(DELTA.locate(file, charge.origin).cells)
                assert cells["appliedCustomerBillingRate.taxExcludedAmount.value"] == str(charge.amount)
    sources = {row.source for row in DELTA.mapping}
    assert "appliedCustomerBillingRate.characteristic[serviceId].value" in sources & cells.keys()


@pytest.mark.parametrize("origin", ["", "page 1, item 0", "page 99, item 1", "line 7", "page 1, item 5000"])
def test_an_origin_that_is_not_there_is_said_so(origin: str) -> None:
    assert DELTA.locate is not None
    with (SAMPLES / "version5.pages").open("rb") as file, pytest.raises(LookupError):
        DELTA.locate(file, origin)


# Through the pipeline.


def test_a_cycle_is_published_and_its_faults_are_held(desk: Desk) -> None:
    faults = ("wrong_total", "bad_date", "duplicate_bill")
    generated = next(iter(generate_cycle(replace(ORDER, accounts=20, invoices=24, faults=faults))))
    file = desk.take("delta", desk.write(generated))
    assert file.state == "published"
    assert {"BR-CO-13", "TMF-DATE", "DUP-01"} <= set(rules_of(file))
    assert len(invoices()) == 22
    assert len(files_of(file.run)) == 1
