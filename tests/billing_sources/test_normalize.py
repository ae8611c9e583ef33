"""What can be paid on a bill, and what rounding it once leaves behind."""

from __future__ import annotations

from decimal import Decimal

from billing_sources.canonical import CanonicalAccount, CanonicalInvoice, Category
from billing_sources.normalize import Bill, normalize
from portal.money import is_exact
from tests.billing_sources.bills import bill, charge, memo, paper

ADAPTER = paper()


def normal(invoice: CanonicalInvoice) -> Bill:
    return normalize(invoice, ADAPTER)


def test_last_months_debt_is_never_payable_again() -> None:
    statement = bill("150.75", previous_balance=Decimal("88.20"), balance_forward=Decimal("11.15"))
    statement.amount_due = Decimal("161.90")
    assert normal(statement).payable == Decimal("150.75")


def test_carried_debt_among_the_lines_is_taken_out_of_what_is_payable() -> None:
    carried = charge("40.00", category=Category.CARRIED_BALANCE, source_term="Balance forward")
    assert normal(bill("60.00", "40.00", charges=[charge("60.00"), carried])).payable == Decimal("60.00")


def test_a_memo_is_never_payable() -> None:
    assert normal(memo("231.10")).payable == 0


def test_what_was_prepaid_is_not_payable_and_rounding_is() -> None:
    prepaid = bill("1000.00", prepaid=Decimal("600"), rounding=Decimal("0.30"))
    assert normal(prepaid).payable == Decimal("400.30")


def test_a_credit_note_is_payable_below_zero() -> None:
    assert normal(bill("-25.50")).payable == Decimal("-25.50")


def test_a_bill_is_rounded_once_and_the_residue_is_a_charge_of_its_own() -> None:
    billed = normal(bill("10.004", "10.004", "10.004"))
    assert billed.payable == Decimal("30.01")
    residue = billed.invoice.charges[-1]
    assert (residue.category, residue.source_term, residue.amount) == (Category.ROUNDING, "residue", Decimal("-0.002"))
    assert sum(charge.amount for charge in billed.invoice.charges) == billed.payable


def test_a_currency_without_cents_is_rounded_to_its_whole_unit() -> None:
    billed = normal(bill("1234.5", currency="JPY"))
    assert billed.payable == 1235
    assert is_exact(billed.payable, "JPY")


def test_an_exact_bill_has_no_residue() -> None:
    assert len(normal(bill("10.00", "20.00")).invoice.charges) == 2


def test_normalizing_twice_changes_nothing_more() -> None:
    once = normal(bill("10.004", "10.004", "10.004"))
    twice = normal(once.invoice)
    assert twice == once


def test_a_bill_without_a_currency_gets_its_systems_own() -> None:
    assert normal(bill(currency="")).invoice.currency == "USD"


def test_totals_that_a_source_leaves_out_are_derived() -> None:
    sparse = bill("70.00", "30.00", allowance_total=Decimal("10.00"))
    sparse.line_total = sparse.tax_excluded = sparse.tax = sparse.tax_included = sparse.amount_due = None
    sparse.charges.append(charge("-10.00", scope="document", category=Category.DISCOUNT))
    billed = normal(sparse).invoice
    assert [billed.line_total, billed.tax_excluded, billed.amount_due] == [100, 90, 90]


def test_charges_for_information_are_in_no_sum() -> None:
    detail = charge("99.00", is_information_only=True)
    assert normal(bill("100.00", charges=[charge("100.00"), detail])).lines == 100


def test_each_account_is_named_once_and_those_of_charges_are_among_them() -> None:
    accounts = [CanonicalAccount("A-1", "A-0", "site", "first"), CanonicalAccount("A-1", "", "", "second")]
    billed = normal(bill(accounts=accounts, charges=[charge("100.00", account="A-1/7")])).invoice
    assert [(account.external_id, account.parent, account.name) for account in billed.accounts] == [
        ("A-1", "A-0", "first"),
        ("A-1/7", "A-1", ""),
    ]


def test_two_memos_of_one_bill_are_two_things_and_neither_is_the_bill() -> None:
    identities = {normal(made).identity for made in (bill(), memo(), memo(account="A-2"))}
    assert len(identities) == 3
