"""Everything by keyboard: no test here touches a mouse after signing in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
