"""Workbooks that come back late, twice, to the wrong place, or wrong: nothing of anybody's is lost."""

from __future__ import annotations

import re
from functools import partial

import pytest
from django.urls import reverse

from billing_sources.models import Invoice
from payments.models import WorkbookUpload
from portal.tenancy import acting
from tests.factories import make_invoice
from tests.payments.conftest import Desk, at_once
from tests.payments.pages import Reader, placed, words
from tests.payments.workbooks import compared, downloaded, downloaded_tags, opened, place, sent, take


@pytest.fixture
def two(desk: Desk) -> list[Invoice]:
    root = desk.people.harlow_root
    return [make_invoice(root, "100.00", number="A-1"), make_invoice(root, "250.50", number="=A-2")]


def test_a_cell_that_moved_on_both_sides_waits_for_its_reader(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    pay = desk.pay(run)
    book = downloaded(dana, run)
    place(book, "Lines", "A-1", "Payment 1").value = 60
    desk.place(run, pay, two[0], amount="70.00")
    url, page = compared(dana, book, run)
    assert "Changed on both sides" in page
    undecided = take(dana, url, page)
    assert undecided.status_code == 422
    assert "1 cell was changed on both sides" in words(undecided)
    name = re.findall(r'name="(take-[^"]*)"', page)[0]
    assert "Nothing is checked" in words(take(dana, url, page, {name: "current"}))
    assert take(dana, url, page, {name: "sheet"}).status_code == 302
    assert [str(amount) for amount in placed(run).values()] == ["60.00"]


def test_a_run_that_moved_on_after_the_preview_refuses_the_whole_sheet(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    pay = desk.pay(run)
    book = downloaded(dana, run)
    place(book, "Lines", "A-1", "Payment 1").value = 60
    url, page = compared(dana, book, run)
    desk.place(run, pay, two[1], amount="1.00")
    late = take(dana, url, page)
    assert late.status_code == 422
    assert "has changed since you opened this page" in words(late)
    assert placed(run).keys() == {("=A-2", 1)}


def test_an_approved_run_is_a_draft_again_once_a_sheet_is_taken_over(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.approved(*two)
    book = downloaded(dana, run)
    place(book, "Lines", "A-1", "Payment 1").value = 99
    place(book, "Lines", "A-1", "Left open").value = "yes"
    url, page = compared(dana, book, run)
    assert "must be approved anew" in page
    assert take(dana, url, page).status_code == 302
    assert (desk.run(run).state, desk.run(run).version) == ("draft", 2)


def test_cells_rows_and_columns_are_left_out_one_by_one(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    desk.pay(run), desk.pay(run)
    book = downloaded(dana, run)
    for row in ("A-1", "=A-2"):
        for head in ("Payment 1", "Payment 2"):
            place(book, "Lines", row, head).value = 5
    url, page = compared(dana, book, run)
    column = re.findall(r'name="column" value="([^"]*)"', page)[1]
    row = f"Lines:{two[1].code}"
    assert take(dana, url, page, but=lambda name: name in (column, row)).status_code == 302
    assert placed(run).keys() == {("A-1", 1)}


def test_two_who_take_over_the_same_cell_at_once_do_it_once(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    desk.pay(run)
    book = downloaded(dana, run)
    place(book, "Lines", "A-1", "Payment 1").value = 60
    pages = [compared(reader, book, run) for reader in (dana, Reader.of(desk.people.dana))]
    takers = [partial(take, Reader.of(desk.people.dana), *page) for page in pages]
    answers = [getattr(answer, "status_code", answer) for answer in at_once(takers)]
    assert sorted(answers, key=str) == [302, 422]
    again = take(dana, *pages[answers.index(302)])  # the same form twice is once
    assert again.status_code == 302
    assert len(placed(run)) == 1


def test_the_returned_sheet_says_beside_each_cell_why_it_is_not_taken(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    desk.pay(run), desk.pay(run, currency="EUR")
    book = downloaded(dana, run)
    assert place(book, "Lines", "=A-2", "Invoice").data_type == "s"
    place(book, "Lines", "A-1", "Payment 1").value = 500
    place(book, "Lines", "=A-2", "Payment 1").value = "soon"
    place(book, "Lines", "=A-2", "Payment 2").value = 5
    place(book, "Lines", "=A-2", "Short pay").value = 5
    place(book, "Payments", "1", "Method").value = "Barter"
    url, page = compared(dana, book, run)
    assert 'name="cell"' not in page
    for why in ("500.00 USD, and 100.00 is open", "is no amount", "in EUR", "choose a reason", "not in the list"):
        assert why in page
    back = opened(dana.client.get(f"{url}returned.xlsx"))
    assert "100.00 is open" in place(back, "Lines", "A-1", "Error").value
    assert place(back, "Lines", "=A-2", "Payment 1").value == "soon"
    assert place(back, "Lines", "A-1", "Payment 1").fill.fgColor.rgb == "00F9D5D0"
    place(back, "Lines", "A-1", "Payment 1").value = 50
    assert compared(dana, back, run)[1].count('name="cell"') == 1  # mended, it comes back once more


def test_a_workbook_of_another_run_or_customer_is_not_taken(desk: Desk, two: list[Invoice]) -> None:
    dana, carol = Reader.of(desk.people.dana), Reader.of(desk.people.carol)
    run, other = desk.open(two[0]), desk.open(two[1])
    book = downloaded(dana, run)
    assert "workbook of pay run 1" in words(sent(dana, book, other))
    assert "was not downloaded here" in words(sent(carol, book))
    nils = sent(Reader.of(desk.people.nils), book)
    assert nils.status_code == 422
    assert "A-1" not in nils.content.decode()
    book["Lines"].title = "Mine"
    assert "“Lines” is missing" in words(sent(dana, book))
    with acting(desk.people.dana, read_only=True):
        assert not WorkbookUpload.objects.exists()


def test_its_cells_are_locked_where_they_identify_and_its_totals_are_formulas(desk: Desk, two: list[Invoice]) -> None:
    dana, run = Reader.of(desk.people.dana), desk.open(*two)
    desk.pay(run)
    book = downloaded(dana, run)
    sheet = book["Lines"]
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert place(book, "Lines", "A-1", "Invoice").protection.locked
    assert not place(book, "Lines", "A-1", "Payment 1").protection.locked
    assert place(book, "Lines", "A-1", "Payment 1").number_format == "#,##0.00"
    assert place(book, "Lines", "A-1", "Left").value == "=F4-H4-I4"
    assert sheet["F1"].value == '=SUMIF($E$3:$E$4,"USD",$F$3:$F$4)'
    assert place(book, "Payments", "1", "Placed").value == "=SUM(Lines!H3:H4)"
    assert sheet.freeze_panes == "B3"
    assert [str(rule.sqref) for rule in sheet.data_validations.dataValidation] == ["J3:J4", "L3:L4"]
    assert book["Lists"].sheet_state == "hidden"


def test_tags_go_out_and_come_back(desk: Desk, two: list[Invoice]) -> None:
    dana = Reader.of(desk.people.dana)
    desk.do("tag_invoices", invoices=[two[0].code], tag="Mobile")
    book = downloaded_tags(dana)
    assert place(book, "Tags", "A-1", "Tags").value == "Mobile"
    place(book, "Tags", "A-1", "Tags").value = "CC 4410"
    place(book, "Tags", "=A-2", "Tags").value = "CC 4410, Nord"
    url, page = compared(dana, book)
    desk.do("tag_invoices", invoices=[two[0].code], tag="Late")
    assert "Something has changed" in words(take(dana, url, page))
    page = dana.see(url)
    name = re.findall(r'name="(take-[^"]*)"', page)[0]
    assert take(dana, url, page, {name: "sheet"}).status_code == 302
    again = downloaded_tags(dana)
    assert [place(again, "Tags", row, "Tags").value for row in ("A-1", "=A-2")] == ["CC 4410", "CC 4410, Nord"]


def test_who_only_sees_can_neither_download_nor_take_over(desk: Desk, two: list[Invoice]) -> None:
    run = desk.open(*two)
    victor = Reader.of(desk.people.victor)
    assert victor.client.post(reverse("pay_run_workbook", args=[run])).status_code == 404
    assert victor.client.post(reverse("tag_workbook"), {"filter": ""}).status_code == 404
