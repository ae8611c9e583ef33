"""Delta's bills: TMF678 versions 4 and 5, hostile first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import billing_sources
from billing_sources.adapter import Outcome
from billing_sources.adapters.delta import DELTA
from billing_sources.canonical import CanonicalInvoice, ControlTotals, FileRejected, Issue
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


def test_the_acknowledgement_says_what_became_of_the_pages() -> None:
    assert DELTA.acknowledge is not None
    issue = Issue("BR-CO-13", number="D-7", field="tax_excluded", found="865.50")
    outcome = Outcome("customerBill-1", True, 25, Decimal("100.10"), 1, (issue,), datetime(2026, 11, 21, tzinfo=UTC))
    (reply,) = DELTA.acknowledge(BytesIO(), outcome)
    event = json.loads(reply.content, parse_float=Decimal)["event"]
    assert (reply.name, event["state"], event["bills"], event["held"]) == ("customerBill-1.json", "accepted", 25, 1)
    assert (event["amountDue"], event["issue"][0]["billNo"]) == (Decimal("100.10"), "D-7")


def test_a_nul_in_a_text_holds_its_bill_alone() -> None:
    found = read(
        tmf_bill(billNo="D-\0"), tmf_bill(id="CB-2", billNo="D-2"), rate(bill={"id": "CB-2"}), rate(name="A\0")
    )
    assert [(one.number, one.rule, one.found) for one in found if isinstance(one, Issue) and one.is_fatal] == [
        ("D-\0", "TMF-VALUE", "a NUL in a text")
    ]
    assert [one.number for one in found if isinstance(one, CanonicalInvoice)] == ["D-2"]
    assert rules(tmf_bill(note="a backslash, and \\u0000"), rate()) == []
