"""Castle: mainframe extracts that are damaged, that contradict themselves, and that are as they should be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_sources.adapters.castle import CASTLE
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.generator.castle import body
from billing_sources.generator.ebcdic import record
from billing_sources.normalize import normalize
from billing_sources.readers.julian import julian
from billing_sources.readers.values import Unreadable
from tests.billing_sources.castle_texts import (
    HASH,
    adjustment,
    bill,
    charge,
    end,
    extract,
    heading,
    key,
    read,
    read_bill,
    rejection,
    run,
)

# Files that cannot be read


def test_a_file_without_a_run_record_is_rejected() -> None:
    assert rejection(b"".join(map(record, bill(charge())))).rule == "CAS-0010"


def test_a_file_without_its_trailer_is_rejected_though_every_record_is_whole() -> None:
    assert rejection(b"".join(map(record, [run(), *bill(charge())]))).rule == "CAS-9999"


def test_a_hash_total_that_no_account_explains_rejects_the_file() -> None:
    issue = rejection(extract(*bill(charge()), hashed=HASH + 1))
    assert (issue.rule, issue.expected, issue.found) == ("CAS-HASH", str(HASH), str(HASH + 1))


@pytest.mark.parametrize("count", [0, 4, 6])
def test_a_trailer_that_counts_other_records_rejects_the_file(count: int) -> None:
    assert rejection(extract(*bill(charge()), count=count)).rule == "CAS-COUNT"


def test_a_run_record_that_counts_other_bills_than_the_trailer_rejects_the_file() -> None:
    text = extract(*bill(charge()))
    assert rejection(record(run(bills=2)) + text[len(record(run())) :]).rule == "CAS-COUNT"


def test_a_line_outside_of_any_bill_rejects_the_file() -> None:
    assert rejection(extract(charge())).rule == "CAS-ORDER"
    assert rejection(extract(end(2))).rule == "CAS-ORDER"


def test_a_record_that_is_longer_than_its_kind_rejects_the_file() -> None:
    issue = rejection(extract(*bill(charge() + b"\x40")))
    assert (issue.rule, issue.field) == ("CAS-LENGTH", "1700")


@pytest.mark.parametrize("text", [b"", b"\xf1", b"%PDF-1.7 no extract at all", b"\0" * 4000, b"\xff" * 100_000])
def test_what_is_no_extract_is_rejected(text: bytes) -> None:
    assert rejection(text).rule in {"CAS-0010", "EBC-RDW", "EBC-CUT"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_extract_is_read_or_rejected_and_nothing_else(data: st.DataObject) -> None:
    text = bytearray(extract(*bill(body("0900", key(premise="P1"), "Reno", "Mill St", "7"), charge(), adjustment(0))))
    for _ in range(data.draw(st.integers(1, 6))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(text))
    except FileRejected as rejected:
        assert rejected.issue.rule[:4] in {"CAS-", "EBC-"}


# Bills that cannot be read: the others go on


def test_a_bill_without_its_end_is_an_issue_and_the_next_one_is_read() -> None:
    found = read(
        extract(heading(), charge(), *bill(charge(), number="C126309002U"), bills=2, hashed=2 * HASH, total=20000)
    )
    assert isinstance(found[0], Issue) and isinstance(found[1], CanonicalInvoice)
    assert (found[0].rule, found[0].number, found[0].found) == ("CAS-9990", "C126309002T", "another record")
    assert found[1].number == "C126309002U"


@pytest.mark.parametrize(
    ("records", "rule", "field"),
    [
        ([heading(), charge(), end(4)], "CAS-9990", "9990 REC-CNT"),
        ([heading(), charge(), end(3, 9999)], "CAS-9990", "9990 CURRENT"),
        (bill(charge(), day="2026366"), "CAS-VALUE", "0100 BILL-DT"),
        (bill(charge(), day="2026000"), "CAS-VALUE", "0100 BILL-DT"),
        (bill(charge(), day="0000000"), "CAS-VALUE", "0100 BILL-DT"),
        (bill(charge(), due_day="20X6001"), "CAS-VALUE", "0100 DUE-DT"),
        (bill(charge()[:-6] + b"\x12\x34\x56\x78\x9a\xbc"), "CAS-VALUE", "1700 AMT"),
        (bill(charge(), kind="XX"), "CAS-TYPE", "0100 TYPE"),
        (bill(charge(), kind="RB"), "CAS-RB", "3400 ORIG-BILL"),
        (bill(charge(), kind="CN"), "CAS-SIGN", "0100 CURRENT"),
        (bill("7700".encode("cp1140") + charge()[4:]), "CAS-RECORD", "REC-TYPE"),
    ],
)
def test_a_bill_that_breaks_its_layout_is_an_issue_that_names_the_field(
    records: list[bytes], rule: str, field: str
) -> None:
    issue, totals = read(extract(*records))
    assert (issue.rule, issue.field, issue.number, issue.is_fatal) == (rule, field, "C126309002T", True)
    assert totals == ControlTotals(bills=1, amount=Decimal("100.00"), records=len(records) + 2)


def test_an_impossible_day_says_what_days_there_are() -> None:
    issue = read(extract(*bill(charge(), day="2026366")))[0]
    assert (issue.expected, issue.found) == ("a day from 001 to 365 of 2026", "2026366")


def test_a_leap_year_has_its_last_day_and_two_digits_turn_at_the_pivot() -> None:
    assert julian("2024366") == date(2024, 12, 31)
    assert (julian("69001"), julian("70001")) == (date(2069, 1, 1), date(1970, 1, 1))
    assert julian("26309", pivot=20) == date(1926, 11, 5)
    assert julian("0000000") is None and julian("     ") is None
    for text in ("2100366", "26366", "2026-09", "²026001", "202600"):
        with pytest.raises(Unreadable):
            julian(text)


def test_a_euro_sign_on_a_bill_in_dollars_is_doubted_and_the_bill_is_loaded() -> None:
    doubted = read_bill(*bill(charge(text="Port € 50")))
    assert [(flaw.rule, flaw.is_fatal) for flaw in doubted.flaws] == [("CAS-EURO", False)]
    assert doubted.charges[0].description == "Port € 50"
    euros = b"".join(map(record, [run("EUR"), *bill(charge(text="Port € 50"))]))
    assert read(euros + record(body("9999", {}, 1, 5, 10000, HASH)))[0].flaws == []


# What a bill says


def test_a_term_in_lower_case_is_the_same_term_and_is_kept_as_written() -> None:
    (found,) = read_bill(*bill(charge(rate_class="mrc"))).charges
    assert (found.category, found.source_term, found.is_mapped) == (Category.RECURRING, "mrc", True)


def test_class_and_usoc_together_say_more_than_the_class_alone() -> None:
    found = read_bill(*bill(charge(6000, "MRC", usoc="EQRENT"), charge(3000, "OCC", usoc="E911"), charge(1000, "OCC")))
    assert [c.category for c in found.charges] == [Category.EQUIPMENT, Category.SURCHARGE, Category.ONE_TIME]
    assert [c.source_term for c in found.charges] == ["MRC EQRENT", "OCC E911", "OCC"]


def test_five_tiers_become_account_service_period_and_charge() -> None:
    place = key(premise="P1")
    lines = [
        body("0900", place, "Reno", "1455 Mill St", "775"),
        body("1100", place, "REN/MPL/000123/MN", "CKT", "2026278"),
        body("1300", place, "2026278", "2026308", "N", 10000),
        charge(),
        body("0900", key(premise="P2"), "Tacoma", "", ""),
    ]
    found = read_bill(*bill(*lines))
    tree = [(account.external_id, account.parent, account.level, account.name) for account in found.accounts]
    assert tree == [
        ("0119820000", "", "parent account", "Harlow Freight"),
        ("0119821001", "0119820000", "account", "Harlow Freight"),
        ("P1", "0119821001", "premise", "Reno"),
        ("P2", "0119821001", "premise", "Tacoma"),
    ]
    (line,) = found.charges
    assert (line.account, line.service) == ("P1", "REN/MPL/000123/MN")
    assert (line.period_start, line.period_end) == (date(2026, 10, 5), date(2026, 11, 4))
    assert (line.quantity, line.unit_price, line.amount) == (1, 100, 100)


def test_usage_totals_are_shown_with_calls_and_minutes_and_not_added() -> None:
    total = body("2400", key(premise="P1"), "MIN", 412, 12345, 10000)
    found = read_bill(*bill(charge(rate_class="USG"), total))
    shown = found.charges[1]
    assert (shown.description, shown.quantity, shown.unit) == ("412 calls", Decimal("1234.5"), "MIN")
    assert shown.is_information_only and shown.category is Category.USAGE
    assert normalize(found, CASTLE).payable == 100


def test_carried_debt_ties_and_is_never_payable() -> None:
    lines = [body("0600", key(), "2026290", -8000, "LBX1"), adjustment(-500, original="C1262780065"), charge()]
    found = read_bill(*bill(*lines, previous=9000, payments=-8000, adjusted=-500, due=10500), total=10500)
    made = normalize(found, CASTLE)
    assert check(made) == []
    assert (found.payments_received, found.adjustments_prior, found.balance_forward) == (80, -5, 5)
    assert (made.payable, found.amount_due) == (100, 105)


def test_a_credit_note_is_negative_and_names_the_bill_it_refers_to() -> None:
    found = read_bill(*bill(adjustment(-2500, original="C1262780065"), kind="CN", current=-2500), total=-2500)
    made = normalize(found, CASTLE)
    assert check(made) == []
    assert (found.bill_type, found.preceding, made.payable) == (BillType.CREDIT_NOTE, "C1262780065", -25)


def test_a_rebill_says_whose_place_it_takes_and_a_final_bill_is_a_bill() -> None:
    rebill = read_bill(*bill(charge(), adjustment(0, "RBIL", "C1262780065"), kind="RB"))
    assert (rebill.bill_type, rebill.replaces, len(rebill.charges)) == (BillType.CORRECTED, "C1262780065", 1)
    final = read_bill(*bill(charge(), kind="FN"))
    assert (final.bill_type, final.type_code) == (BillType.INVOICE, "FN")


def test_taxes_for_information_are_not_added() -> None:
    def tax(amount: int, included: str) -> bytes:
        return body("1800", key(premise="P1"), "1", "NV", "ST", 10000, Decimal("6.85"), amount, included)

    found = read_bill(*bill(charge(), tax(685, "Y"), tax(700, "N"), current=10685), total=10685)
    assert check(normalize(found, CASTLE)) == []
    assert [(one.amount, one.rate_percent, one.is_included) for one in found.taxes] == [
        (Decimal("6.85"), Decimal("6.85"), True),
        (7, Decimal("6.85"), False),
    ]


def test_the_run_record_may_come_last() -> None:
    first = extract(*bill(charge()))
    head = record(run())
    last = first[len(head) :] + head
    moved = read(last)[0]
    assert (moved.cycle, moved.entity, moved.currency) == ("1", "CASTLE01", "USD")
    assert moved.charges[0].amount == 100


def test_low_values_are_a_mainframes_blanks() -> None:
    found = read_bill(*bill(charge(text="Port\0\0")))
    assert found.charges[0].description == "Port"
