"""Atlas on real bills. The files stand outside the project and are only read."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import BillType, CanonicalInvoice, ControlTotals

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ORACLE = DATA / "_oracles_train" / "x12_invoices.csv"
GRANITE = "x12/Inteligenz__X12Parser/ORD/_811/GraniteNetExample.txt"


def real_rows() -> list[dict[str, str]]:
    if not ORACLE.exists():
        return []
    with ORACLE.open(newline="") as lines:
        return list(csv.DictReader(lines))


def real_bills(name: str) -> dict[str, CanonicalInvoice]:
    """The bills of a real file by control number."""
    if not (DATA / name).exists():
        pytest.skip(f"THE REAL FILES ARE MISSING: {name} is not beside the project, nothing was checked against it")
    with (DATA / name).open("rb") as stream:
        bills = [parsed for parsed in ATLAS.read(stream, ATLAS) if not isinstance(parsed, ControlTotals)]
    assert all(isinstance(bill, CanonicalInvoice) for bill in bills), bills
    return {
        bill.origin.split(",")[0].removeprefix("set "): bill for bill in bills if isinstance(bill, CanonicalInvoice)
    }


def test_the_expected_values_of_real_bills_are_there() -> None:
    if not real_rows():
        pytest.skip("THE EXPECTED VALUES ARE MISSING: shared/data/_oracles_train is not beside the project")
    assert len(real_rows()) >= 6


@pytest.mark.parametrize("row", real_rows(), ids=lambda row: f"{Path(row['file']).name}-{row['control']}")
def test_a_real_bill_reads_as_an_independent_reader_saw_it(row: dict[str, str]) -> None:
    bill = real_bills(row["file"])[row["control"]]
    assert (bill.number, f"{bill.billed_on:%Y%m%d}", bill.type_code) == (
        row["invoice_no"],
        row["invoice_date"],
        row["big07"],
    )
    assert bill.currency == (row["currency"] or "USD")
    scale = 0 if "." in row["tds_raw"] else -2
    assert bill.tax_included == Decimal(row["tds_raw"]).scaleb(scale)
    items = [charge for charge in bill.charges if charge.quantity is not None]
    assert len(items) == int(row["it1_lines"]) + int(row["sln_lines"])
    assert sum((tax.amount for tax in bill.taxes), Decimal(0)) == Decimal(row["txi_sum"])
    assert bill.tax_excluded is not None and bill.tax is not None
    assert bill.tax_excluded + bill.tax == bill.tax_included


@pytest.mark.parametrize("row", [r for r in real_rows() if r["set"] == "810"], ids=lambda row: Path(row["file"]).name)
def test_a_real_810_adds_up_line_by_line(row: dict[str, str]) -> None:
    bill = real_bills(row["file"])[row["control"]]
    assert bill.line_total == Decimal(row["sum_qty_x_price"])


def test_granite_reads_as_its_paper_reads_aloud() -> None:
    bill = real_bills(GRANITE)["000000001"]
    assert (bill.account, bill.due_on, bill.buyer_id) == ("0140101", date(2003, 5, 1), "01401001")
    assert {account.external_id for account in bill.accounts} == {"0140100", "0140101"}
    assert [(c.account, c.amount) for c in bill.charges] == [
        ("0140100", Decimal("50.25")),
        ("0140101", Decimal("100.50")),
    ]
    assert sum(tax.amount for tax in bill.taxes if not tax.is_included) == Decimal("7.82")
    assert (bill.tax, bill.tax_included) == (Decimal(0), Decimal("150.75"))
    assert (bill.previous_balance, bill.payments_received, bill.amount_due) == (
        Decimal("88.2"),
        Decimal(85),
        Decimal("161.90"),
    )
    assert bill.balance_forward is not None and bill.balance_forward + Decimal("150.75") == bill.amount_due


def test_granites_memo_repeats_the_bill_and_is_not_payable() -> None:
    bills = real_bills(GRANITE)
    bill, memo = bills["000000001"], bills["000000002"]
    assert (bill.number, bill.bill_type, bill.is_payable) == (memo.number, BillType.INVOICE, True)
    assert (memo.bill_type, memo.is_payable) == (BillType.MEMO, False)
    assert (memo.tax_included, memo.tax, memo.amount_due) == (Decimal("231.10"), Decimal("5.22"), Decimal(0))
    assert str(memo.adjustments_prior) == "0"
    assert [charge.amount for charge in memo.charges] == [Decimal("67.23"), Decimal("34.78"), Decimal("123.87")]
    assert memo.charges[2].quantity == 250


def test_a_settlement_keeps_its_negative_lines() -> None:
    bill = real_bills("x12/Inteligenz__X12Parser/ORD/_810/Example1_CaliforniaISO.txt")["0001"]
    assert min(charge.amount for charge in bill.charges) == Decimal("-457863.84")
    assert (bill.due_on, bill.period_start, bill.period_end) == (
        date(1999, 1, 7),
        date(1998, 9, 30),
        date(1998, 10, 31),
    )


def test_terms_in_days_give_the_due_date_that_the_paper_prints() -> None:
    bill = real_bills("x12/Inteligenz__X12Parser/ORD/_810/Example4_Adobe.txt")["166061414"]
    assert bill.due_on == date(2007, 3, 5)


def test_freight_stated_per_line_and_again_in_the_summary_counts_once() -> None:
    bill = real_bills("x12/indice-co__EDI.Net/x12.810a.edi")["0001"]
    assert (bill.line_total, bill.charge_total, bill.tax_included) == (
        Decimal("359.96"),
        Decimal("6.00"),
        Decimal("365.96"),
    )
