"""The generator of bill files: what it writes is what the sources read, to the cent, month after month."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import BillType, CanonicalInvoice, Category
from billing_sources.generator import (
    FAULTS,
    FORMATS,
    CycleOrder,
    billed_accounts,
    customers,
    generate_cycle,
)
from billing_sources.generator.plan import Plan
from tests.billing_sources.generated import (
    ATLAS_ORDER,
    BOREAL_ORDER,
    BOTH,
    CENT,
    bills,
    charged,
    issues_of,
    parsed,
    taxed,
    ties,
    written,
)


@BOTH
def test_a_file_without_faults_raises_no_issue(order: CycleOrder) -> None:
    assert issues_of(order) == []


@pytest.mark.parametrize("system", ["atlas", "boreal"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_bill_is_read_back_with_the_figures_of_the_manifest(system: str, seed: int) -> None:
    order = CycleOrder(system, 20, 90, 150, seed, date(2026, 2, 28), cycle="7", charges=12)
    found = bills(order)
    _, manifest = written(order)
    assert len(found) == manifest.bills == 150
    assert sum(len(bill.charges) for bill in found) == manifest.charges
    assert sum(bill.amount_due or 0 for bill in found) == manifest.amount_due
    assert sum(map(charged, found)) == manifest.charge_total
    assert sum(map(taxed, found)) == manifest.tax_total
    assert all(ties(bill) for bill in found)
    assert all(charge.is_mapped for bill in found for charge in bill.charges)


def test_seeds_vary_the_delimiters_of_the_interchange() -> None:
    heads = {written(replace(ATLAS_ORDER, invoices=1, seed=seed))[0][3:4] for seed in range(20)}
    assert heads == {b"*", b"~", b"|"}


@BOTH
def test_the_categories_read_are_those_that_were_meant(order: CycleOrder) -> None:
    read = {charge.category for bill in bills(order) for charge in bill.charges}
    assert read >= {
        Category.RECURRING,
        Category.USAGE,
        Category.ONE_TIME,
        Category.EQUIPMENT,
        Category.DISCOUNT,
        Category.ADJUSTMENT,
        Category.SURCHARGE,
    }


def test_a_statement_ties_from_its_previous_balance_to_its_total_due() -> None:
    statements = [bill for bill in bills(ATLAS_ORDER) if bill.previous_balance is not None]
    assert len(statements) > 100
    for bill in statements:
        assert bill.payments_received is not None and bill.adjustments_prior is not None
        assert bill.previous_balance is not None and bill.tax_included is not None
        carried = bill.previous_balance - bill.payments_received + bill.adjustments_prior
        assert bill.balance_forward == carried >= 0
        assert bill.amount_due == carried + bill.tax_included


def test_the_previous_balance_is_what_last_month_left_due() -> None:
    months = [date(2026, month, 20) for month in (8, 9, 10, 11)]
    due: dict[str, Decimal | None] = {}
    compared = 0
    for month in months:
        for bill in bills(replace(ATLAS_ORDER, billed_on=month, invoices=120)):
            if bill.previous_balance is not None:
                if bill.account in due:
                    assert bill.previous_balance == due[bill.account]
                    compared += 1
                due[bill.account] = bill.amount_due
    assert compared > 300


def test_some_debt_is_carried_and_bears_a_late_fee() -> None:
    late = [bill for bill in bills(ATLAS_ORDER) if any(c.category == Category.LATE_FEE for c in bill.charges)]
    assert late
    assert all(bill.balance_forward for bill in late)


def test_informational_taxes_and_memo_sets_stand_beside_what_counts() -> None:
    found = [bill for bill in parsed(written(ATLAS_ORDER)[0], ATLAS) if isinstance(bill, CanonicalInvoice)]
    assert any(not tax.is_included for bill in found for tax in bill.taxes)
    assert any(bill.bill_type == BillType.MEMO and not bill.is_payable for bill in found)


def test_european_bills_show_credit_zero_negative_prepaid_and_rounded_payables() -> None:
    found = bills(replace(BOREAL_ORDER, accounts=400, invoices=600))
    credits = [bill for bill in found if bill.bill_type == BillType.CREDIT_NOTE]
    ordinary = [bill for bill in found if bill.bill_type == BillType.INVOICE]
    assert credits and all(bill.amount_due is not None and bill.amount_due < 0 for bill in credits)
    assert all(bill.preceding.startswith("B1-20261020-") for bill in credits)
    assert any(bill.amount_due == 0 for bill in ordinary)
    assert any(bill.amount_due is not None and bill.amount_due < 0 for bill in ordinary)
    assert any(bill.prepaid for bill in ordinary) and any(bill.allowance_total for bill in ordinary)
    assert any(bill.charge_total for bill in ordinary)
    assert {bill.currency for bill in found} == {"SEK", "EUR", "DKK", "NOK"}
    assert all(bill.amount_due % 1 == 0 for bill in found if bill.currency == "SEK" and bill.amount_due is not None)


def test_the_currencies_asked_for_are_the_only_ones() -> None:
    assert {bill.currency for bill in bills(replace(BOREAL_ORDER, currencies=("EUR",)))} == {"EUR"}


# EN 16931: the arithmetic of the documents as written, without our own readers


def test_every_ubl_document_obeys_the_arithmetic_of_en_16931() -> None:
    documents = list(_documents("Invoice", "CreditNote"))
    assert len(documents) > 100
    for document in documents:
        figure = _Figures(document)
        allowances, charges = figure("//cbc:AllowanceTotalAmount"), figure("//cbc:ChargeTotalAmount")
        net = figure("//cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount")
        tax, gross = figure("cac:TaxTotal/cbc:TaxAmount"), figure("//cbc:TaxInclusiveAmount")
        lines = figure("//cac:LegalMonetaryTotal/cbc:LineExtensionAmount")
        line = "*[self::cac:InvoiceLine or self::cac:CreditNoteLine]"
        assert lines == figure.sum(f"{line}/cbc:LineExtensionAmount")  # BR-CO-10
        assert allowances == figure.sum("cac:AllowanceCharge[cbc:ChargeIndicator='false']/cbc:Amount")  # BR-CO-11
        assert charges == figure.sum("cac:AllowanceCharge[cbc:ChargeIndicator='true']/cbc:Amount")  # BR-CO-12
        assert net == lines - allowances + charges  # BR-CO-13
        assert tax == figure.sum("//cac:TaxSubtotal/cbc:TaxAmount")  # BR-CO-14
        assert gross == net + tax  # BR-CO-15
        prepaid, rounding = figure("//cbc:PrepaidAmount"), figure("//cbc:PayableRoundingAmount")
        assert figure("//cbc:PayableAmount") == gross - prepaid + rounding  # BR-CO-16
        for subtotal in map(_Figures, figure.all("//cac:TaxSubtotal")):
            share = subtotal("cbc:TaxableAmount") * subtotal("cac:TaxCategory/cbc:Percent") / 100
            assert subtotal("cbc:TaxAmount") == share.quantize(CENT, ROUND_HALF_UP)  # BR-CO-17
        assert net == figure.sum("//cac:TaxSubtotal/cbc:TaxableAmount")
        for row in map(_Figures, figure.all(line)):
            quantity = row("cbc:InvoicedQuantity") or row("cbc:CreditedQuantity")
            price = row("cac:Price/cbc:PriceAmount")
            assert price >= 0  # BR-27
            assert row("cbc:LineExtensionAmount") == quantity * price


def test_every_exemption_states_its_reason_and_no_other_category_does() -> None:
    seen = set()
    for document in _documents("Invoice", "CreditNote"):
        for subtotal in _Figures(document).all("//cac:TaxSubtotal/cac:TaxCategory"):
            category = subtotal.findtext("cbc:ID", namespaces=_NAMESPACES)
            reason = subtotal.findtext("cbc:TaxExemptionReason", namespaces=_NAMESPACES)
            assert bool(reason) == (category in {"E", "AE", "G"})
            seen.add(category)
    assert seen == {"S", "Z", "E", "AE", "G"}


def test_the_same_bill_reads_alike_whether_ubl_or_cii_carries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from billing_sources.generator import batch, cii, ubl

    def read_as(syntax: Any) -> list[CanonicalInvoice]:
        monkeypatch.setattr(batch, "ubl", syntax)
        monkeypatch.setattr(batch, "cii", syntax)
        found = bills(BOREAL_ORDER)
        for bill in found:
            bill.origin = ""
            for charge in bill.charges:
                charge.origin = ""
            for tax in bill.taxes:
                tax.origin = ""
            for figure in ("allowance_total", "charge_total"):  # CII must state them, UBL may leave out a zero
                setattr(bill, figure, getattr(bill, figure) or None)
        return found

    assert read_as(ubl) == read_as(cii)


_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


class _Figures:
    """Amounts of one element, by XPath; 0 where there is none."""

    def __init__(self, element: Any) -> None:
        self._element = element

    def __call__(self, path: str) -> Decimal:
        found = self.all(path)
        return Decimal(found[0].text) if found else Decimal(0)

    def sum(self, path: str) -> Decimal:
        return sum((Decimal(element.text) for element in self.all(path)), Decimal(0))

    def all(self, path: str) -> list[Any]:
        return list(self._element.xpath(path.replace("//", ".//"), namespaces=_NAMESPACES))


def _documents(*names: str) -> Iterator[Any]:
    root = etree.fromstring(written(replace(BOREAL_ORDER, invoices=300, accounts=300))[0])
    return (element for element in root if etree.QName(element).localname in names)


# History: months fit together


@BOTH
def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(order: CycleOrder) -> None:
    assert written(order)[0] == written(order)[0]
    assert written(order)[0] != written(replace(order, seed=8))[0]


@BOTH
def test_accounts_and_services_stay_while_numbers_and_amounts_move(order: CycleOrder) -> None:
    later = {bill.number: bill for bill in bills(replace(order, billed_on=date(2026, 12, 20)))}
    for bill in bills(order):
        next_bill = later[bill.number.replace("20261120", "20261220")]
        assert (next_bill.account, next_bill.buyer, next_bill.currency) == (bill.account, bill.buyer, bill.currency)
    before, after = (
        {charge.service for bill in found for charge in bill.charges if charge.service}
        for found in (bills(order), later.values())
    )
    assert len(before & after) > 0.9 * len(before | after)
    assert before - after and after - before


@BOTH
def test_most_bills_move_by_a_few_percent_from_month_to_month(order: CycleOrder) -> None:
    later = {bill.number[-3:]: charged(bill) for bill in bills(replace(order, billed_on=date(2026, 12, 20)))}
    ratios = [later[bill.number[-3:]] / charged(bill) for bill in bills(order)]
    assert sum(Decimal("0.92") < ratio < Decimal("1.08") for ratio in ratios) > 0.7 * len(ratios)
    assert sum(ratio != 1 for ratio in ratios) > 0.7 * len(ratios)


def test_numbers_are_unique_over_systems_cycles_and_months() -> None:
    orders = [
        replace(order, cycle=cycle, billed_on=date(2026, month, 20), invoices=50)
        for order in (ATLAS_ORDER, BOREAL_ORDER)
        for cycle in ("1", "2")
        for month in (9, 10)
    ]
    numbers = [bill.number for order in orders for bill in bills(order)]
    assert len(set(numbers)) == len(numbers) == 400


def test_an_account_belongs_to_one_cycle_and_one_customer() -> None:
    accounts = [a for cycle in "123" for a in billed_accounts(replace(ATLAS_ORDER, cycle=cycle))]
    assert len({account.external_id for account in accounts}) == len(accounts) == 360
    assert all(account.customer.digits in account.external_id for account in accounts)


@BOTH
def test_the_account_trees_told_are_those_that_the_bills_speak_of(order: CycleOrder) -> None:
    known = {node.external_id: node for account in billed_accounts(order) for node in account.tree()}
    for bill in bills(order):
        for account in bill.accounts:
            assert known[account.external_id].parent == account.parent
    by_id = {account.external_id: account for account in billed_accounts(order)}
    assert all(by_id[bill.account].customer.name == bill.buyer for bill in bills(order))


def test_the_calls_of_a_usage_charge_add_up_to_it_to_the_last_thousandth() -> None:
    plan = Plan(replace(ATLAS_ORDER, calls=9))
    found = [plan.bill(index) for index in range(60)]
    explained = 0
    for bill in found:
        assert [call.started_at for call in bill.calls if call.started_at.date() < bill.period_start] == []
        for position, charge in enumerate(bill.charges, start=1):
            calls = [call for call in bill.calls if call.charge == position]
            assert bool(calls) == (charge.category == Category.USAGE)
            if calls:
                assert sum(call.amount for call in calls) == charge.amount * 1000
                assert sum(call.quantity for call in calls) == charge.quantity
                assert all(bill.period_start <= call.started_at.date() <= bill.period_end for call in calls)
                explained += 1
    assert explained > 20
    assert not any(bill.calls for bill in map(Plan(ATLAS_ORDER).bill, range(60)))


def test_a_larger_carrier_contains_the_smaller_one_and_no_name_comes_twice() -> None:
    assert customers(7, 40)[:16] == customers(8, 16)
    assert customers(7, 1)[0].name == "Harlow Freight Group"
    assert len({customer.name for customer in customers(7, 300)}) == 300
    assert len({customer.number for customer in customers(7, 300)}) == 300


def test_bills_are_remitted_to_the_carriers_own_addresses() -> None:
    for order in (ATLAS_ORDER, BOREAL_ORDER):
        bill = bills(order)[0]
        remit_to = FORMATS[order.system].remit_to
        assert bill.remit_to[:2] == (remit_to.name, remit_to.street)
        assert bill.seller_id == remit_to.seller_id


# The command, and files too large for memory


@BOTH
def test_memory_does_not_grow_with_the_file(order: CycleOrder) -> None:
    class Sink(BytesIO):
        size = 0

        def write(self, text: Any) -> int:
            Sink.size += len(text)
            return len(text)

    tracemalloc.start()
    next(generate_cycle(replace(order, accounts=50, invoices=1000))).write(Sink())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Sink.size > 1_500_000
    assert peak < Sink.size / 5


def test_the_command_writes_finished_files_and_says_what_they_hold(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--accounts=20", "--invoices=30", "--billed-on=2026-11-20", "--cycle=3", "--faults=unknown_term,reissue"]
    call_command("generate_cycle", "atlas", *options, f"--out={tmp_path}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A3-20261020-corrected.x12", "A3-20261120.x12"]
    told = capsys.readouterr().out
    assert "A3-20261120.x12: 30 bills" in told
    assert "planted unknown_term A3-20261120-" in told


def test_the_command_refuses_a_fault_that_is_not_on_the_list(tmp_path: Any) -> None:
    with pytest.raises(CommandError, match="truncated"):
        call_command("generate_cycle", "boreal", "--faults=fire", f"--out={tmp_path}")
    assert FAULTS.keys().isdisjoint({"fire"})
    assert not list(tmp_path.iterdir())
