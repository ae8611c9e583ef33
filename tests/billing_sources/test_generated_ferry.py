"""Ferry's generated bills, as a file and through a database of jBilling's shape."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from billing_sources.adapters.ferry import FERRY
from billing_sources.canonical import CanonicalInvoice, Category, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.generator import CycleOrder
from billing_sources.normalize import normalize
from billing_sources.transports import Place
from portal.demo import ferry_database
from tests.billing_sources.bills import Desk, rules
from tests.billing_sources.generated import written
from tests.billing_sources.jbilling_texts import bills_in, parsed

ORDER = CycleOrder("ferry", customers=16, accounts=40, invoices=60, seed=7, billed_on=date(2026, 11, 20))


def verdicts(read: list[Any]) -> list[Issue]:
    """Of reader and checks together."""
    found: list[Issue] = [item for item in read if isinstance(item, Issue)]
    for invoice in bills_in(read):
        found += check(bill := normalize(invoice, FERRY))
        found += [Issue("VOCAB-01", number=invoice.number) for _ in bill.unmapped]
    return found


def test_every_bill_ties_to_the_cent_and_the_file_to_its_end() -> None:
    content, manifest = written(ORDER)
    read = parsed(content)
    bills = bills_in(read)
    assert verdicts(read) == []
    assert len(bills) == manifest.bills == 60
    assert sum(bill.amount_due or 0 for bill in bills) == manifest.amount_due
    assert sum(bill.tax or 0 for bill in bills) == manifest.tax_total
    assert {bill.currency for bill in bills} == {"USD", "CAD", "AUD"}
    assert any(bill.previous_balance for bill in bills)
    assert {len(bill.accounts) for bill in bills} >= {2, 3}  # customer, sub-account, its branches


def test_calls_add_up_to_their_charge() -> None:
    bills = bills_in(parsed(written(ORDER)[0]))
    explained = 0
    for bill in bills:
        for charge in bill.charges:
            calls = [call.amount for call in bill.usage if call.charge == charge.position]
            if calls:
                explained += 1
                assert (charge.category, sum(calls)) == (Category.USAGE, charge.amount)
    assert explained > 20
    assert all(call.charge for bill in bills for call in bill.usage)


@pytest.mark.parametrize("fault", ["wrong_total", "unknown_term", "bad_date", "bad_amount"])
def test_a_planted_fault_fires_its_rule_and_no_other(fault: str) -> None:
    content, manifest = written(replace(ORDER, faults=(fault,)))
    [planted] = manifest.faults
    assert [(issue.rule, issue.number) for issue in verdicts(parsed(content))] == [(planted.rule, planted.number)]


def test_a_cut_file_is_refused() -> None:
    content, manifest = written(replace(ORDER, faults=("truncated",)))
    with pytest.raises(FileRejected) as refused:
        parsed(content)
    assert refused.value.issue.rule == manifest.faults[0].rule == "FERRY-CUT"


@pytest.mark.parametrize(("fault", "expected"), [("duplicate_bill", ["DUP-01"]), ("wrong_trailer", ["CONTROL-01"])])
def test_a_fault_of_the_file_is_found_when_it_is_imported(desk: Desk, fault: str, expected: list[str]) -> None:
    content, _ = written(replace(ORDER, invoices=12, accounts=12, faults=(fault,)))
    path = desk.folder / "ferry.jsonl"
    path.write_bytes(content)
    assert rules(desk.take("ferry", path)) == expected


def test_bills_come_back_from_the_database_as_they_went_in(worker_id: str) -> None:
    from tests.databases import url

    content, manifest = written(ORDER)
    reader = ferry_database.create(url("postgres"), f"ferry_{worker_id}")
    with psycopg.connect(url(f"ferry_{worker_id}")) as owner:
        assert ferry_database.fill(owner, BytesIO(content)) == manifest.bills
    [fetched] = FERRY.transport.fetch(Place(Path("nowhere"), {"URL": reader}))
    back, went = told(parsed(fetched.open().read())), told(parsed(content))
    assert back == went


def told(read: list[Any]) -> dict[str, CanonicalInvoice]:
    """By number, without where they stood."""
    bills = {bill.number: bill for bill in bills_in(read)}
    for bill in bills.values():
        bill.origin = ""
        parts: list[Any] = [*bill.charges, *bill.taxes, *bill.usage]
        for part in parts:
            part.origin = ""
        bill.usage.sort(key=lambda call: (call.charge, call.started_at))
    return bills


def test_noise_is_in_the_file_and_not_in_the_bills() -> None:
    content, _ = written(ORDER)
    assert b"0000001" in content
    amounts = [charge.amount for bill in bills_in(parsed(content)) for charge in bill.charges]
    assert any(amount % Decimal("0.01") for amount in amounts)  # what was taken off is shown
    counted = (c for bill in bills_in(parsed(content)) for c in bill.charges if not c.is_information_only)
    assert not any(charge.amount % Decimal("0.01") for charge in counted)
