"""A delimited source that nobody has seen before needs a layout and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing_sources.adapter import FieldMap, Parsed, Vocabulary
from billing_sources.adapters.echo import ECHO
from billing_sources.canonical import CanonicalInvoice, Category, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize
from billing_sources.readers.delimited.layout import ALL, TAXES, Column, Layout, Record, Role, mapping
from billing_sources.readers.delimited.reader import locate_record, read_records
from billing_sources.readers.delimited.transforms import transform
from billing_sources.readers.delimited.values import amount, day
from billing_sources.readers.values import Unreadable

_COMMA, _DAY = "amount, decimal comma", "date DD.MM.YYYY"
HARBOURS = Layout(
    name="Port dues",
    separator=";",
    records=(
        Record("H", "file", Role.HEADER, (Column("currency", "currency", "currency"),)),
        Record("R", "invoice", Role.BILL, (
            Column("number", "number"), Column("customer", "account"), Column("date", "billed_on", _DAY),
            Column("other date", "billed_on", _DAY), Column("total", "tax_included", _COMMA, sums=ALL),
        )),
        Record("P", "item", Role.CHARGE, (
            Column("invoice", "bill"), Column("item", "charge.source_term"), Column("amount", "charge.amount", _COMMA),
        )),
        Record("M", "tax", Role.TAX, (
            Column("invoice", "bill"), Column("kind", "tax.category"), Column("amount", "tax.amount", _COMMA),
        )),
        Record("S", "tax total", Role.NODE, (Column("invoice", "bill"), Column("sum", sums=TAXES, transform=_COMMA))),
        Record("N", "note", Role.UNREAD, (Column("text"),)),
        Record("Z", "end", Role.TRAILER, (Column("invoices", "control.bills", "count"),)),
    ),
)  # fmt: skip
FILE = """\
H;eur
N;anything at all
R;1;K7;24.12.2026;;12,40
P;1;Kai;10,00
P;1;Kran;0,00
M;1;MwSt;2,40
R;2;K8;;31.12.2026;-5,00
P;2;Gutschrift;-5,00

Z;2
"""


def read(text: str, layout: Layout = HARBOURS) -> list[Parsed]:
    adapter = replace(ECHO, key="ports", vocabulary=Vocabulary(1, {"kai": Category.RECURRING}))
    return list(read_records(layout, in_blocks(text), adapter))


def in_blocks(text: str) -> Iterable[bytes]:
    """Torn at every seventh byte, as a stream may be."""
    content = text.encode()
    return [content[at : at + 7] for at in range(0, len(content), 7)]


def test_its_bills_are_read_with_its_own_separator_dates_and_decimals() -> None:
    first, second, control = read(FILE)
    assert isinstance(first, CanonicalInvoice) and isinstance(second, CanonicalInvoice)
    assert (first.number, first.account, first.currency, first.billed_on) == ("1", "K7", "EUR", date(2026, 12, 24))
    assert second.billed_on == date(2026, 12, 31)
    assert [(charge.source_term, charge.amount, charge.is_mapped) for charge in first.charges] == [
        ("Kai", Decimal("10.00"), True),
        ("Kran", Decimal("0.00"), False),
    ]
    assert [check(normalize(bill, ECHO)) for bill in (first, second)] == [[], []]
    assert isinstance(control, ControlTotals) and control.bills == 2


def test_a_sum_that_its_layout_names_is_checked() -> None:
    first = read(FILE.replace("12,40", "12,50"))[0]
    assert isinstance(first, CanonicalInvoice)
    (flaw,) = first.flaws
    assert (flaw.rule, flaw.position, flaw.field, flaw.expected, flaw.found) == (
        "DLM-ROLLUP",
        "line 3",
        "R.6",
        "12.40",
        "12.50",
    )


def test_a_sum_of_taxes_may_stand_in_a_record_without_an_account() -> None:
    sums = [read(FILE.replace("\nR;2", f"\nS;1;{tax}\nR;2"))[0] for tax in ("2,40", "2,41")]
    assert [len(bill.flaws) for bill in sums if isinstance(bill, CanonicalInvoice)] == [0, 1]


def test_numbers_are_those_of_the_layout_and_no_others() -> None:
    bill = read(FILE.replace("10,00", "10.00"))[0]
    assert isinstance(bill, CanonicalInvoice) and bill.flaws[0].rule == "DLM-VALUE"


@pytest.mark.parametrize("text", ["", "\n\n", "H;eur\n", "Z;0\n", FILE + FILE, FILE.replace("H;eur", "H;eur;x")])
def test_a_file_without_its_frame_is_rejected(text: str) -> None:
    with pytest.raises(FileRejected):
        read(text)


def test_a_header_that_cannot_be_read_rejects_the_file() -> None:
    with pytest.raises(FileRejected) as caught:
        read(FILE.replace("H;eur", "H;euro"))
    assert (caught.value.issue.rule, caught.value.issue.field) == ("DLM-VALUE", "H.2")


def test_ten_thousand_flaws_are_told_as_a_few() -> None:
    first = read(FILE.replace("P;1;Kai;10,00\n", "P;1;Kai;x\n" * 10_000))[0]
    assert isinstance(first, CanonicalInvoice)
    assert len(first.flaws) == 25


def test_a_bill_without_number_or_date_is_one_fatal_issue() -> None:
    issue = read(FILE.replace("24.12.2026", ""))[0]
    assert isinstance(issue, Issue) and issue.is_fatal and issue.number == "1"


def test_its_layout_is_its_mapping() -> None:
    rows = mapping(HARBOURS)
    assert FieldMap("tax_included", "R.6", "amount, decimal comma; must add up all") in rows
    assert FieldMap("charge.source_term", "P.3", "") in rows
    excerpt = locate_record(HARBOURS, in_blocks(FILE), "line 4")
    assert {row.source for row in rows if row.source.startswith("P.")} <= {cell.source for cell in excerpt.cells}


def test_a_layout_that_cannot_drive_a_reader_fails_at_once() -> None:
    with pytest.raises(ValueError, match="trailer"):
        read(FILE, replace(HARBOURS, records=HARBOURS.records[:-1]))
    for name in ("amount, roughly", "date MMDD", "date DDMMYYYYX"):
        with pytest.raises(ValueError):
            transform(name)


@pytest.mark.parametrize(
    ("text", "value"),
    [("(1.50)", "-1.50"), ("-1.50", "-1.50"), (" 7 ", "7"), (".5", "0.5"), ("-0", "0"), ("(0.00)", "0.00")],
)
def test_amounts_may_be_credits(text: str, value: str) -> None:
    assert str(amount(text)) in {value, "0"}
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "()", "(-1)", "1 000", "1_000", "٣", "1e5", "1.2.3", "(1", "1" * 16, "inf"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        amount(text)


@pytest.mark.parametrize("text", ["02302026", "2282026", "20260228", "0228 2026", "0228202６"])
def test_what_is_no_day_is_refused(text: str) -> None:
    assert day("MMDDYYYY")("02282026") == date(2026, 2, 28)
    with pytest.raises(Unreadable):
        day("MMDDYYYY")(text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("amount, minus behind", "12.50-", "-12.50"),
        ("amount, decimal comma, minus behind", "12,50 -", "-12.50"),
        ("amount, CR behind", "12.50CR", "-12.50"),
        ("amount, CR behind", "12.50 cr", "-12.50"),
        ("amount, CR behind", "12.50 DB", "12.50"),
        ("amount, thousands", "-1,234,567.50", "-1234567.50"),
        ("amount, decimal comma, thousands", "(1.234,50)", "-1234.50"),
        ("amount, cents", "-1250", "-12.50"),
        ("amount, minus behind, minus turned", "12.50-", "12.50"),
        ("amount, minus behind", "", "None"),
    ],
)
def test_amounts_are_read_as_their_source_writes_them(name: str, text: str, value: str) -> None:
    assert str(transform(name)(text)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("amount, minus behind", "-12.50-"),
        ("amount, minus behind", "-"),
        ("amount, CR behind", "-12.50 CR"),
        ("amount, CR behind", "CR"),
        ("amount, thousands", "1,23.50"),
        ("amount, thousands", "12,3456"),
        ("amount, decimal comma, thousands", "1,234.50"),
        ("amount, cents", "12.50"),
    ],
)
def test_an_amount_that_its_source_does_not_write_is_refused(name: str, text: str) -> None:
    with pytest.raises(Unreadable):
        transform(name)(text)
