"""The arithmetic of a bill: what does not tie is named, with what was expected and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from billing_sources.canonical import BillType, CanonicalInvoice, CanonicalTax, Category, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from billing_sources.readers.en16931.ubl import UBL
from tests.billing_sources.bills import bill, charge, memo, paper

JUDGED = ("BR-CO-10", "BR-CO-13", "BR-CO-15", "BR-CO-16")


def issues(invoice: CanonicalInvoice) -> list[Issue]:
    return check(normalize(invoice, paper()))


def rules(invoice: CanonicalInvoice) -> list[str]:
    return [issue.rule for issue in issues(invoice)]


def tax(amount: str, *, is_included: bool = True) -> CanonicalTax:
    return CanonicalTax("S", Decimal(amount), is_included=is_included)


def taxed(total: str, *taxes: CanonicalTax) -> CanonicalInvoice:
    included = Decimal(100) + Decimal(total)
    return bill("100.00", tax=Decimal(total), tax_included=included, amount_due=included, taxes=list(taxes))


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("line_total", "BR-CO-10"),
        ("charge_total", "BR-CO-11"),
        ("tax_excluded", "BR-CO-13"),
        ("tax_included", "BR-CO-15"),
        ("amount_due", "BR-CO-16"),
    ],
)
def test_one_cent_too_many_in_any_total_is_found(field: str, rule: str) -> None:
    wrong = bill("100.00")
    setattr(wrong, field, (getattr(wrong, field) or Decimal(0)) + Decimal("0.01"))
    found = [issue for issue in issues(wrong) if issue.rule == rule]
    assert found, rules(wrong)
    assert found[0].is_fatal
    assert Decimal(found[0].found) - Decimal(found[0].expected) == Decimal("0.01")


def test_a_bill_that_ties_has_no_issue() -> None:
    assert issues(bill("60.00", "40.00")) == []


def test_a_sum_may_be_stated_exactly_or_rounded_to_the_currency() -> None:
    exact = bill("10.004", "10.004", "10.004")
    assert issues(exact) == []
    rounded = bill("10.004", "10.004", "10.004")
    rounded.line_total = rounded.tax_excluded = rounded.tax_included = rounded.amount_due = Decimal("30.01")
    assert issues(rounded) == []


def test_taxes_must_add_up_to_the_tax_total() -> None:
    assert rules(taxed("8.00", tax("5.00"), tax("2.99"))) == ["BR-CO-14"]


def test_taxes_for_information_are_not_added() -> None:
    assert rules(taxed("8.00", tax("8.00"), tax("7.82", is_included=False))) == []


def test_a_statement_ties_from_last_month_to_what_is_due() -> None:
    statement = bill("150.75", previous_balance=Decimal("88.20"), payments_received=Decimal("85.00"))
    statement.adjustments_prior, statement.balance_forward = Decimal("7.95"), Decimal("11.15")
    statement.amount_due = Decimal("161.90")
    assert rules(statement) == []
    statement.amount_due = Decimal("150.75")
    assert rules(statement) == ["CHAIN-01"]


def test_a_payment_that_the_balance_forgets_is_found() -> None:
    statement = bill("50.00", previous_balance=Decimal("80"), payments_received=Decimal("80"))
    statement.balance_forward, statement.amount_due = Decimal("80"), Decimal("130")
    assert rules(statement) == ["CHAIN-02"]


def test_a_memo_that_does_not_tie_is_noted_but_not_held() -> None:
    wrong = memo("100.00", tax_included=Decimal("90.00"))
    assert {(issue.rule, issue.is_fatal) for issue in issues(wrong)} == {("BR-CO-15", False), ("BR-CO-16", False)}


@pytest.mark.parametrize("currency", ["XXX", "usd", "EURO", "€"])
def test_a_currency_that_nobody_issues_holds_the_bill(currency: str) -> None:
    assert "CUR-01" in rules(bill(currency=currency))


def test_a_bill_for_nobody_is_held() -> None:
    assert rules(bill(account="", accounts=[])) == ["ACC-01"]


def test_a_number_as_long_as_a_novel_is_held() -> None:
    assert rules(bill(number="9" * 81)) == ["LEN-01"]
    assert rules(bill(charges=[charge("100.00", account="7" * 500)])) == ["LEN-01"]
    assert rules(bill(replaces="9" * 81)) == rules(bill(buyer_id="9" * 81)) == ["LEN-01"]


def test_a_bill_from_another_century_is_held() -> None:
    assert rules(bill(billed_on=date(1803, 5, 1))) == ["DATE-01"]


def test_a_bill_that_is_due_before_it_was_issued_is_only_noted() -> None:
    (issue,) = issues(bill(due_on=date(2026, 10, 1)))
    assert (issue.rule, issue.is_fatal) == ("DATE-03", False)


def test_a_period_that_ends_before_it_begins_is_only_noted() -> None:
    (issue,) = issues(bill(period_start=date(2026, 10, 31), period_end=date(2026, 10, 1)))
    assert (issue.rule, issue.is_fatal) == ("DATE-02", False)


def test_totals_without_charges_are_noted() -> None:
    (issue,) = issues(bill("198.00", charges=[]))
    assert (issue.rule, issue.is_fatal) == ("LINES-01", False)


def test_what_the_reader_found_is_among_the_issues() -> None:
    flaw = Issue("EN-CURRENCY", number="1001")
    assert issues(bill(flaws=[flaw])) == [flaw]


def cases(folder: Path) -> Iterator[tuple[str, str, bool, etree._Element]]:
    """(file, rule, whether the published verdict is success, document) of the published unit tests."""
    for path in sorted(folder.rglob("*.xml")):
        rule = next((rule for rule in JUDGED if path.stem.startswith(rule)), None)
        if rule is None:
            continue
        for test in etree.parse(path).getroot().iterfind("{*}test"):
            verdict = test.find("{*}assert")
            document = test[-1]
            assert verdict is not None
            yield path.stem, rule, verdict.find("{*}error") is None, document


def fragment(document: etree._Element) -> CanonicalInvoice:
    """The figures alone: the published cases are no whole invoices."""
    found = UBL.header.read(document)
    currency = found.get("currency", "EUR")
    lines = document.findall("{*}InvoiceLine") + document.findall("{*}CreditNoteLine")
    totals = {name: value for name, value in found.items() if "." not in name and "|" not in name}
    return CanonicalInvoice(
        system="boreal",
        bill_type=BillType.INVOICE,
        account="A-1",
        charges=[charge(line.findtext("{*}LineExtensionAmount", "0"), category=Category.USAGE) for line in lines],
        tax=UBL.tax_figures(document, currency).total,
        **{"number": "1", "type_code": "", "billed_on": date(2026, 1, 1), **totals, "currency": currency},
    )


def test_our_verdict_on_published_arithmetic_cases_is_the_published_one(shared_data: Path) -> None:
    judged = []
    for folder in ("ubl-en16931-unit", "peppol-bis3-unit"):
        for name, rule, is_success, document in cases(shared_data / folder):
            holds = rule not in rules(fragment(document))
            judged.append((name, etree.tostring(document), holds == is_success))
    assert len(judged) > 40
    assert [(name, text) for name, text, agrees in judged if not agrees] == []
