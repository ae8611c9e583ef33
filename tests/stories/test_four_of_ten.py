"""The main job as its people do it: ten invoices over three payments, approved by a second person, heard by AR."""

from __future__ import annotations

import io
from decimal import Decimal

import pypdf
import pytest
from playwright.sync_api import expect

from payments.models import Payment
from portal.tenancy import carrier
from tests.browsers import Person, SitDown
from tests.live import Stack, eventually
from tests.stories.conftest import Mailbox, invoices

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stories")]

SHORT = Decimal("20.50")


def test_four_of_ten_by_ach_credit_three_by_wire_three_by_cheque_one_short_paid(
    stack: Stack, mailbox: Mailbox, sit_down: SitDown
) -> None:
    # A bill file arrives at night. Beat rings, a worker reads it, and sixteen bills are published.
    order = mailbox.order(invoices=16)
    mailbox.know(order)
    mailbox.receive(order)
    stack.jobs()
    stack.ar()
    url = stack.web()
    mailbox.wait_for_the_night()

    dana = sit_down(url)
    dana.sign_in("dana")
    numbers = choose_ten_large_ones(dana)
    add_to_a_pay_run(dana, "November, large ones")
    for method in ("ACH credit", "Wire", "Cheque"):
        add_payment(dana, method)
    place(dana, numbers[:4], "1")
    refuse_to_submit(dana, "6 invoices are not wholly placed yet.")
    place(dana, numbers[4:7], "2")
    place(dana, numbers[7:], "3")
    short_pay(dana, numbers[1])
    dana.page.get_by_role("button", name="Submit for approval").click()
    dana.reads("Waits for approval")

    # She is shown the review; having prepared it, it is not hers to approve.
    expect(dana.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    victor = sit_down(url)
    victor.sign_in("victor")
    approve_and_release(victor)

    billed = {invoice.number: invoice.payable for invoice in invoices()}
    paid = {number: billed[number] - (SHORT if number == numbers[1] else 0) for number in numbers}
    text = download_slip(victor)
    assert_slip_adds_up(text, {number: paid[number] for number in numbers[:4]})

    # AR answers: it does not accept that one bill was paid short, and books all the others.
    watch_payment_one(victor, numbers[1])
    eventually(lambda: states() == ["partly_posted", "posted", "posted"], "AR has answered for all three")
    assert open_again(dana) & set(numbers) == {numbers[1]}

    checked = stack.run("check_money")
    assert (checked.returncode, checked.stderr) == (0, "")


# --- Dana -----------------------------------------------------------------------------------------------------------


def choose_ten_large_ones(dana: Person) -> list[str]:
    """By the filter and the keyboard; the sum bar says all along what is selected."""
    dana.press("g", "i")
    dana.reads("A1-")
    dana.press("f")
    dana.page.get_by_label("Billed from").fill("150")
    dana.page.get_by_role("button", name="Show").click()
    dana.reads("1–11 of 11")
    dana.press("j", "Space", *["Shift+ArrowDown"] * 9)
    dana.reads("Selected 10", ".sum")
    rows = dana.page.locator("tr[data-row][aria-selected=true]")
    assert all(Decimal(number) >= 150 for number in minor_units(dana))
    return rows.locator("th").all_inner_texts()


def minor_units(dana: Person) -> list[str]:
    return [cell.replace(",", "") for cell in dana.page.locator("tr[data-row] td[data-label=Billed]").all_inner_texts()]


def add_to_a_pay_run(dana: Person, title: str) -> None:
    dana.press("p")
    dana.reads("Add 10 invoices to a pay run")
    dana.page.get_by_label("Title of a new pay run").fill(title)
    dana.page.get_by_role("button", name="Add").click()
    dana.reads("10 invoices are not wholly placed yet.")


def add_payment(dana: Person, method: str) -> None:
    dana.press("n")
    dana.page.get_by_label("Method").select_option(label=method)
    dana.page.get_by_role("button", name="Add payment").click()
    expect(dana.page.get_by_role("region", name=method)).to_be_visible()


def place(dana: Person, numbers: list[str], payment: str) -> None:
    """Walk down to the first of them, select as many as are wanted, and press the payment's number."""
    grid = dana.page.get_by_role("grid")
    grid.get_by_label(f"Select {numbers[0]}").focus()
    dana.press("Space", *["Shift+ArrowDown"] * (len(numbers) - 1), payment)
    dana.reads(f"{len(numbers)} placed on payment {payment}.")
    for number in numbers:
        expect(grid.get_by_role("row", name=number).locator("[data-row-left]")).to_have_text("0.00")


def refuse_to_submit(dana: Person, why: str) -> None:
    """The button says why; whoever presses it nevertheless hears it from the server."""
    dana.reads(why, ".sum")
    button = dana.page.get_by_role("button", name="Submit for approval")
    expect(button).to_be_disabled()
    button.evaluate("button => { button.disabled = false; }")
    button.click()
    dana.reads("is neither placed, short-paid nor left open", ".flash")
    dana.reads("In preparation")


def short_pay(dana: Person, number: str) -> None:
    dana.page.get_by_label(f"Select {number}").focus()
    dana.press("Space", "s")
    dialog = dana.page.get_by_role("dialog", name="Pay less, and say why")
    dialog.get_by_label("Reason").select_option(label="Rate not as agreed")
    dialog.get_by_label("Amount not paid").fill(str(SHORT))
    dialog.get_by_label("Note").fill("Amendment 7 of March")
    dialog.get_by_role("button", name="Short-pay").click()
    dana.reads(f"short {SHORT} · Rate not as agreed")


def open_again(dana: Person) -> set[str]:
    dana.open("/invoices/?amount_from=150")
    dana.reads("1–2 of 2")
    return set(dana.page.locator("tr[data-row] th").all_inner_texts())


# --- Victor ---------------------------------------------------------------------------------------------------------


def approve_and_release(victor: Person) -> None:
    victor.reads("approve")
    victor.press("g", "r")
    victor.page.get_by_role("grid").get_by_role("link").first.click()
    victor.page.get_by_role("link", name="Review").click()
    victor.reads("Amendment 7 of March")
    victor.page.get_by_role("button", name="Approve").click()
    victor.confirm()
    victor.page.get_by_role("button", name="Approve").click()
    victor.reads("Approved")
    victor.page.get_by_role("button", name="Release …").click()
    victor.page.get_by_role("button", name="Release 3 payments").click()
    victor.reads("Released")


def download_slip(victor: Person) -> str:
    victor.page.get_by_role("link", name="ACH credit").click()
    victor.reads("Slip (PDF)")
    payment_url = victor.page.url
    with victor.page.expect_download() as download:  # it waits for the worker that draws the slip
        victor.page.get_by_role("link", name="Slip (PDF)").click()
    victor.page.goto(payment_url)
    pages = pypdf.PdfReader(io.BytesIO(download.value.path().read_bytes())).pages
    return "\n".join(page.extract_text() for page in pages)


def assert_slip_adds_up(text: str, paid: dict[str, Decimal]) -> None:
    with carrier(read_only=True):
        reference = Payment.objects.get(position=1).reference
    assert reference in text.replace(" ", "")
    assert "Rate not as agreed" in text
    for number, amount in paid.items():
        assert number in text
        assert f"{amount:,.2f}" in text
    assert f"control total {sum(paid.values()):,.2f} USD" in text


def watch_payment_one(victor: Person, rejected: str) -> None:
    def has_come() -> bool:
        victor.page.reload()
        return "Posted in part" in victor.page.locator(".timeline").inner_text()

    eventually(has_come, "the timeline shows AR's answer")
    for step in ("Sent to AR", "Accepted by AR"):
        expect(victor.page.locator(".timeline__step--done", has_text=step)).to_be_visible()
    expect(victor.page.locator("tr[data-row]", has_text=rejected)).to_contain_text("Rejected")
    victor.reads(f"AR says of {rejected}: Contract rate applies")


def states() -> list[str]:
    with carrier(read_only=True):
        return list(Payment.objects.order_by("position").values_list("state", flat=True))
