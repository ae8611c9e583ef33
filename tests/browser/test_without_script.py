"""With script switched off the main path is plain forms and links: sign in, filter, select, place, submit."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Life
from tests.browsers import Person, SitDown

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

BILL = re.compile(r"Select A\d")


def test_a_pay_run_is_made_and_submitted_by_forms_alone(life: Life, sit_down: SitDown) -> None:
    dana = sit_down(life.url, java_script_enabled=False)
    dana.sign_in("dana")

    # The filter is a page of its own.
    dana.page.get_by_role("link", name="Invoices", exact=True).click()
    dana.page.get_by_text("+ Filter").click()
    dana.page.get_by_role("link", name="Open the filter’s form").click()
    dana.page.get_by_label("State").select_option(label="Open")
    dana.page.get_by_label("Billed from").fill("100")
    dana.page.get_by_label("Currency").fill("USD")
    dana.page.get_by_role("button", name="Show").click()

    # Two bills by their checkboxes, to a new run.
    boxes = dana.page.get_by_role("checkbox", name=BILL)
    boxes.nth(0).check()
    boxes.nth(1).check()
    dana.page.get_by_role("button", name="Add to pay run").click()
    dana.reads("Add 2 invoices to a pay run")
    dana.page.get_by_label("A new one").check()
    dana.page.get_by_label("Title of a new pay run").fill("Without script")
    dana.page.get_by_role("button", name="Add", exact=True).click()

    # One payment, on which both are placed; one cent of the second is given a reason instead.
    dana.page.get_by_role("link", name="+ Payment").click()
    dana.page.get_by_label("Method").select_option(label="Cheque")
    dana.page.get_by_role("button", name="Add payment").click()
    check_all(dana)
    dana.page.get_by_role("button", name="Place selected").click()
    dana.reads("2 placed on payment 1.")
    boxes = dana.page.get_by_role("checkbox", name=BILL)
    boxes.nth(1).check()
    dana.page.get_by_role("button", name="Short-pay").first.click()
    dialog = dana.page.get_by_role("dialog", name="Pay less, and say why")
    dialog.get_by_label("Reason").select_option(label="Charged twice")
    dialog.get_by_label("Amount not paid").fill("0.01")
    dialog.get_by_role("button", name="Short-pay").click()
    dana.reads("short 0.01 · Charged twice")

    dana.page.get_by_role("button", name="Submit for approval").click()
    dana.reads("Waits for approval")


def check_all(dana: Person) -> None:
    for box in dana.page.get_by_role("checkbox", name=BILL).all():
        box.check()
