"""Planted faults: what was planted is what a reader or a check meets, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing_sources import registry
from billing_sources.adapters.atlas import ATLAS
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, ControlTotals, FileRejected, Issue
from billing_sources.checks import RULES
from billing_sources.generator import (
    SYSTEMS,
    CycleOrder,
    billed_accounts,
    corrected_file,
    generate_cycle,
)
from tests.billing_sources.generated import (
    ADAPTERS,
    ATLAS_ORDER,
    BOREAL_ORDER,
    BOTH,
    bills,
    charged,
    issues_of,
    parsed,
    ties,
    write,
    written,
)


@BOTH
def test_a_truncated_file_is_rejected_whole(order: CycleOrder) -> None:
    text, manifest = written(replace(order, faults=("truncated",)))
    assert manifest.bills == 120
    with pytest.raises(FileRejected) as caught:
        parsed(text, ADAPTERS[order.system])
    assert caught.value.issue.rule == manifest.faults[0].rule


def test_a_wrong_group_count_rejects_an_x12_file() -> None:
    text, manifest = written(replace(ATLAS_ORDER, faults=("wrong_trailer",)))
    with pytest.raises(FileRejected, match="X12-GE01"):
        parsed(text, ATLAS)
    assert manifest.faults[0].rule == "X12-GE01"


def test_a_wrong_batch_trailer_declares_a_bill_more_than_the_file_holds() -> None:
    text, manifest = written(replace(BOREAL_ORDER, faults=("wrong_trailer",)))
    found = parsed(text, BOREAL)
    (declared,) = (totals.bills for totals in found if isinstance(totals, ControlTotals))
    assert manifest.faults[0].rule == "CONTROL-01"
    assert declared == manifest.bills + 1 == sum(isinstance(bill, CanonicalInvoice) for bill in found) + 1


@BOTH
def test_one_wrong_total_breaks_one_bill_and_no_other(order: CycleOrder) -> None:
    order = replace(order, faults=("wrong_total",))
    (fault,) = written(order)[1].faults
    issues = issues_of(order)
    assert {issue.number for issue in issues} == {fault.number}
    assert issues[0].rule == fault.rule


@BOTH
def test_an_unknown_term_leaves_charges_of_one_bill_unmapped(order: CycleOrder) -> None:
    order = replace(order, faults=("unknown_term",))
    (fault,) = written(order)[1].faults
    unmapped = {(bill.number, c.source_term) for bill in bills(order) for c in bill.charges if not c.is_mapped}
    assert unmapped == {(fault.number, "Orbital relay levy")}
    assert fault.rule in RULES


@BOTH
def test_a_duplicated_bill_stands_in_the_file_twice(order: CycleOrder) -> None:
    order = replace(order, faults=("duplicate_bill",))
    (fault,) = written(order)[1].faults
    numbers = [bill.number for bill in bills(order)]
    assert numbers.count(fault.number) == 2
    assert fault.rule in RULES
    assert len(numbers) == len(set(numbers)) + 1 == 201


@BOTH
@pytest.mark.parametrize("name", ["bad_date", "bad_amount"])
def test_an_unreadable_value_costs_one_bill_and_names_it(order: CycleOrder, name: str) -> None:
    text, manifest = written(replace(order, faults=(name,)))
    found = parsed(text, ADAPTERS[order.system])
    issues = [(issue.rule, issue.number) for issue in found if isinstance(issue, Issue)]
    assert issues == [(manifest.faults[0].rule, manifest.faults[0].number)]
    assert sum(isinstance(bill, CanonicalInvoice) and bill.is_payable for bill in found) == 199


@BOTH
def test_several_faults_lie_in_different_bills(order: CycleOrder) -> None:
    asked = ("wrong_total", "unknown_term", "duplicate_bill", "bad_date", "bad_amount")
    _, manifest = written(replace(order, faults=asked))
    assert tuple(fault.fault for fault in manifest.faults) == asked
    assert len({fault.number for fault in manifest.faults}) == len(asked)


@BOTH
def test_a_reissue_repeats_earlier_numbers_with_lower_amounts(order: CycleOrder) -> None:
    _, second = generate_cycle(replace(order, faults=("reissue",)))
    text, manifest = write(second)
    earlier = {bill.number: bill for bill in bills(replace(order, billed_on=date(2026, 10, 20)))}
    found = [b for b in parsed(text, ADAPTERS[order.system]) if isinstance(b, CanonicalInvoice)]
    assert [bill.number for bill in found if bill.number in earlier] == [bill.number for bill in found]
    assert len(found) == manifest.bills == 3
    assert all(charged(bill) < charged(earlier[bill.number]) and ties(bill) for bill in found)


def test_a_corrected_file_refuses_numbers_of_another_cycle_or_of_several_days() -> None:
    for numbers in (["A2-20261120-101"], ["A1-20261120-999"], ["A1-20261120-101", "A1-20261020-101"], ["?"], []):
        with pytest.raises(ValueError):
            corrected_file(ATLAS_ORDER, numbers, 10)


def test_a_corrected_file_can_raise_amounts() -> None:
    number = "B1-20261120-103"
    text, _ = write(corrected_file(BOREAL_ORDER, [number], 10))
    (raised,) = (bill for bill in parsed(text, BOREAL) if isinstance(bill, CanonicalInvoice))
    (first,) = (bill for bill in bills(BOREAL_ORDER) if bill.number == number)
    assert raised.amount_due is not None and first.amount_due is not None
    assert raised.amount_due > first.amount_due


@pytest.mark.parametrize(
    "change",
    [{"system": "zeppelin"}, {"accounts": 0}, {"charges": 0}, {"currencies": ("JPY",)}, {"faults": ("fire",)}],
)
def test_an_order_that_cannot_be_written_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        list(generate_cycle(replace(ATLAS_ORDER, **change)))


def test_a_customer_without_a_site_that_the_system_serves_gets_no_account() -> None:
    names = {account.customer.name for account in billed_accounts(BOREAL_ORDER)}
    assert "Delmar County Schools" not in names
    assert "Alderby Kommun" in names


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_bill_that_cannot_be_read_tells_its_account_all_the_same(system: str) -> None:
    order = replace(ATLAS_ORDER, system=system, accounts=20, invoices=20)
    adapter = registry.ADAPTERS[system]
    whole, spoilt = (parsed(written(each)[0], adapter) for each in (order, replace(order, faults=("bad_date",))))
    accounts = {bill.number: bill.account for bill in whole if isinstance(bill, CanonicalInvoice)}
    ((number, account),) = [
        (issue.number, issue.account) for issue in spoilt if isinstance(issue, Issue) and issue.is_fatal
    ]
    assert account == accounts[number] != ""
