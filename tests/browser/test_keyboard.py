"""Everything by keyboard: no test here touches a mouse after signing in."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Life
from tests.browsers import Person, SitDown

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


def test_the_keys_of_every_screen_do_what_their_list_says(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")

    # "?" lists the keys; Esc closes the list, and nothing else.
    dana.press("?")
    keys = dana.page.locator("#keys")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Invoices")
    dana.press("Escape")
    expect(keys).to_be_hidden()

    # "g" and a letter go to a screen, "/" goes to the search, and Esc leaves it.
    dana.press("g", "i")
    dana.page.wait_for_url("**/invoices/")
    dana.press("/")
    search = dana.page.get_by_role("searchbox")
    expect(search).to_be_focused()
    dana.page.keyboard.type("j k p")
    expect(search).to_have_value("j k p")
    dana.press("Escape")
    expect(search).not_to_be_focused()

    # j and k walk the rows, Space selects, and the sum bar follows.
    dana.press("j", "j", "j", "k")
    assert row_of_the_keyboard(dana) == 1
    dana.press("Space", "j", "Space")
    dana.reads("Selected 2", ".sum")
    dana.press("k", "Space")
    dana.reads("Selected 1", ".sum")

    # Enter opens the row; going back lands on it again.
    dana.press("Enter")
    dana.page.wait_for_url("**/invoices/*-*/")
    dana.page.go_back()
    dana.page.wait_for_url("**/invoices/")
    assert row_of_the_keyboard(dana) == 1

    # "p" takes what is selected to a pay run.
    dana.press("p")
    dana.reads("Add 1 invoice to a pay run")


def test_an_amount_is_placed_without_a_mouse(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")
    dana.open(f"/pay-runs/{life.draft}/?show=to_place")
    dana.reads("Not placed")
    dana.press("j", "e")
    amount = dana.page.locator("input.amount:focus")
    expect(amount).to_have_count(1)
    dana.page.keyboard.press("=")
    left = dana.page.locator("tr:has(input.amount:focus) [data-row-left]")
    expect(left).to_have_text("0.00")
    dana.press("Control+Enter")
    dana.reads("1 placed on payment 1.")


def row_of_the_keyboard(dana: Person) -> int:
    """Which row of the grid the focus stands in, from 0."""
    return int(
        dana.page.evaluate("[...document.querySelectorAll('[data-row]')].indexOf(document.activeElement.closest('tr'))")
    )


def test_what_is_done_while_an_answer_is_awaited_is_not_lost(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")
    dana.open(f"/pay-runs/{life.draft}/?show=to_place")
    dana.reads("Not placed")
    first, second, third = (dana.page.locator("[data-row]").nth(place) for place in range(3))
    names = [row.locator("th").inner_text() for row in (first, second, third)]
    dana.page.route("**/lines/**", slowly)

    dana.press("j", "Space", "1")  # the first row goes to payment 1; the answer takes its time
    third.locator("input[type=checkbox]").check()
    dana.press("2")  # meanwhile the third is checked, and sent to payment 2
    dana.reads("1 placed on payment 1.")
    dana.reads("1 placed on payment 2.")
    dana.page.unroute("**/lines/**")
    dana.open(f"/pay-runs/{life.draft}/?show=to_place")
    left = dana.page.locator("[data-row] th").all_inner_texts()
    assert names[1] in left
    assert not {names[0], names[2]} & set(left)


def test_amounts_follow_the_reader_through_filters_until_they_are_saved(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url)
    dana.sign_in("dana")
    dana.open(f"/pay-runs/{life.draft}/?show=to_place")
    dana.press("j", "e")
    dana.page.keyboard.type("12.34")
    name = dana.page.evaluate("document.activeElement.name")
    for chip in ("Left open", "All"):
        dana.page.locator(".chips__set a", has_text=chip).click()
        expect(dana.page.locator(".chips__set [aria-current]")).to_contain_text(chip)
    expect(dana.page.locator(f"[name={name}]")).to_have_value("12.34")

    dana.page.locator(".chips__set a", has_text="Left open").click()
    expect(dana.page.locator(f"[name={name}]")).to_have_count(0)
    dana.page.locator("[name=do][value=save]").last.click()
    dana.reads("1 placed on payment 1.")
    dana.page.locator(".chips__set a", has_text="All").click()
    expect(dana.page.locator(f"[name={name}]")).to_have_value("12.34")


def slowly(route: Route) -> None:
    """As a server does that has much to do."""
    time.sleep(0.7)
    route.continue_()
