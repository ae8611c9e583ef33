"""What happened to a payment, as its payer reads it; and what the carrier's engineers see of the messages."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from payments.ar.acknowledgements import InvoiceVerdict, Verdict
from payments.models import ArPosting, Payment
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, words
from tests.payments.partner import Partner
from tests.personas import Personas


@pytest.fixture
def dana(people: Personas) -> Reader:
    return Reader.of(people.dana)


@pytest.fixture
def erik(people: Personas) -> Reader:
    return Reader.of(people.erik)


def page_of(payment: Payment) -> str:
    return reverse("payment", args=[payment.code])


def give_up(error: str) -> ArPosting:
    """As a worker does with a message that no attempt can deliver."""
    with carrier():
        ArPosting.objects.update(state=ArPosting.State.DEAD, last_error=error, attempts=200)
        return ArPosting.objects.get()


def test_another_customers_payment_is_not_found(desk: Desk, people: Personas) -> None:
    run = desk.released(make_invoice(people.harlow_west))
    carol = Reader.of(people.carol)
    carol.see(page_of(desk.payments(run)[0]), status=404)
    assert desk.payments(run)[0].reference not in carol.see(reverse("payments"))


def test_a_payment_is_for_those_who_may_see_each_of_its_invoices(desk: Desk, people: Personas) -> None:
    run = desk.released(make_invoice(people.harlow_nord), make_invoice(people.harlow_west), payments=2)
    north, west = desk.payments(run)
    nils = Reader.of(people.nils)
    nils.see(page_of(north))
    nils.see(page_of(west), status=404)
    assert "1 payment · USD" in words(nils.see(reverse("payments")))


def test_the_timeline_follows_the_payment_to_its_posting(
    desk: Desk, people: Personas, dana: Reader, partner: Partner
) -> None:
    invoice = make_invoice(people.harlow_west, "120.00")
    run = desk.released(invoice)
    payment = desk.payments(run)[0]
    said = words(dana.see(page_of(payment)))
    assert "Created 2026-11-21 09:30 · Dana" in said and "Approved 2026-11-21 09:30 · Victor" in said
    assert f"Reference {payment.reference}" in said and "Posted (not yet)" in said
    partner.push()
    partner.accept_syntax()
    assert "Accepted by AR 2026-11-21 09:30 AR on the message: accepted" in words(dana.see(page_of(payment)))
    partner.post()
    said = words(dana.see(page_of(payment)))
    assert "Posted 2026-11-21 09:30" in said and "(not yet)" not in said
    assert "Unapplied 0.00" in said


def test_what_ar_rejects_stands_first_with_its_words_and_its_money(
    desk: Desk, people: Personas, dana: Reader, partner: Partner
) -> None:
    good, bad = make_invoice(people.harlow_west, "120.00"), make_invoice(people.harlow_west, "30.00")
    run = desk.released(good, bad)
    partner.now += timedelta(hours=1)
    partner.push()
    partner.accept_syntax()
    told = [
        InvoiceVerdict(good.number, Verdict.ACCEPTED, "atlas"),
        InvoiceVerdict(bad.number, Verdict.REJECTED, "atlas", reasons=("Account is closed.",)),
    ]
    partner.post(Verdict.PARTIALLY, told)
    page = dana.see(page_of(desk.payments(run)[0]))
    said = words(page)
    assert f"{bad.number} Harlow West 30.00 Rejected AR says of {bad.number}: Account is closed." in said
    assert said.index(bad.number) < said.index(good.number)
    assert "Posted in part" in said and "Unapplied 30.00" in said
    listed = words(dana.see(reverse("payments") + "?state=rejected"))
    assert "PAY-1-1" in listed and "150.00" in listed


def test_a_difference_is_shown_on_the_payment_it_is_about(
    desk: Desk, people: Personas, dana: Reader, partner: Partner
) -> None:
    invoice = make_invoice(people.harlow_west, "120.00")
    run = desk.released(invoice)
    partner.push()
    partner.post(Verdict.ACCEPTED, [InvoiceVerdict("F9-unheard-of", Verdict.ACCEPTED)])
    said = words(dana.see(page_of(desk.payments(run)[0])))
    assert "PAY-1-1, invoice F9-unheard-of open since 2026-11-21 unknown invoice" in said


def test_a_message_that_was_given_up_is_told_to_the_payer_in_words(desk: Desk, people: Personas, dana: Reader) -> None:
    run = desk.released(make_invoice(people.harlow_west))
    give_up("The drop folder is gone.")
    said = words(dana.see(page_of(desk.payments(run)[0])))
    assert "Given up: The drop folder is gone. The carrier is looking at it." in said


def test_a_planned_payment_has_a_page_before_anything_is_released(desk: Desk, people: Personas, dana: Reader) -> None:
    invoice = make_invoice(people.harlow_west, "120.00")
    run = desk.open(invoice)
    desk.place(run, desk.pay(run), invoice, amount="40.00")
    said = words(dana.see(page_of(desk.payments(run)[0])))
    assert "given at release" in said and "40.00" in said


def test_the_list_adds_up_the_whole_filter_by_currency(desk: Desk, people: Personas, dana: Reader) -> None:
    desk.released(make_invoice(people.harlow_west, "120.00"), make_invoice(people.harlow_west, "30.00"), payments=2)
    euro = desk.open(make_invoice(people.harlow_west, "7.00", currency="EUR"))
    desk.pay(euro, currency="EUR", planned="7.00")
    said = words(dana.see(reverse("payments")))
    assert "1 payment · EUR 2 payments · USD" in said and "7.00 150.00" in said
    assert "PAY-2-1" not in dana.see(reverse("payments") + "?state=waiting")


def test_unreadable_filters_are_as_if_they_were_not_there(desk: Desk, people: Personas, dana: Reader) -> None:
    desk.released(make_invoice(people.harlow_west))
    queries = ("?state=%00", "?before=x", f"?before={uuid4()}", "?state=' or 1=1", "?before=0", "?before=4711")
    for query in queries:
        for name, shown in (("payments", "PAY-1-1"), ("pay_runs", "Pay run 1")):
            page = dana.see(reverse(name) + query)
            assert shown in page, f"{name} {query}"
            assert "Newest" not in page, f"{name} {query}: this is the first page"


# --- The carrier's engineers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dana", "carol", "sam"])
def test_only_engineers_see_the_messages(people: Personas, name: str) -> None:
    reader = Reader.of(getattr(people, name))
    reader.see(reverse("postings"), status=404)
    assert reader.client.post(reverse("posting_replay", args=[uuid4()])).status_code == 404


def test_a_message_that_was_given_up_is_tried_again_when_an_engineer_says_so(
    desk: Desk, people: Personas, erik: Reader, partner: Partner
) -> None:
    desk.released(make_invoice(people.harlow_west, "120.00"))
    posting = give_up("The drop folder is gone.")
    said = words(erik.see(reverse("postings") + "?state=dead"))
    assert f"{posting.control_number} Harlow Freight Group PAY-1-1 120.00 USD Given up" in said
    assert "The drop folder is gone." in said
    erik.send(reverse("postings"), reverse("posting_replay", args=[posting.code]))
    partner.now += timedelta(days=4000)
    assert partner.push() == 1
    again = erik.client.post(reverse("posting_replay", args=[posting.code]), follow=True)
    assert "nothing was done" in words(again)


def test_an_answer_that_cannot_be_read_waits_before_the_engineer(
    desk: Desk, people: Personas, erik: Reader, partner: Partner
) -> None:
    partner.answer(b"not an answer", "strange.edi")
    said = words(erik.see(reverse("postings")))
    assert "strange.edi cannot be read" in said


@pytest.mark.parametrize("name", ["payments", "postings", "pay_runs"])
def test_a_list_asks_the_database_as_often_for_many_as_for_few(
    desk: Desk, people: Personas, dana: Reader, erik: Reader, name: str
) -> None:
    def queries() -> int:
        desk.released(*[make_invoice(people.harlow_west) for _ in range(3)], payments=3)
        with CaptureQueriesContext(connection) as asked:
            (erik if name == "postings" else dana).see(reverse(name))
        return len(asked)

    few = queries()
    assert queries() == few


def test_what_was_done_to_a_run_tells_of_ar_as_well_as_of_people(
    desk: Desk, people: Personas, dana: Reader, partner: Partner
) -> None:
    run = desk.released(make_invoice(people.harlow_west))
    partner.push()
    partner.accept_syntax()
    partner.post()
    said = words(dana.see(reverse("pay_run_review", args=[run])))
    assert "· Victor Released" in said or "· Victor Pay run 1 is released" in said
    assert "· Tributary Run closed." in said
