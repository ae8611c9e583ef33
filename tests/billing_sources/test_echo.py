"""Echo's statements: pipe-delimited records of many types (formats.md, appendix B)."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import pytest

from billing_sources.adapter import Parsed
from billing_sources.adapters.echo import ECHO
from billing_sources.canonical import BillType, CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from tests.billing_sources.echo_texts import CEDAR, CODES, HARBOR, HEADER, SEPARATE, statements, trailer


def parsed(text: bytes) -> list[Parsed]:
    return list(ECHO.read(BytesIO(text), ECHO))


def bills(*records: str, **fields: str) -> list[CanonicalInvoice]:
    return [one for one in parsed(statements(*records, **fields)) if isinstance(one, CanonicalInvoice)]


def harbor() -> CanonicalInvoice:
    return bills()[0]


def rules_of(bill: CanonicalInvoice) -> list[str]:
    return [issue.rule for issue in check(normalize(bill, ECHO)) if issue.is_fatal]


def with_harbor(old: str, new: str) -> list[str]:
    """The file's records, one text of Harbor's changed."""
    changed = [record.replace(old, new) for record in HARBOR]
    assert changed != list(HARBOR)
    return [*changed, *CEDAR]


def rejection(text: bytes) -> Issue:
    with pytest.raises(FileRejected) as caught:
        parsed(text)
    return caught.value.issue


# Hostile files


@pytest.mark.parametrize(
    "text",
    [
        b"0000|",
        b"0000|BILL|ECHO|WIRELESS|07|F",
        f"{HEADER}\n".encode(),
        statements()[:700],
        statements().rpartition(b"9999|")[0],
        b"0000|\xff\xfe\x00",
        statements() + statements(),
        statements() + b"1000|W7-1009|x\r\n",
    ],
)
def test_a_file_that_does_not_begin_and_end_as_it_must_is_rejected_whole(text: bytes) -> None:
    assert rejection(text).rule


def test_a_file_cut_in_a_record_names_the_line() -> None:
    issue = rejection(statements()[:-40])
    assert (issue.rule, issue.position) == ("DLM-END", "line 35")


def test_a_nul_byte_is_named_and_nothing_is_read() -> None:
    assert rejection(statements().replace(b"Business", b"Busi\0ness")).rule == "TEXT-NUL"


def test_a_line_of_ten_megabytes_is_refused_before_it_is_held() -> None:
    text = f"{HEADER}\n".encode() + b"120|X|" + b"y" * 10_000_000
    assert rejection(text).rule == "TEXT-LINE"


def test_a_gzip_bomb_is_refused_before_it_has_unpacked_far() -> None:
    bomb = gzip.compress(f"{HEADER}\n".encode() + (b"120|X|" + b"y" * 1000 + b"\n") * 70_000, 6)
    issue = rejection(bomb)
    assert issue.rule == "GZIP-BOMB"
    assert int(issue.position.split()[1]) < 50 << 20


@pytest.mark.parametrize(("cut", "rule"), [(-12, "GZIP-END"), (60, "GZIP-END")])
def test_gzip_that_was_cut_is_no_shorter_file(cut: int, rule: str) -> None:
    assert rejection(gzip.compress(statements())[:cut]).rule == rule


def test_damaged_gzip_is_rejected() -> None:
    packed = bytearray(gzip.compress(statements()))
    packed[len(packed) // 2] ^= 0xFF
    assert rejection(bytes(packed)).rule in {"GZIP-DATA", "GZIP-END"}


def test_packed_files_one_behind_the_other_are_one_file() -> None:
    text = statements()
    packed = gzip.compress(text[:300]) + gzip.compress(text[300:])
    assert len([one for one in parsed(packed) if isinstance(one, CanonicalInvoice)]) == 2


def test_utf8_where_windows_1252_was_said_is_read_and_told() -> None:
    read = parsed(statements(encoding="utf-8"))
    (issue,) = (one for one in read if isinstance(one, Issue))
    assert (issue.rule, issue.expected, issue.found, issue.is_fatal) == ("TEXT-ENCODING", "cp1252", "utf-8", False)


def test_windows_1252_needs_no_note() -> None:
    assert not [one for one in parsed(statements(encoding="cp1252")) if isinstance(one, Issue)]


@pytest.mark.parametrize("column", ["|Business 40 (shared", "|Business 40 (shared)|"])
def test_a_record_with_a_column_too_few_or_too_many_holds_its_bill_alone(column: str) -> None:
    old = "|Business 40 (shared)" if column.endswith("|") else "|Business 40 (shared)|"
    first, second = bills(*with_harbor(old, column))
    assert "DLM-RECORD" in rules_of(first)
    assert rules_of(second) == []


def test_a_record_type_that_nobody_knows_may_hold_money_and_holds_its_bill() -> None:
    first, second = bills(*HARBOR, "3150|W7-1001|x|99.00", *CEDAR)
    assert rules_of(first) == ["DLM-RECORD"]
    assert rules_of(second) == []


def test_a_charge_of_another_statement_is_not_slipped_under_this_one() -> None:
    stray = CEDAR[3]
    first, _ = bills(*HARBOR, stray, *CEDAR)
    issue = next(issue for issue in first.flaws if issue.rule == "DLM-ORDER")
    assert (issue.expected, issue.found) == ("W7-1001", "W7-1002")
    assert len(first.charges) == 5


def test_a_charge_before_any_statement_rejects_the_file() -> None:
    assert rejection(statements(CEDAR[3], *SEPARATE)).rule == "DLM-ORDER"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("|2|30.00|60.00", "|2|30.00|6O.00", "3100.12"),
        ("|2|30.00|60.00", "|2|30.00|1e2", "3100.12"),
        ("|2|30.00|60.00", "|2|30.00|NaN", "3100.12"),
        ("|2|30.00|60.00", "|2|30.00|(-60.00)", "3100.12"),
        ("|2|30.00|60.00", "|2|30.00|", "3100.12"),
        ("|2|30.00|60.00", "|2|30.00|60,00", "3100.12"),
        ("|10072026|11062026|2|", "|13412026|11062026|2|", "3100.8"),
        ("|10082026|093000|", "|10082026|256199|", "4000.7"),
        ("|12072026|USD", "|12072026|DOLLAR", "1000.15"),
    ],
)
def test_a_text_that_is_no_value_is_named_and_holds_its_bill(old: str, new: str, field: str) -> None:
    first, second = bills(*with_harbor(old, new))
    assert field in {issue.field for issue in first.flaws if issue.rule == "DLM-VALUE"}
    assert rules_of(second) == []


def test_a_statement_whose_date_cannot_be_read_is_one_fatal_issue_with_its_number() -> None:
    read = parsed(statements(*with_harbor("|11072026|", "|13412026|")))
    (issue,) = (one for one in read if isinstance(one, Issue))
    assert (issue.rule, issue.number, issue.field, issue.is_fatal) == ("DLM-VALUE", "W7-1001", "1000.5", True)


def test_a_file_of_another_system_is_not_ours() -> None:
    issue = rejection(statements().replace(b"|ECHO|", b"|ROMEO|"))
    assert (issue.rule, issue.field, issue.expected) == ("DLM-VALUE", "0000.3", "ECHO")


def test_a_trailer_that_counts_other_records_rejects_the_file() -> None:
    assert rejection(statements().replace(b"9999|36|", b"9999|37|")).rule == "DLM-RECORDS"


def test_statements_twice_are_both_read_so_that_the_second_can_be_held() -> None:
    numbers = [bill.number for bill in bills(*HARBOR, *HARBOR, *CEDAR)]
    assert numbers == ["W7-1001", "W7-1001", "W7-1002"]


# Roll-ups


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("60.00|6.90|(7.50)|15.00|3.73|78.13", "61.00|6.90|(7.50)|15.00|3.73|78.13", "3000.6"),
        ("|6.90|(7.50)|", "|6.80|(7.50)|", "2000.12"),
        ("15.00|3.73|78.13", "15.00|3.73|78.14", "2000.16"),
        ("|15.00|78.13|93.13", "|15.00|79.13|94.13", "1000.12"),
        ("|120.00|(100.00)|", "|120.00|(90.00)|", "1000.9"),
        ("GOODWILL|Late delivery (October)|(5.00)", "GOODWILL|Late delivery (October)|(4.00)", "1000.10"),
    ],
)
def test_a_roll_up_that_is_not_what_is_below_it_holds_the_bill(old: str, new: str, field: str) -> None:
    first, second = bills(*with_harbor(old, new))
    assert field in {issue.field for issue in first.flaws if issue.rule == "DLM-ROLLUP"}
    assert rules_of(second) == []


def test_roll_ups_are_never_added_to_what_they_sum() -> None:
    bill = normalize(harbor(), ECHO)
    assert (bill.lines, bill.payable, bill.total) == (Decimal("74.40"), Decimal("78.13"), Decimal("93.13"))
    assert check(bill) == []


def test_a_blank_roll_up_states_nothing() -> None:
    first, _ = bills(*with_harbor("M. Núñez|60.00|6.90|(7.50)|15.00|3.73|78.13", "M. Núñez||||||"))
    assert rules_of(first) == []


# What a statement says


def test_a_statement_says_who_when_and_what_is_carried() -> None:
    bill = harbor()
    assert (bill.number, bill.account, bill.buyer, bill.cycle) == (
        "W7-1001",
        "40-11982",
        "Harbor Foods (West)",
        "07",
    )
    assert (bill.billed_on, bill.due_on, bill.period_end) == (
        date(2026, 11, 7),
        date(2026, 12, 7),
        date(2026, 11, 6),
    )
    assert (bill.previous_balance, bill.payments_received, bill.adjustments_prior, bill.balance_forward) == (
        Decimal("120.00"),
        Decimal("100.00"),
        Decimal("-5.00"),
        Decimal("15.00"),
    )


def test_credits_in_parentheses_are_negative_and_parentheses_in_text_are_text() -> None:
    bill = harbor()
    assert [charge.amount for charge in bill.charges] == [
        Decimal(text) for text in ("60.00", "2.30", "4.60", "-7.50", "15.00")
    ]
    assert bill.charges[0].description == "Business 40 (shared)"


def test_codes_are_explained_by_the_records_before_them() -> None:
    bill = harbor()
    assert [(charge.source_term, charge.category) for charge in bill.charges] == [
        ("Rate plan", Category.RECURRING),
        ("Voice usage", Category.USAGE),
        ("Data usage", Category.USAGE),
        ("Service credit", Category.ADJUSTMENT),
        ("Activation", Category.ONE_TIME),
    ]
    assert [(tax.category, tax.jurisdiction, tax.rate_percent) for tax in bill.taxes] == [
        ("State sales tax", "California", Decimal("5.00"))
    ]


def test_without_a_sub_type_the_type_speaks_and_an_unknown_one_is_unmapped_and_ties() -> None:
    first, _ = bills(*with_harbor("|OCC|ACT|", "|OCC||"))
    assert (first.charges[4].source_term, first.charges[4].category) == ("One-time charges", Category.ONE_TIME)
    first, _ = bills(*with_harbor("|MRC|PLAN|", "|MRC|Orbital relay levy|"))
    strange = first.charges[0]
    assert (strange.source_term, strange.category, strange.is_mapped) == (
        "Orbital relay levy",
        Category.ADJUSTMENT,
        False,
    )
    assert rules_of(first) == []


def test_usage_explains_the_charge_of_its_service_and_kind_and_adds_up_to_it() -> None:
    bill = harbor()
    for charge in (bill.charges[1], bill.charges[2]):
        records = [usage.amount for usage in bill.usage if usage.charge == charge.position]
        assert sum(records, Decimal(0)) == charge.amount
    call = bill.usage[0]
    assert (call.started_at, call.other_party, call.quantity, call.unit) == (
        datetime(2026, 10, 8, 9, 30),
        "34915550000",
        Decimal(30),
        "s",
    )


def test_usage_of_a_service_without_a_usage_charge_explains_none() -> None:
    first, _ = bills(*with_harbor("4000|U3|W7-1001|40-11982-01|7755550101", "4000|U3|W7-1001|40-11982-01|7755559999"))
    assert first.usage[2].charge == 0


def test_the_accounts_stand_below_the_company() -> None:
    _, bill = bills()
    assert [(account.external_id, account.parent, account.level) for account in bill.accounts] == [
        ("40-20871", "", "company"),
        ("40-20871-01", "40-20871", "account"),
        ("40-20871-02", "40-20871", "account"),
    ]


@pytest.mark.parametrize(
    ("code", "bill_type", "is_payable"),
    [("CRED", BillType.CREDIT_NOTE, True), ("CORR", BillType.CORRECTED, True), ("COPY", BillType.MEMO, False)],
)
def test_the_header_says_what_kind_of_bills_a_file_holds(code: str, bill_type: BillType, is_payable: bool) -> None:
    read = parsed(statements().replace(b"0000|BILL|", f"0000|{code}|".encode()))
    first = next(one for one in read if isinstance(one, CanonicalInvoice))
    assert (first.bill_type, first.is_payable) == (bill_type, is_payable)


def test_the_trailer_declares_what_the_file_holds() -> None:
    (control,) = (one for one in parsed(statements()) if isinstance(one, ControlTotals))
    assert (control.bills, control.amount, control.records) == (2, Decimal("137.13"), 36)


def test_a_file_of_no_statements_is_true_too() -> None:
    lines = (HEADER, *CODES, trailer(len(CODES) + 2, 0, "0.00"))
    (control,) = parsed("\n".join(lines).encode())
    assert isinstance(control, ControlTotals) and control.bills == 0


def test_every_origin_leads_back_to_its_record() -> None:
    assert ECHO.locate
    bill = harbor()
    for charge in bill.charges:
        excerpt = ECHO.locate(BytesIO(statements()), charge.origin)
        assert dict(excerpt.cells)["3100.12"].strip("()") == str(abs(charge.amount))
    assert ECHO.locate(BytesIO(gzip.compress(statements())), bill.origin).text == HARBOR[0]
    with pytest.raises(LookupError):
        ECHO.locate(BytesIO(statements()), "line 999")


def test_the_manifest_beside_a_cost_file_is_its_control() -> None:
    assert ECHO.read_control
    control = ECHO.read_control(b'{"rows": 120, "billed_cost": 0.00000080000, "sha256": "ab"}')
    assert (control.records, control.amount, control.sha256) == (120, Decimal("0.00000080000"), "ab")


@pytest.mark.parametrize(
    "content",
    [
        b"120 rows",
        b"\xff",
        b"{}",
        b'{"rows": "many", "billed_cost": "1"}',
        b'{"rows": -1, "billed_cost": "1"}',
        b'{"rows": 1, "billed_cost": "NaN"}',
        b'{"rows": 1, "billed_cost": 1e999999999}',
        b'{"rows": 1, "billed_cost": "1", "sha256": "\xff"}',
        b'{"rows": 1, "billed_cost": "1", "more": ' + b"[" * 100_000,
    ],
    ids=lambda content: content[:60].decode("latin-1"),
)
def test_a_manifest_that_declares_no_rows_and_cost_is_refused(content: bytes) -> None:
    assert ECHO.read_control
    with pytest.raises(FileRejected, match="CONTROL-07"):
        ECHO.read_control(content)
