"""Utility statements: five tiers as accounts, charges and calls, and nothing of it payable."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import billing_sources
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import BillType, CanonicalInvoice, Category
from billing_sources.checks import check
from billing_sources.normalize import normalize
from tests.billing_sources.boreal_texts import batch, read, read_issue, read_one, ubl

TEXT = (Path(billing_sources.__file__).parent / "samples" / "boreal" / "utility_statement.xml").read_text()
BARE = TEXT.split("?>", 1)[1]
POINT = "5790001119825/AAR/571313100000123456"


def test_a_statement_explains_and_is_never_payable():
    memo = read_one(TEXT.encode())
    assert (memo.bill_type, memo.is_payable, memo.preceding) == (BillType.MEMO, False, "DK-77031")
    bill = normalize(memo, BOREAL)
    assert (bill.payable, bill.total) == (0, Decimal("1392.05"))
    assert not [issue for issue in check(bill) if issue.is_fatal]


def test_subscriber_and_consumption_point_are_nodes_below_the_customer():
    accounts = [(node.external_id, node.parent, node.level) for node in read_one(TEXT.encode()).accounts]
    assert accounts == [
        ("5790001119825", "", "customer"),
        ("5790001119825/AAR", "5790001119825", "subscriber"),
        (POINT, "5790001119825/AAR", "consumption point"),
    ]


def test_lines_are_charges_of_their_point_and_meter():
    calls, energy = read_one(TEXT.encode()).charges
    assert (calls.category, calls.service, calls.account, calls.amount) == (
        Category.USAGE,
        "+4587310001",
        POINT,
        Decimal("3.25"),
    )
    assert (energy.category, energy.service, energy.unit, energy.quantity) == (Category.USAGE, "M-8812", "KWH", 1240)


def test_the_calls_of_a_line_add_up_to_it():
    memo = read_one(TEXT.encode())
    assert sum(call.amount for call in memo.usage if call.charge == 1) == memo.charges[0].amount
    assert [(str(call.started_at), call.other_party, call.quantity) for call in memo.usage] == [
        ("2026-02-03 09:14:05", "+46840001122", 255),
        ("2026-02-04 16:40:00", "+4533120000", 135),
    ]


@pytest.mark.parametrize(
    ("old", "new", "rule", "field"),
    [
        ("<cbc:ID>US-5519</cbc:ID>", "", "EN-MISSING", "number"),
        ("2026-03-02", "2026-02-30", "EN-VALUE", "billed_on"),
        ("09:14:05", "25:00:00", "EN-VALUE", "usage.started_at"),
        ("<cbc:CallDate>2026-02-03</cbc:CallDate>", "", "EN-MISSING", "usage.started_at"),
        (
            '<cbc:LineExtensionAmount currencyID="DKK">1388.80</cbc:LineExtensionAmount>',
            "",
            "EN-MISSING",
            "charge.amount",
        ),
    ],
)
def test_a_statement_that_cannot_be_read_is_an_issue(old, new, rule, field):
    assert old in TEXT
    issue = read_issue(TEXT.replace(old, new).encode())
    assert (issue.rule, issue.field) == (rule, field)


def test_statements_and_bills_share_a_batch():
    found = read(batch(ubl(number="A"), BARE, ubl(number="B")))
    assert [part.number for part in found if isinstance(part, CanonicalInvoice)] == ["A", "US-5519", "B"]
    assert [part.origin for part in found if isinstance(part, CanonicalInvoice)][1] == "UtilityStatement[1]"
