"""What cells say, and how a sheet, its base and the present differ: whatever people type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.round_trip.cells import (
    Formula,
    Unreadable,
    plain,
    read_date,
    read_money,
    read_tag_names,
    read_yes,
    text_of,
)
from payments.domain.round_trip.sheets import BaseRow, Column, NotOurs, SheetSpec, read_sheet
from payments.domain.round_trip.three_way import Kind, three_way

TEXT = Column("number", "Invoice", lambda cell, _: text_of(cell))
MONEY = Column("amount", "Amount", lambda cell, values: read_money(cell, "USD"), "money", is_editable=True)
NOTE = Column("note", "Note", lambda cell, _: text_of(cell), is_editable=True)
SPEC = SheetSpec("Lines", (TEXT, MONEY, NOTE))
BASE = [BaseRow(f"k{n}", f"k{n}.seal{n}", {"number": f"A-{n}", "amount": str(n), "note": ""}) for n in range(1, 4)]
HEAD = ["Invoice", "Amount", "Note", "Row"]
ROWS: list[list[Any]] = [HEAD, *(["A-" + str(n), float(n), None, f"k{n}.seal{n}"] for n in range(1, 4))]
VALUES = st.sampled_from(["", "1", "2", "3"])
TABLES = st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xy"), VALUES), max_size=3)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (12, "12"),
        (12.5, "12.5"),
        (0.1 + 0.2, "0.3"),
        (1234.5600000000001, "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("(12.00)", "-12"),
        (" 1 234,50 ", "1234.5"),
        ("USD 12.00", "12"),
        ("12.00-", "-12"),
        (0, ""),
        ("0.00", ""),
        (None, ""),
        ("", ""),
        ("   ", ""),
    ],
)
def test_an_amount_is_read_however_it_is_written(cell: object, says: str) -> None:
    assert read_money(cell, "USD") == says


@pytest.mark.parametrize(
    "cell",
    ["12%", "twelve", "1,234", "1.234", 12.345, "12.345,678", True, float("nan"), float("inf"), 1e15, "1e5", "=1+1"]
    + [date(2026, 1, 2), Formula("no value"), "9" * 400, "1\x002"],
)
def test_what_is_no_amount_of_the_currency_is_refused(cell: object) -> None:
    with pytest.raises(Unreadable):
        read_money(cell, "USD")


def test_amounts_have_the_decimals_of_their_currency() -> None:
    assert read_money(12.345, "KWD") == "12.345"
    with pytest.raises(Unreadable, match="no decimals"):
        read_money(12.5, "JPY")


def test_dates_are_read_in_any_way_that_says_one_day() -> None:
    for cell in (date(2026, 12, 31), datetime(2026, 12, 31), "2026-12-31", "2026-12-31T00:00:00", "31.12.2026"):
        assert read_date(cell) == "2026-12-31"
    assert read_date("12/31/2026") == read_date("31/12/2026") == "2026-12-31"
    for unclear in ("03/04/2026", "2026-02-30", "next week", 46022):
        with pytest.raises(Unreadable):
            read_date(unclear)


def test_tags_and_yes_are_read_in_one_way() -> None:
    assert read_tag_names(" Mobile,CC 4410 ,Mobile") == "CC 4410, Mobile"
    assert [read_yes(cell) for cell in ("X", "Yes", True, 1, "no", "", None)] == ["yes"] * 4 + [""] * 3
    with pytest.raises(Unreadable):
        read_yes("maybe")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.booleans())
def test_an_amount_comes_back_as_it_went_out(amount: Decimal, as_text: bool) -> None:
    assert read_money(f"{amount:,.2f}" if as_text else float(amount), "USD") == plain(amount)


@given(TABLES)
def test_nothing_changed_is_no_difference(base: dict[str, dict[str, str]]) -> None:
    assert list(three_way(base, base, base, "xy")) == []


@given(TABLES, TABLES, TABLES)
def test_every_cell_that_somebody_moved_is_told_once_and_rightly(base: Any, sheet: Any, current: Any) -> None:
    found = {(each.row, each.column): each for each in three_way(base, sheet, current, "xy")}
    for row in sheet.keys() & base.keys():
        for column in "xy":
            was = base[row].get(column, "")
            wants = sheet[row].get(column, was)
            stands = current[row].get(column, "") if row in current else was
            kind = found[row, column].kind if (row, column) in found else None
            mine, theirs = wants != was, stands != was
            if row not in current:
                assert kind == (Kind.GONE if mine else None)
            elif mine and theirs:
                assert kind == (Kind.AGREED if wants == stands else Kind.CONFLICT)
            else:
                assert kind == (Kind.OFFERED if mine else Kind.CURRENT if theirs else None)
    assert {row for row, _ in found} <= sheet.keys() & base.keys()


@given(st.permutations(range(4)), st.permutations(range(1, 4)), st.dictionaries(st.integers(1, 3), st.integers(5, 9)))
def test_rows_and_columns_may_stand_in_any_order(columns: list[int], rows: list[int], typed: dict[int, int]) -> None:
    table = [list(cells) for cells in ROWS]
    for row, amount in typed.items():
        table[row][1] = amount
    shuffled = [[table[row][column] for column in columns] for row in (0, *rows)]
    read = read_sheet(SPEC, BASE, [["a title"], *shuffled])
    assert not read.refused
    assert read.rows == {f"k{n}": {"amount": str(typed[n])} if n in typed else {} for n in range(1, 4)}


def test_rows_that_are_not_ours_are_named_and_the_others_go_on() -> None:
    table = [list(cells) for cells in ROWS]
    table[1][0] = "A-9"  # another invoice's number over the first one's token
    table[2][3] = "k2.forged"
    table += [table[3], ["A-7", 5.0, None, "k7.foreign"], ["A-8", 5.0, None, None], [None, None, None, None]]
    read = read_sheet(SPEC, BASE, table)
    told = [(each.line, each.why.split(":")[0]) for each in read.refused]
    assert told == [
        (2, "Invoice was A-1, and cannot be changed here"),
        (3, "The hidden cell of this row was changed"),
        (4, "This row stands 2 times in the sheet"),
        (5, "This row stands 2 times in the sheet"),
        (6, "This row is of another workbook, and was not taken."),
        (7, "This row was added"),
    ]
    assert read.rows == {"k1": {}}
    assert read.missing == ("k2",)


def test_a_sheet_without_its_head_or_with_a_column_twice_is_not_ours() -> None:
    with pytest.raises(NotOurs, match="head"):
        read_sheet(SPEC, BASE, ROWS[1:])
    with pytest.raises(NotOurs, match="twice"):
        read_sheet(SPEC, BASE, [[*HEAD, "Amount"]])
    with pytest.raises(NotOurs, match="lacks"):
        read_sheet(SPEC, BASE, [["Amount", "Note", "Row"]])


def test_a_column_that_was_deleted_changes_nothing() -> None:
    read = read_sheet(SPEC, BASE, [[cells[0], cells[3]] for cells in ROWS])
    assert read.rows == {"k1": {}, "k2": {}, "k3": {}}
