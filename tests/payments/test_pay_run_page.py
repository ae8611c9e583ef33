"""The pay-run pages as people use them: by plain forms, without a line of script."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing_sources.models import Invoice
from payments.models import PayRun, ShortPay
from portal.customers import access
from portal.impersonation.operations import start_visit
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, placed, url, words
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


# --- Who may not ----------------------------------------------------------------------------------------------------

SEEN = ("pay_run", "pay_run_review")
POSTED = ("lines", "payments", "submission", "cancellation", "approval", "return", "release")


@pytest.mark.parametrize("name", SEEN)
def test_another_customers_run_is_not_found(desk: Desk, people: Personas, bills: list[Invoice], name: str) -> None:
    run = desk.open(*bills)
    assert "November" not in Reader.of(people.carol).see(url(name, run), status=404)


@pytest.mark.parametrize("noun", POSTED)
def test_nothing_can_be_done_to_another_customers_run(
    desk: Desk, people: Personas, bills: list[Invoice], noun: str
) -> None:
    run = desk.submitted(*bills)
    before = placed(run), desk.run(run).state
    form = {"key": uuid4(), "do": "take_off", "invoice": bills[0].code, "reason": "no", "seen": "x"}
    assert Reader.of(people.carol).client.post(url(f"pay_run_{noun}", run), form).status_code == 404
    assert (placed(run), desk.run(run).state) == before


def test_another_customers_run_is_in_no_list(desk: Desk, people: Personas, bills: list[Invoice]) -> None:
    desk.open(*bills, title="Secret plans")
    assert "Secret plans" not in Reader.of(people.carol).see(reverse("pay_runs"))


def test_who_may_not_see_every_invoice_of_a_run_sees_nothing_of_it(desk: Desk, people: Personas) -> None:
    west = desk.open(make_invoice(people.harlow_west), title="West")
    north = desk.open(make_invoice(people.harlow_nord), title="North")
    nils = Reader.of(people.nils)
    nils.see(url("pay_run", west), status=404)
    nils.see(url("pay_run", north))
    page = nils.see(reverse("pay_runs"))
    assert "North" in page and "West" not in page


def test_foreign_invoices_in_the_fields_change_nothing(
    desk: Desk, people: Personas, dana: Reader, bills: list[Invoice]
) -> None:
    foreign = make_invoice(people.lumen_root, "999.00")
    run = desk.open(*bills)
    desk.pay(run)
    assert dana.press(run, place="1", invoice=[bills[0].code, foreign.code]).status_code == 404
    assert dana.press(run, do="drop", invoice=foreign.code).status_code == 404
    assert dana.press(run, withdraw=foreign.code).status_code == 404
    dana.press(run, **{f"amount-{foreign.code}-1": "5.00"})
    assert placed(run) == {}
    assert desk.invoice(foreign).open == Decimal("999.00")


def test_another_runs_payment_is_not_found_under_this_run(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run, other = desk.open(bills[0]), desk.open(bills[1])
    payment, foreign = desk.pay(run), desk.pay(other)
    page = url("pay_run", run) + f"?payment={payment}"
    form = dana.carried(page, url("pay_run_payment", run, payment))
    answer = dana.client.post(url("pay_run_payment", run, foreign), {**form, "do": "remove"})
    assert answer.status_code == 404
    assert desk.payments(other)[0].state == "planned"


def test_who_only_sees_has_nothing_to_press(desk: Desk, people: Personas, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    ada = Reader.of(people.ada)
    assert 'name="place"' not in ada.see(url("pay_run", run))
    answer = ada.client.post(url("pay_run_lines", run), {"key": uuid4(), "do": "save"})
    assert answer.status_code == 404


def test_a_visiting_rep_sees_the_run_and_cannot_post(desk: Desk, people: Personas, bills: list[Invoice]) -> None:
    run = desk.submitted(*bills)
    start_visit(
        actor=people.sam,
        customer_code=str(people.harlow.code),
        user_id=people.dana.user_id,
        reason="Dana asked why run 1 waits",
        ticket="T-7",
        now=timezone.now(),
    )
    sam = Reader.of(people.sam)
    page = sam.see(url("pay_run", run))
    assert bills[0].number in page
    assert url("pay_run_lines", run) not in page and url("pay_run_submission", run) not in page
    for noun in POSTED:
        assert sam.client.post(url(f"pay_run_{noun}", run), {"key": uuid4()}).status_code == 404
    assert desk.run(run).state == "submitted"


# --- The whole way --------------------------------------------------------------------------------------------------


def test_a_run_goes_from_its_title_to_release_without_script(
    desk: Desk, dana: Reader, victor: Reader, bills: list[Invoice]
) -> None:
    answer = dana.send(reverse("pay_runs"), reverse("pay_run_new"), title="December")
    run = UUID(answer.headers["Location"].split("/")[2])
    desk.do("choose_invoices", run=run, invoices=[bill.code for bill in bills])
    for method in ("ach_credit", "wire"):
        page = url("pay_run", run) + "?payment=new"
        form = {"method": method, "currency": "USD", "value_on": "2026-12-05"}
        assert dana.send(page, url("pay_run_payments", run), **form).status_code == 303
    assert dana.press(run, place="1", invoice=[bills[0].code, bills[1].code]).status_code == 303
    assert dana.press(run, place="2", **{"invoice": bills[2].code}).status_code == 303
    assert dana.submit(run).headers["Location"] == url("pay_run_review", run)
    victor.confirm().send(url("pay_run_review", run), url("pay_run_approval", run))
    assert desk.run(run).state == "approved"
    page = victor.see(url("pay_run_review", run))
    assert "ACH credit of 350.50 USD on 2026-12-05" in words(page)
    victor.send(url("pay_run_review", run), url("pay_run_release", run))
    assert desk.run(run).state == "released"
    assert "Wire" in dana.see(reverse("payments"))


def test_a_form_sent_twice_acts_once(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    form = dana.carried_by_rows(run)
    pressed = {**form, "place": "1", "invoice": [str(bills[0].code)]}
    answers = [dana.client.post(url("pay_run_lines", run), pressed, follow=True) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "1 placed on payment 1." in words(answers[1])
    assert placed(run) == {(bills[0].number, 1): Decimal("100.00")}


def test_a_new_run_asked_for_twice_is_one_run(dana: Reader, desk: Desk) -> None:
    form = dana.carried(reverse("pay_runs"), reverse("pay_run_new"))
    first, second = (dana.client.post(reverse("pay_run_new"), {**form, "title": "Once"}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    with carrier(read_only=True):
        assert PayRun.objects.count() == 1


def test_a_form_without_a_key_does_nothing(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    answer = dana.client.post(url("pay_run_lines", run), {"place": "1", "invoice": bills[0].code})
    assert (answer.status_code, placed(run)) == (422, {})


def test_a_key_that_somebody_else_used_is_refused(
    desk: Desk, people: Personas, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    form = dana.carried_by_rows(run)
    with carrier():
        access.grant(people.ada.user_id, people.harlow_root, "prepare")
    desk.do("open_run", people.ada, title="Ada's", invoices=[], key=UUID(form["key"]))
    answer = dana.client.post(url("pay_run_lines", run), {**form, "place": "1", "invoice": bills[0].code})
    assert (answer.status_code, placed(run)) == (409, {})


# --- What the page does ---------------------------------------------------------------------------------------------


def test_amounts_are_typed_and_an_empty_one_takes_the_invoice_off(
    desk: Desk, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    desk.pay(run, "wire")
    first, second = f"amount-{bills[0].code}-1", f"amount-{bills[0].code}-2"
    dana.press(run, do="save", **{first: "1 00.00", f"amount-{bills[1].code}-2": "1,00.25"})
    assert placed(run) == {(bills[0].number, 1): Decimal(100), (bills[1].number, 2): Decimal("100.25")}
    dana.press(run, do="save", **{first: "", second: "40"})
    assert placed(run) == {(bills[0].number, 2): Decimal(40), (bills[1].number, 2): Decimal("100.25")}


def test_rows_placed_whole_move_to_the_payment_they_are_sent_to(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    first = desk.pay(run)
    desk.pay(run, "wire")
    desk.place(run, first, bills[0])
    desk.place(run, first, bills[1], amount="200.00")
    dana.press(run, place="2", invoice=[bills[0].code, bills[1].code])
    assert placed(run) == {
        (bills[0].number, 2): Decimal("100.00"),  # nothing of it was open: it moved
        (bills[1].number, 1): Decimal("200.00"),
        (bills[1].number, 2): Decimal("50.50"),  # what was open went along
    }


def test_a_short_pay_takes_the_typed_amount_and_explains_the_rest(
    desk: Desk, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    typed = {f"amount-{bills[0].code}-1": "80.00"}
    answer = dana.press(run, do="short_pay", reason="rate_not_as_agreed", invoice=bills[0].code, **typed)
    assert answer.status_code == 303
    with carrier(read_only=True):
        assert ShortPay.objects.get().amount == Decimal("20.00")
    assert "short 20.00 · Rate not as agreed" in words(dana.see(url("pay_run", run)))
    dana.press(run, withdraw=bills[0].code)
    with carrier(read_only=True):
        assert not ShortPay.objects.exists()


def test_what_is_short_paid_comes_off_a_payment_that_has_it_all(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    desk.place(run, desk.pay(run), bills[0])
    dana.press(run, do="short_pay", reason="tax_exempt", short="12.50", invoice=bills[0].code)
    assert placed(run) == {(bills[0].number, 1): Decimal("87.50")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": ""}, "Choose a reason."),
        ({"reason": "mood"}, "Choose a reason from the list."),
        ({"reason": "other"}, "“Other” needs a note."),
        ({"reason": "tax_exempt", "short": "a lot"}, "Type an amount"),
        ({"reason": "tax_exempt", "short": "1000"}, "80.00 USD open"),
    ],
)
def test_a_short_pay_needs_a_reason_and_a_possible_amount(
    desk: Desk, dana: Reader, bills: list[Invoice], fields: dict[str, str], said: str
) -> None:
    run = desk.open(*bills)
    answer = dana.press(run, do="short_pay", invoice=bills[2].code, **fields)
    assert answer.status_code == 422
    assert said in words(answer)


def test_what_stays_open_on_purpose_can_be_taken_back(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    dana.press(run, do="leave_open", invoice=bills[0].code)
    assert "Left open 1" in words(dana.see(url("pay_run", run)))
    dana.press(run, undo=bills[0].code)
    assert "Left open 0" in words(dana.see(url("pay_run", run)))


def test_all_in_the_filter_means_every_page_of_it(desk: Desk, dana: Reader, people: Personas) -> None:
    many = [make_invoice(people.harlow_west, "10.00") for _ in range(205)]
    run = desk.open(*many)
    desk.pay(run)
    desk.place(run, desk.payments(run)[0].code, many[0])
    view = url("pay_run_lines", run) + "?show=to_place"
    form = dana.carried(url("pay_run", run) + "?show=to_place", url("pay_run_lines", run))
    answer = dana.client.post(view, {**form, "do": "leave_open", "whole_filter": "yes"})
    assert answer.headers["Location"] == url("pay_run", run) + "?show=to_place"
    assert "Left open 204" in words(dana.see(url("pay_run", run)))


def test_a_refusal_keeps_what_was_typed_and_checked(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    answer = dana.press(run, do="save", invoice=bills[1].code, **{f"amount-{bills[0].code}-1": "100.01"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "has 100.00 USD open, not 100.01" in words(page)
    assert 'value="100.01"' in page
    assert f'value="{bills[1].code}" aria-label="Select {bills[1].number}" checked' in page
    assert placed(run) == {}


@pytest.mark.parametrize("typed", ["12x", "NaN", "1e400", "-5", "0.001", "9" * 30])
def test_what_is_no_payable_amount_is_refused_in_words(
    desk: Desk, dana: Reader, bills: list[Invoice], typed: str
) -> None:
    run = desk.open(*bills)
    desk.pay(run)
    answer = dana.press(run, do="save", **{f"amount-{bills[0].code}-1": typed})
    assert answer.status_code == 422
    assert bills[0].number in words(answer).split("Not done.")[1]
    assert placed(run) == {}


def test_a_payment_form_with_errors_comes_back_as_it_was(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    page = url("pay_run", run) + "?payment=new"
    form = {"method": "wire", "currency": "USD", "value_on": "31 Dec", "planned": "lots", "note": "OUR-1"}
    answer = dana.send(page, url("pay_run_payments", run), **form)
    assert answer.status_code == 422
    assert 'value="OUR-1"' in answer.content.decode() and "Type an amount" in words(answer)
    assert desk.payments(run) == []


def test_a_payment_is_changed_and_removed(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    payment = desk.pay(run)
    desk.place(run, payment, bills[0])
    page, form = url("pay_run", run) + f"?payment={payment}", url("pay_run_payment", run, payment)
    dana.send(page, form, method="cheque", value_on="2026-12-12", planned="500", note="")
    assert (desk.payments(run)[0].method, desk.payments(run)[0].planned) == ("cheque", Decimal(500))
    assert "Left to place 400.00" in words(dana.see(url("pay_run", run)))
    dana.send(page, form, do="remove")
    assert placed(run) == {}


def test_the_totals_are_of_the_whole_run_whatever_the_page_shows(
    desk: Desk, dana: Reader, bills: list[Invoice], people: Personas
) -> None:
    euro = make_invoice(people.harlow_nord, "70.00", currency="EUR")
    run = desk.open(*bills, euro)
    desk.place(run, desk.pay(run), bills[0])
    said = words(dana.see(url("pay_run", run) + "?show=short"))
    assert "EUR 70.00 0.00 0.00 0.00 0.00 70.00" in said
    assert "USD 430.50 100.00 0.00 0.00 0.00 330.50" in said


def test_submission_waits_until_every_cent_is_settled(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    assert "3 invoices are not wholly placed yet. The run has no payment." in words(dana.see(url("pay_run", run)))
    dana.submit(run)
    assert desk.run(run).state == "draft"
    desk.place(run, desk.pay(run), *bills)
    dana.submit(run)
    assert desk.run(run).state == "submitted"


def test_what_was_typed_and_not_saved_is_what_is_submitted(desk: Desk, dana: Reader, bills: list[Invoice]) -> None:
    run = desk.open(*bills)
    desk.place(run, desk.pay(run), *bills)
    desk.do("leave_open", run=run, invoices=[bills[0].code])
    dana.submit(run, **{f"amount-{bills[0].code}-1": "99.00"})
    assert (desk.run(run).state, placed(run)[bills[0].number, 1]) == ("submitted", Decimal("99.00"))


def test_a_submission_that_is_refused_saves_nothing_and_keeps_what_was_typed(
    desk: Desk, dana: Reader, bills: list[Invoice]
) -> None:
    run = desk.open(*bills)
    desk.place(run, desk.pay(run), *bills)
    answer = dana.submit(run, **{f"amount-{bills[0].code}-1": "99.00"})
    assert (answer.status_code, placed(run)[bills[0].number, 1]) == (422, Decimal("100.00"))
    assert "1.00 USD is neither placed, short-paid nor left open" in words(answer)
    assert 'value="99.00"' in answer.content.decode()


# --- Size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SEEN)
def test_a_page_asks_the_database_as_often_for_many_invoices_as_for_few(
    desk: Desk, people: Personas, dana: Reader, name: str
) -> None:
    def queries(how_many: int) -> int:
        invoices = [make_invoice(people.harlow_west, "10.00") for _ in range(how_many)]
        run = desk.open(*invoices)
        desk.place(run, desk.pay(run), *invoices)
        with CaptureQueriesContext(connection) as asked:
            dana.see(url(name, run))
        return len(asked)

    few = queries(2)
    assert queries(210) == few
