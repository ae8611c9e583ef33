"""Echo's cloud cost files: FOCUS and the dialects of providers (formats.md §1.9)."""

from __future__ import annotations

import csv
import gzip
import tracemalloc
from collections import defaultdict
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from zlib import crc32

import pytest

from billing_sources.adapter import Parsed
from billing_sources.adapters.echo import ECHO
from billing_sources.canonical import CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import RESIDUE, normalize
from billing_sources.readers.focus.reader import number_of
from billing_sources.readers.focus.spool import Spool
from tests.billing_sources.focus_texts import ROW, cost_file, row

CEDAR = {"BillingAccountId": "40-20871", "SubAccountId": "40-20871", "SubAccountName": "NULL"}


def parsed(text: bytes) -> list[Parsed]:
    return list(ECHO.read(BytesIO(text), ECHO))


def bills(text: bytes) -> list[CanonicalInvoice]:
    return [one for one in parsed(text) if isinstance(one, CanonicalInvoice)]


def bill_of(*rows: dict[str, str]) -> CanonicalInvoice:
    (bill,) = bills(cost_file(rows))
    return bill


def rejection(text: bytes) -> Issue:
    with pytest.raises(FileRejected) as caught:
        parsed(text)
    return caught.value.issue


# Hostile files


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "FOCUS-HEADER"),
        (b"a,b,c\n1,2,3\n", "FOCUS-HEADER"),
        (cost_file([row()]).replace(b"storage", b"stor\0age"), "TEXT-NUL"),
        (cost_file([row()]).decode().encode("utf-16"), "TEXT-NUL"),
        (cost_file([row()]) + b'"' + b"x" * 10_000_000, "TEXT-LINE"),
        (cost_file([row(Tags="x" * 200_000)]), "FOCUS-CSV"),
        (cost_file([row()])[:-20], "FOCUS-CSV"),
        (cost_file([row(), row()])[:-100], "FOCUS-ROW"),
        (cost_file([row()]) + b"1,2,3\n", "FOCUS-ROW"),
        (cost_file([row()]).replace(b"SkuId", b"BilledCost"), "FOCUS-HEADER"),
        (gzip.compress(cost_file([row()]))[:-9], "GZIP-END"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_rejected_whole(text: bytes, rule: str) -> None:
    assert rejection(text).rule == rule


@pytest.mark.parametrize(
    "amount", ["", "NULL", "1,2,3", "NaN", "Infinity", "1e999", "(1.00", "--1", "12.50 EUR", "0x1"]
)
def test_a_cost_that_is_no_amount_holds_its_invoice_and_no_other(amount: str) -> None:
    first, second = bills(cost_file([row(amount), row("5.00", **CEDAR)]))
    (flaw,) = first.flaws
    assert (flaw.rule, flaw.position, flaw.field, flaw.is_fatal) == ("FOCUS-VALUE", "line 2", "FOCUS BilledCost", True)
    assert second.flaws == []


def test_a_period_that_cannot_be_read_is_one_fatal_issue_and_other_invoices_go_on() -> None:
    read = parsed(cost_file([row(BillingPeriodEnd="2026-13-41"), row(BillingPeriodEnd="2026-13-41"), row("5.00")]))
    issue, bill, control = read
    assert isinstance(control, ControlTotals) and control.records == 3
    assert isinstance(issue, Issue) and isinstance(bill, CanonicalInvoice)
    assert (issue.rule, issue.field, issue.found) == ("FOCUS-VALUE", "FOCUS BillingPeriodEnd", "2026-13-41")
    assert issue.is_fatal and issue.number


def test_latin_text_is_read_and_told() -> None:
    bill, _, note = parsed(cost_file([row(SubAccountName="Malmö")]).decode().encode("cp1252"))
    assert isinstance(bill, CanonicalInvoice) and bill.accounts[1].name == "Malmö"
    assert isinstance(note, Issue) and (note.rule, note.is_fatal) == ("TEXT-ENCODING", False)


def test_an_unknown_category_loads_as_an_unmapped_adjustment() -> None:
    charge = bill_of(row(ChargeCategory="Orbital relay levy", ChargeFrequency="Weekly")).charges[0]
    assert (charge.category, charge.is_mapped) == (Category.ADJUSTMENT, False)
    assert charge.source_term == "Orbital relay levy Weekly"


# Grouping


def test_rows_of_one_invoice_may_stand_anywhere_and_however_the_period_is_spelled() -> None:
    first, second = bills(
        cost_file(
            [
                row("1.00"),
                row("20.00", **CEDAR),
                row("2.00", BillingPeriodStart="10/1/2026", BillingPeriodEnd="11/1/26"),
                row("3.00", BillingPeriodStart="2026-10-01 00:00:00", BillingPeriodEnd="2026-11-01T00:00Z"),
                row("30.00", **CEDAR),
            ]
        )
    )
    assert [charge.amount for charge in first.charges] == [Decimal("1.00"), Decimal("2.00"), Decimal("3.00")]
    assert [charge.origin for charge in second.charges] == ["line 4", "line 10"]


@pytest.mark.parametrize(
    "change",
    [
        {"InvoiceIssuerName": "Meridian Cloud Canada"},
        {"BillingAccountId": "40-11983"},
        {"BillingCurrency": "CAD"},
        {"BillingPeriodStart": "2026-11-01", "BillingPeriodEnd": "2026-12-01"},
    ],
)
def test_issuer_account_currency_and_period_each_make_an_invoice(change: dict[str, str]) -> None:
    first, second = bills(cost_file([row(), row(**change)]))
    assert first.number != second.number


def test_the_number_of_an_invoice_is_a_hash_that_anybody_can_work_out() -> None:
    number = number_of("Meridian Cloud", "40-11982", "USD", "2026-10-01", "2026-10-31")
    parts = b"Meridian Cloud\x1f40-11982\x1fUSD\x1f2026-10-01\x1f2026-10-31"
    assert bill_of(row()).number == number == f"202610-{sha256(parts).hexdigest()[:16].upper()}"
    assert bill_of(row("99.00", ChargeDescription="anything else")).number == number


def test_a_spool_gives_each_key_once_with_all_its_rows_whatever_was_spilled() -> None:
    spool = Spool(BytesIO(), lambda key: ord(key[0]), rows_in_memory=7)
    for at in range(100):
        spool.add(("abc"[at % 3],), (at, ("x",)))
    groups = [(key, sorted(at for at, _ in rows)) for part in spool.parts() for key, rows in part.items()]
    assert groups == [((letter,), list(range(first, 100, 3))) for first, letter in enumerate("abc")]


def test_invoices_larger_than_the_spool_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"{at}.01", **(CEDAR if at % 2 else {})) for at in range(500)]
    whole = bills(cost_file(rows))
    monkeypatch.setattr(Spool.__init__, "__defaults__", (16,))
    spilled = bills(cost_file(rows))
    assert sorted(spilled, key=lambda bill: bill.origin) == sorted(whole, key=lambda bill: bill.origin)


def test_memory_does_not_grow_with_the_rows_however_they_are_strewn() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        with TemporaryFile() as file:
            spool = Spool(file, lambda key: crc32(key[0].encode()), rows_in_memory=1_000)
            for at in range(rows):
                spool.add((f"A-{at * 7919 % (rows // 3)}",), (at, (f"cost {at}", f"text {at}")))
            assert sum(len(found) for part in spool.parts() for found in part.values()) == rows
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(12_000) <= peak(4_000) * 1.3


# What a row says


def test_an_invoice_is_rounded_once_and_the_residue_is_a_charge_of_its_own() -> None:
    bill = bill_of(row("3.33333333333"), row("0.00000080000"), row("1.00"))
    settled = normalize(bill, ECHO)
    assert settled.total == Decimal("4.33333413333")
    assert settled.payable == Decimal("4.33")
    residue = bill.charges[-1]
    assert (residue.source_term, residue.category, residue.amount) == (
        RESIDUE,
        Category.ROUNDING,
        Decimal("-0.00333413333"),
    )
    assert check(settled) == []


def test_what_is_billed_counts_and_what_is_amortised_does_not() -> None:
    bill = bill_of(row("8760.00", EffectiveCost="0.00"), row("0.00", EffectiveCost="24.00"))
    assert normalize(bill, ECHO).payable == Decimal("8760.00")


def test_taxes_are_taxes_credits_are_negative_and_corrections_are_adjustments() -> None:
    bill = bill_of(
        row("100.00"),
        row("-10.00", ChargeCategory="Credit", ChargeFrequency="One-Time"),
        row("-1.25", ChargeClass="Correction"),
        row("9.25", ChargeCategory="Tax", ChargeFrequency="One-Time"),
        row("-0.25", ChargeCategory="Tax", ChargeClass="Correction"),
    )
    assert [charge.category for charge in bill.charges] == [Category.USAGE, Category.DISCOUNT, Category.ADJUSTMENT]
    assert [tax.amount for tax in bill.taxes] == [Decimal("9.25"), Decimal("-0.25")]
    settled = normalize(bill, ECHO)
    assert (bill.tax_excluded, bill.tax, settled.payable) == (Decimal("88.75"), Decimal("9.00"), Decimal("97.75"))
    assert check(settled) == []


@pytest.mark.parametrize(
    ("category", "frequency", "expected"),
    [
        ("Purchase", "Recurring", Category.RECURRING),
        ("Purchase", "One-Time", Category.ONE_TIME),
        ("Purchase", "OneTime", Category.ONE_TIME),
        ("Usage", "Usage-Based", Category.USAGE),
        ("usage", "UsageBased", Category.USAGE),
        ("Adjustment", "One-Time", Category.ADJUSTMENT),
    ],
)
def test_category_and_frequency_say_what_a_charge_is_in_either_spelling(
    category: str, frequency: str, expected: Category
) -> None:
    charge = bill_of(row(ChargeCategory=category, ChargeFrequency=frequency)).charges[0]
    assert (charge.category, charge.is_mapped) == (expected, True)


def test_the_end_of_a_period_is_exclusive() -> None:
    bill = bill_of(
        row(),
        row(ChargePeriodStart="2026-10-01T00:00:00Z", ChargePeriodEnd="2026-11-01T00:00:00Z"),
        row(ChargePeriodStart="2026-10-05", ChargePeriodEnd="2026-10-05"),
    )
    assert (bill.period_start, bill.period_end) == (date(2026, 10, 1), date(2026, 10, 31))
    assert (bill.billed_on, bill.due_on) == (date(2026, 11, 1), date(2026, 12, 1))
    assert [charge.period_end for charge in bill.charges] == [
        date(2026, 10, 8),
        date(2026, 10, 31),
        date(2026, 10, 5),
    ]


def test_a_literal_null_is_nothing() -> None:
    charge = bill_of(row(ResourceId="NULL", PricingQuantity="null", SubAccountId="NULL", SkuId="")).charges[0]
    assert (charge.service, charge.quantity, charge.account, charge.product_code) == ("", None, "", "")


def test_sub_accounts_stand_below_the_billing_account() -> None:
    bill = bill_of(row(), row(SubAccountId="40-11982"))
    assert [(account.external_id, account.parent, account.name) for account in bill.accounts] == [
        ("40-11982", "", "Harbor Foods"),
        ("40-11982-01", "40-11982", "Harbor Foods, Reno"),
    ]
    assert bill.charges[0].service == "bucket/reno-backups"


def test_an_invoice_of_credits_alone_is_negative() -> None:
    assert normalize(bill_of(row("-4.00", ChargeCategory="Credit")), ECHO).payable == Decimal("-4.00")


def test_cells_may_hold_line_ends_and_every_origin_leads_back_to_its_row() -> None:
    assert ECHO.locate
    text = b"\xef\xbb\xbf" + cost_file([row("1.00"), row("2.00"), row("3.00")])
    (bill,) = bills(text)
    for charge in bill.charges:
        cells = dict(ECHO.locate(BytesIO(gzip.compress(text)), charge.origin).cells)
        assert Decimal(cells["FOCUS BilledCost"]) == charge.amount
        assert cells["FOCUS Tags"] == ROW["Tags"]
    for nowhere in ("line 1", "line 99", "segment 4"):
        with pytest.raises(LookupError):
            ECHO.locate(BytesIO(text), nowhere)


# Dialects


def test_aws_bills_the_net_cost_where_there_is_one() -> None:
    header = "bill/InvoicingEntity,bill/PayerAccountId,lineItem/CurrencyCode,bill/BillingPeriodStartDate,"
    header += "bill/BillingPeriodEndDate,lineItem/NetUnblendedCost,lineItem/UnblendedCost,lineItem/LineItemType,"
    header += "lineItem/LineItemDescription,identity/TimeInterval,lineItem/UsageAccountId\n"
    start = "AWS,047,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,"
    interval = "2026-10-03T00:00:00Z/2026-10-04T00:00:00Z"
    rows = [
        f"{start}0.90,1.00,Usage,EC2,{interval},047",
        f"{start},2.00,RIFee,Reserved,{interval},048",
        f"{start},-0.25,EdpDiscount,Discount,{interval},048",
        f"{start},0.15,Tax,VAT,{interval},048",
    ]
    for text in (header, header.replace("/", "_")):
        if text is not header:
            text = "".join(f"_{c.lower()}" if c.isupper() else c for c in text).replace("__", "_").lstrip("_")
            text = text.replace(",_", ",")
        (bill,) = bills((text + "\n".join(rows) + "\n").encode())
        assert [charge.amount for charge in bill.charges] == [Decimal("0.90"), Decimal("2.00"), Decimal("-0.25")]
        assert [charge.category for charge in bill.charges] == [
            Category.USAGE,
            Category.ONE_TIME,
            Category.DISCOUNT,
        ]
        assert (bill.charges[0].period_start, bill.charges[0].period_end) == (date(2026, 10, 3), date(2026, 10, 3))
        assert (bill.account, bill.taxes[0].amount) == ("047", Decimal("0.15"))


def test_oci_states_no_period_and_marks_corrections() -> None:
    columns = "lineItem/intervalUsageStart,lineItem/intervalUsageEnd,cost/subscriptionId,cost/currencyCode,"
    columns += "cost/myCost,cost/myCostOverage,lineItem/isCorrection,lineItem/backreferenceNo,lineItem/tenantId\n"
    rows = [
        "2026-02-03T01:00Z,2026-02-03T02:00Z,771,EUR,9.00,1.50,false,,t1",
        "2026-02-28T23:00,2026-03-01T00:00,771,EUR,9.00,-0.50,true,ref-1,t1",
    ]
    (bill,) = bills((columns + "\n".join(rows) + "\n").encode())
    assert (bill.period_start, bill.period_end, bill.seller) == (date(2026, 2, 1), date(2026, 2, 28), "Oracle")
    assert [(charge.amount, charge.category) for charge in bill.charges] == [
        (Decimal("1.50"), Category.USAGE),
        (Decimal("-0.50"), Category.ADJUSTMENT),
    ]


# Real files


def _sums(path: Path, cost: str, key: tuple[str, ...]) -> dict[tuple[str, ...], Decimal]:
    """Σ cost by invoice, worked out with nothing of ours."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for cells in csv.DictReader(file):
            text = cells[cost].replace("$", "").replace(",", "").strip()
            sums[tuple(cells.get(column, "") for column in key)] += Decimal(text)
    return sums


FOCUS_KEY = ("InvoiceIssuerName", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd")


def test_every_published_focus_file_adds_up_to_what_its_rows_say(shared_data: Path) -> None:
    files = sorted((shared_data / "focus-csv").rglob("*.csv"))
    assert len(files) == 27
    for path in files:
        found = bills(path.read_bytes())
        sums = _sums(path, "BilledCost", FOCUS_KEY)
        assert [normalize(bill, ECHO).total for bill in found] == list(sums.values()), path.name
        assert not any(bill.flaws for bill in found), path.name
        assert all(charge.is_mapped for bill in found for charge in bill.charges), path.name


def test_the_real_sample_keeps_eleven_decimals_and_rounds_each_invoice_once(shared_data: Path) -> None:
    (path,) = (shared_data / "focus-csv").rglob("focus_sample.first120.csv")
    found = [normalize(bill, ECHO) for bill in bills(path.read_bytes())]
    assert sum(len(bill.invoice.charges) for bill in found) >= 120
    assert len({bill.invoice.seller for bill in found}) == 3
    for bill in found:
        assert check(bill) == []
        charged = sum((charge.amount for charge in bill.invoice.charges), Decimal(0))
        assert charged == bill.payable == bill.payable.quantize(Decimal("0.01"))


def test_scenarios_without_an_account_are_read_and_held_for_it(shared_data: Path) -> None:
    (path,) = (shared_data / "focus-csv").rglob("commitment_discount_purchase_scenario_3.csv")
    (bill,) = bills(path.read_bytes())
    assert [issue.rule for issue in check(normalize(bill, ECHO)) if issue.is_fatal] == ["ACC-01"]


def test_azures_own_export_adds_up_with_its_inclusive_period(shared_data: Path) -> None:
    (path,) = (shared_data / "cloud-bills").rglob("sample-anonymous-ea-export-dataset.csv")
    key = ("BillingAccountId", "BillingCurrencyCode", "BillingPeriodStartDate", "BillingPeriodEndDate")
    ((_, total),) = _sums(path, "CostInBillingCurrency", key).items()
    (bill,) = bills(path.read_bytes())
    settled = normalize(bill, ECHO)
    assert (settled.total, bill.currency, bill.seller) == (total, "CAD", "Microsoft")
    assert (bill.period_start, bill.period_end, bill.billed_on) == (
        date(2023, 9, 1),
        date(2023, 9, 30),
        date(2023, 10, 1),
    )
    assert len({charge.account for charge in bill.charges}) > 10
    assert check(settled) == []
