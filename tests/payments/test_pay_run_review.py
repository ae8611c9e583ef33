"""Two people and two tabs: what is stale is refused, and nobody approves what they made or have not seen."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from billing_sources.models import Invoice
from portal.customers import access
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, form_on, placed, url, words
from tests.personas import Personas


@pytest.fixture
def dana(people: Personas) -> Reader:
    return Reader.of(people.dana)


@pytest.fixture
def victor(people: Personas) -> Reader:
    return Reader.of(people.victor)


@pytest.fixture
def bills(people: Personas) -> list[Invoice]:
    return [make_invoice(people.harlow_west, amount) for amount in ("100.00", "250.50", "80.00")]


# --- Two people, two tabs -------------------------------------------------------------------------------------------


def test_a_stale_tab_is_told_what_changed_and_loses_nothing(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    payment = desk.pay(run)
    form = dana.carried_by_rows(run)
    desk.now += timedelta(minutes=5)
    desk.place(run, payment, bills[1])
    typed = {f"amount-{bills[0].code}-1": "55.00"}
    answer = dana.client.post(url("pay_run_lines", run), {**form, "do": "save", **typed})
    assert answer.status_code == 422
    assert "has changed since you opened this page. 09:35 Dana: 1 placed on payment 1." in words(answer)
    assert 'value="55.00"' in answer.content.decode()
    assert placed(run) == {(bills[1].number, 1): Decimal("250.50")}
    again = form_on(answer.content.decode(), url("pay_run_lines", run))
    assert form["seen"] not in again


def test_saving_once_more_does_not_undo_what_somebody_else_did_meanwhile(
    desk: Desk, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    first, second = desk.pay(run), desk.pay(run)
    desk.place(run, first, bills[2])
    form = dana.carried_by_rows(run)
    fields = {f"amount-{bill.code}-{payment}": "" for bill in bills for payment in (1, 2)}
    fields |= {f"amount-{bills[2].code}-1": "80.00", f"amount-{bills[0].code}-1": "55.00"}
    desk.now += timedelta(minutes=5)
    desk.place(run, second, bills[1])
    desk.place(run, first, bills[2], amount="30.00")

    refused = dana.client.post(url("pay_run_lines", run), {**form, "do": "save", **fields}).content.decode()
    shown = dict(re.findall(r'name="(amount-[^"]+)" value="([^"]*)"', refused))
    assert shown == fields | {f"amount-{bills[1].code}-2": "250.50", f"amount-{bills[2].code}-1": "30.00"}

    dana.press(run, do="save", **shown)
    numbers = [bill.number for bill in bills]
    assert placed(run) == {
        (numbers[0], 1): Decimal("55.00"),
        (numbers[1], 2): Decimal("250.50"),
        (numbers[2], 1): Decimal("30.00"),
    }


def test_a_tab_from_before_the_submission_cannot_take_the_run_back_to_draft(
    desk: Desk, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.place(run, desk.pay(run), *bills)
    form = dana.carried_by_rows(run)
    desk.do("submit_run", run=run)
    answer = dana.client.post(url("pay_run_lines", run), {**form, "do": "take_off", "invoice": bills[0].code})
    assert (answer.status_code, desk.run(run).state) == (422, "submitted")


def test_a_submitted_run_is_changed_only_by_who_says_so(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.submitted(*bills)
    assert url("pay_run_lines", run) not in dana.see(url("pay_run", run))
    page = url("pay_run", run) + "?edit=yes"
    assert "must be approved anew" in words(dana.see(page))
    dana.send(page, url("pay_run_lines", run), do="take_off", invoice=bills[0].code)
    assert (desk.run(run).state, desk.run(run).version) == ("draft", 2)


# --- The second person ----------------------------------------------------------------------------------------------


def test_whoever_made_the_run_is_told_why_they_cannot_approve(
    desk: Desk, people: Personas, dana: Reader, bills: list[Invoice]
) -> None:
    with carrier():
        access.grant(people.dana.user_id, people.harlow_root, "approve")
    run = desk.submitted(*bills)
    page = dana.see(url("pay_run_review", run))
    assert "You made or edited this run, so somebody else approves it." in words(page)
    assert url("pay_run_approval", run) not in page
    form = dana.carried(url("pay_run_review", run), url("pay_run_return", run))
    forged = {**form, "sha256": desk.run(run).submitted_sha256}
    answer = dana.client.post(url("pay_run_approval", run), forged, follow=True)
    assert "Whoever made or edited a pay run cannot approve it." in words(answer)
    assert desk.run(run).state == "submitted"


def test_an_approver_cannot_approve_what_they_have_not_seen(desk: Desk, victor: Reader, bills: list[Invoice]) -> None:
    run = desk.submitted(*bills)
    form = victor.carried(url("pay_run_review", run), url("pay_run_approval", run))
    desk.do("drop_invoices", run=run, invoices=[bills[2].code])
    desk.do("submit_run", run=run)
    answer = victor.client.post(url("pay_run_approval", run), form, follow=True)
    assert "has changed since you opened this page" in words(answer)
    assert desk.run(run).state == "submitted"


def test_a_returned_run_says_why_and_the_next_review_says_what_is_new(
    desk: Desk, dana: Reader, victor: Reader, bills: list[Invoice]
) -> None:
    run = desk.submitted(*bills)
    victor.send(url("pay_run_review", run), url("pay_run_return", run), reason="Split it over two days")
    assert "Split it over two days" in words(dana.see(url("pay_run", run)))
    desk.now += timedelta(hours=1)
    desk.place(run, desk.payments(run)[0].code, bills[0], amount="60.00")
    desk.do("leave_open", run=run, invoices=[bills[0].code])
    desk.do("submit_run", run=run)
    said = words(victor.see(url("pay_run_review", run)))
    assert f"{bills[0].number} on payment 1 100.00 USD 60.00 USD" in said


def test_the_review_shows_short_pays_with_reasons_and_the_fingerprint(
    desk: Desk, victor: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.place(run, desk.pay(run), *bills[1:])
    desk.do("short_pay", run=run, invoice=bills[0].code, amount=Decimal(100), reason="other", note="see mail of May")
    desk.do("submit_run", run=run)
    said = words(victor.see(url("pay_run_review", run)))
    assert f"{bills[0].number} Other · see mail of May 100.00 USD" in said
    assert desk.run(run).submitted_sha256[:12] in said


def test_a_run_that_is_given_up_frees_its_invoices(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.submitted(*bills)
    dana.send(url("pay_run", run), url("pay_run_cancellation", run))
    assert desk.run(run).state == "cancelled"
    assert desk.invoice(bills[0]).open == Decimal("100.00")
    assert "Cancelled" in words(dana.see(url("pay_run", run)))
