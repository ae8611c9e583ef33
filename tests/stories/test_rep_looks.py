"""The carrier's account rep helps a customer: sees what Dana sees, and can touch nothing of it."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from payments.models import InvoiceGroup, PayRun, Tag
from portal.customers.models import Invitation
from portal.tenancy import carrier
from tests.browsers import Person, SitDown
from tests.factories import make_invoice
from tests.live import Stack
from tests.payments.conftest import Desk
from tests.personas import Personas

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stories")]

REASON = "Dana called: which bill is the reissued one?"


def test_a_rep_looks_and_cannot_touch(stack: Stack, people: Personas, sit_down: SitDown) -> None:
    bills = [make_invoice(people.harlow_west, f"{amount}.00") for amount in (120, 80, 45)]
    run = Desk(people, timezone.now()).open(bills[0])
    url = stack.web()

    # Sam says why he comes and under which ticket, and chooses whose view he wants.
    sam = sit_down(url)
    sam.sign_in("sam@carrier.example")
    begin_visit(sam, reason="short", ticket="T-88")
    sam.reads("Ensure this value has at least 15 characters")
    begin_visit(sam, reason=REASON, ticket="T-88")

    # He sees Harlow's invoices under a banner that says who he is, and how long he may stay.
    sam.open("/invoices/")
    for bill in bills:
        sam.reads(bill.number)
    banner = sam.page.get_by_role("region", name="Support session")
    expect(banner).to_contain_text("Sam sees what Dana of Harlow Freight Group sees. Nothing can be changed.")
    expect(banner).to_contain_text("min left")
    expect(banner).to_contain_text(REASON)

    # No page of his has a button that changes something, and what he sends by other means is refused.
    before = rows()
    for address in ("/", "/invoices/", f"/invoices/{bills[0].code}/", "/pay-runs/", f"/pay-runs/{run}/", "/people/"):
        sam.open(address)
        assert forms_that_write(sam) == ["/carrier/visit/end/"], address
    for address, fields in everything_dana_may_send(str(bills[0].code), str(run)):
        assert send(sam, address, fields) == 404, address
    assert rows() == before

    # He leaves; what he saw is closed to him.
    sam.page.get_by_role("button", name="End the visit").click()
    sam.reads("The visit has ended.")
    sam.open("/invoices/")
    sam.reads("There is nothing here")

    # Harlow's administrator reads who came, as whom and why.
    ada = sit_down(url)
    ada.sign_in("ada")
    ada.press("g", "v")
    visit = ada.page.get_by_role("row", name="Sam")
    for word in ("Dana", REASON, "T-88"):
        expect(visit).to_contain_text(word)
    expect(visit).not_to_contain_text("Now")


def begin_visit(sam: Person, *, reason: str, ticket: str) -> None:
    sam.open("/carrier/customers/")
    sam.page.get_by_role("link", name="Harlow Freight Group").click()
    sam.page.get_by_label("Dana").check()
    sam.page.get_by_label("Reason").fill(reason)
    sam.page.get_by_label("Ticket").fill(ticket)
    sam.page.locator("form.card").evaluate("form => { form.noValidate = true; }")
    sam.page.get_by_role("button", name="Begin the visit").click()


def forms_that_write(sam: Person) -> list[str]:
    """Where the page's forms post to, the invoices' own form left out when none of its buttons is there."""
    writing = sam.page.locator("form[method=post]:has(button), form[method=post]:has(input[type=submit])")
    return [str(form.get_attribute("action")) for form in writing.all()]


def everything_dana_may_send(invoice: str, run: str) -> list[tuple[str, dict[str, str]]]:
    chosen = {"key": str(uuid.uuid4()), "invoice": invoice, "version": "1", "seen": "", "reason": REASON}
    return [
        ("/invoices/selection/", {**chosen, "do": "pay"}),
        ("/invoices/selection/tags/", {**chosen, "tag": "by Sam"}),
        ("/invoices/selection/groups/", {**chosen, "group": "by Sam"}),
        ("/invoices/selection/pay-runs/", {**chosen, "title": "by Sam"}),
        ("/pay-runs/new/", {**chosen, "title": "by Sam"}),
        (f"/pay-runs/{run}/lines/", {**chosen, "do": "drop"}),
        (f"/pay-runs/{run}/payments/", {**chosen, "method": "wire", "currency": "USD", "value_on": "2026-12-01"}),
        (f"/pay-runs/{run}/submission/", chosen),
        (f"/pay-runs/{run}/cancellation/", chosen),
        ("/people/invitations/", {**chosen, "email": "sam@evil.example", "rights": "approve"}),
        ("/visits/permission/", {"allowed": "no"}),
    ]


def send(sam: Person, address: str, fields: dict[str, str]) -> int:
    """A form of Sam's own making, with the page's own protection against forgery."""
    token = sam.page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    form: dict[str, str | float | bool] = {**fields, "csrfmiddlewaretoken": token}
    return sam.page.request.post(f"{sam.url}{address}", form=form, headers={"Referer": sam.page.url}).status


def rows() -> list[int]:
    with carrier(read_only=True):
        return [model._default_manager.count() for model in (Tag, InvoiceGroup, PayRun, Invitation)]
