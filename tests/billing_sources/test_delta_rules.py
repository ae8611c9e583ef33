"""What delta's documents mean: kind, taxes, balances and words, one rule a test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing_sources.adapters.delta import DELTA
from billing_sources.canonical import BillType, Category
from billing_sources.normalize import normalize
from tests.billing_sources.tmf_texts import Resource, money, rate, read_one, rules, tmf_bill

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


# Usage.


def usage(day: str = "2026-10-05", service: str = "", **said: str) -> Resource:
    values = {"serviceId": service, "quantity": "3", **said}
    return {
        "@type": "Usage",
        "id": f"U-{day}-{service}",
        "usageDate": f"{day}T13:02:34.123Z",
        "usageType": "VOICE",
        "usageCharacteristic": [{"name": name, "value": text} for name, text in values.items() if text],
        "ratedProductUsage": [{"productRef": {"id": "P-1"}, "taxExcludedRatingAmount": money(50)}],
    }


def used(identity: str, service: str) -> Resource:
    named = [{"name": "serviceId", "value": service}]
    period = {"startDateTime": "2026-10-01T00:00:00Z", "endDateTime": "2026-11-01T00:00:00Z"}
    return rate(50, id=identity, type="usageCharge", characteristic=named, periodCoverage=period)


def test_usage_explains_the_charge_of_its_product_and_service() -> None:
    both = (used("R-1", "111"), used("R-2", "222"))
    bill = read_one(tmf_bill(), *both, usage(service="222"), usage(service="333"), usage("2026-12-01", service="111"))
    assert [(record.charge, record.service) for record in bill.usage] == [(2, "222"), (0, "333")]


def test_usage_that_names_its_charge_explains_no_other() -> None:
    both = (used("R-1", "111"), used("R-2", "222"))
    named = usage(service="222", appliedCustomerBillingRate="R-1")
    foreign = usage("2026-10-06", service="222", appliedCustomerBillingRate="R-77")
    assert [record.charge for record in read_one(tmf_bill(), *both, named, foreign).usage] == [1]


def test_usage_without_a_moment_or_an_amount_is_noted() -> None:
    assert rules(tmf_bill(), rate(), usage("2026-02-30")) == ["TMF-USAGE"]
