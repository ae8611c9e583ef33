"""Cells of the list of invoices changed by keyboard, where they stand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Life
from tests.browsers import Person, SitDown

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


def cell(person: Person, row: int, column: str) -> Locator:
    return person.page.locator("[data-row]").nth(row).locator(f"[data-column={column}]")


def stand_on(person: Person, row: int, column: str) -> None:
    cell(person, row, column).locator("a").focus()


def test_amounts_and_reasons_go_down_a_column_by_enter(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")
    dana.open("/invoices/?currency=USD&amount_from=60")
    stand_on(dana, 0, "to_pay")

    # Digits begin, Enter keeps and moves down: a row costs its digits and one key.
    dana.page.keyboard.type("12.5")
    dana.press("Enter")
    dana.page.keyboard.type("=")
    dana.press("Enter")
    dana.press("F2")
    dana.page.keyboard.type("50%")
    dana.press("Enter")
    expect(cell(dana, 0, "to_pay")).to_have_text("12.50")
    expect(cell(dana, 1, "to_pay")).to_have_text(cell(dana, 1, "open").inner_text())
    expect(dana.page.locator("[data-said]")).to_contain_text("is to be paid")

    # Esc takes back, Delete empties.
    stand_on(dana, 0, "to_pay")
    dana.press("Enter")
    dana.page.keyboard.type("999")
    dana.press("Escape")
    expect(cell(dana, 0, "to_pay")).to_have_text("12.50")
    expect(cell(dana, 0, "to_pay").locator("a")).to_be_focused()

    # A reason, and its note, in the next cell.
    dana.press("ArrowRight", "Enter")
    dana.page.keyboard.type("Oth")
    dana.press("Tab")
    dana.page.keyboard.type("the lift")
    dana.press("Enter")
    expect(cell(dana, 0, "reason")).to_have_text("Other: the lift")
    stand_on(dana, 1, "to_pay")
    dana.press("Delete")
    expect(cell(dana, 1, "to_pay").locator("a")).to_have_attribute("data-seen", "")
    expect(cell(dana, 1, "to_pay").locator("a")).to_be_focused()

    # Tags as well; the page says all of it again.
    stand_on(dana, 2, "tags")
    dana.press("Enter")
    dana.page.keyboard.type("CC 1, Mobile")
    dana.press("Enter")
    expect(cell(dana, 2, "tags").locator("a")).to_have_attribute("data-value", "CC 1, Mobile")
    dana.page.reload()
    expect(cell(dana, 0, "to_pay")).to_have_text("12.50")
    expect(cell(dana, 0, "reason")).to_have_text("Other: the lift")
    expect(cell(dana, 2, "tags").locator("a")).to_have_attribute("data-value", "CC 1, Mobile")


def test_what_is_refused_is_said_beside_the_cell_and_nothing_typed_is_lost(life: Life, sit_down: SitDown) -> None:
    dana, second = sit_down(life.url), sit_down(life.url)
    for tab in (dana, second):
        tab.sign_in("dana")
        tab.open("/invoices/?currency=USD&amount_from=60")
    stand_on(dana, 0, "to_pay")
    dana.page.keyboard.type("10.001")
    dana.press("Enter")
    field = cell(dana, 0, "to_pay").locator("input")
    expect(field).to_have_value("10.001")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("finer than USD"))
    expect(cell(dana, 1, "to_pay").locator("a")).to_be_focused()  # whoever typed on is not disturbed
    field.focus()
    dana.press("Control+a")
    dana.page.keyboard.type("10")
    dana.press("Enter")
    expect(cell(dana, 0, "to_pay")).to_have_text("10.00")

    # The other tab still shows the cell as it was: it is told what stands there now, and Enter again means it.
    stand_on(second, 0, "to_pay")
    second.page.keyboard.type("20")
    second.press("Enter")
    field = cell(second, 0, "to_pay").locator("input")
    expect(field).to_have_accessible_description(re.compile("changed meanwhile: 10.00 USD is to be paid"))
    expect(field).to_have_value("20")
    field.focus()
    second.press("Enter")
    expect(cell(second, 0, "to_pay")).to_have_text("20.00")


def test_the_grid_says_where_one_stands_and_has_one_tab_stop(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")
    dana.open("/invoices/?currency=USD")
    grid = dana.page.get_by_role("grid", name="Invoices")
    rows = dana.page.locator("[data-row]")
    total = rows.count()
    expect(grid).to_have_attribute("aria-rowcount", str(total + 1))
    expect(rows.first).to_have_attribute("aria-rowindex", "2")
    expect(cell(dana, 0, "to_pay")).to_have_attribute("aria-readonly", "false")
    assert cell(dana, 0, "number").get_attribute("aria-colindex") == "2"
    assert grid.locator("[tabindex='0']").count() == 1

    # To the corners, along the row, a range, and the whole of the filter.
    dana.press("j", "Control+End")
    assert dana.page.evaluate("document.activeElement.closest('tr').rowIndex") == total
    dana.press("Control+Home")
    expect(rows.first.locator("input[type=checkbox]")).to_be_focused()
    dana.press("End")
    assert dana.page.evaluate("document.activeElement.closest('td').dataset.column") == "state"
    dana.press("Home", "ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown")
    expect(dana.page.locator("[data-row][aria-selected=true]")).to_have_count(3)
    dana.press("Shift+ArrowUp")
    expect(dana.page.locator("[data-row][aria-selected=true]")).to_have_count(2)
    dana.press("Control+a")
    expect(dana.page.locator("[data-row][aria-selected=true]")).to_have_count(total)
    expect(dana.page.locator("[data-select-banner]")).to_be_visible()
    assert grid.locator("[tabindex='0']").count() == 1

    # A button's key with nothing selected is about the row that the keyboard stands on.
    dana.page.locator("[data-clear-selection]").click()
    rows.nth(1).locator("th a").focus()
    dana.press("e")
    dana.reads("Change 1 invoice")
    dana.press("Escape")
