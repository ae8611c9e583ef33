"""The first page of the day: what this person can do something about, and what came in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from billing_sources.models import Invoice
from payments.ar.acknowledgements import InvoiceVerdict, Verdict
from portal.tenancy import ingest
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, url, words
from tests.payments.partner import Partner
from tests.personas import Personas


def test_one_thing_is_said_in_the_singular_and_nothing_is_not_said_at_all(desk: Desk, people: Personas) -> None:
    desk.open(make_invoice(people.harlow_west, "100.00"))
    said = words(Reader.of(people.dana).see("/"))
    assert "1 pay run in preparation" in said
    assert "0 " not in said.partition("What needs you today")[2].partition("New bills")[0]


@pytest.mark.parametrize(("name", "finds"), [("dana", False), ("victor", True)])
def test_a_run_to_approve_waits_for_those_who_may_approve(desk: Desk, people: Personas, name: str, finds: bool) -> None:
    desk.submitted(make_invoice(people.harlow_west, "100.00"))
    assert ("1 pay run to approve" in words(Reader.of(getattr(people, name)).see("/"))) is finds


def test_who_has_nothing_to_do_is_told_so(people: Personas) -> None:
    assert "Nothing waits for you." in words(Reader.of(people.nils).see("/"))


def test_new_bills_are_told_with_their_money(people: Personas) -> None:
    for amount, currency in (("100.00", "USD"), ("50.00", "USD"), ("7.00", "EUR")):
        make_invoice(people.harlow_west, amount, currency=currency)
    with ingest():
        Invoice.objects.update(published_at=timezone.now() - timedelta(hours=1))
    said = words(Reader.of(people.dana).see("/"))
    assert "2 150.00 USD" in said
    assert "1 7.00 EUR" in said


def test_of_a_closed_run_nothing_is_still_to_place(desk: Desk, people: Personas, partner: Partner) -> None:
    good, bad = make_invoice(people.harlow_west, "120.00"), make_invoice(people.harlow_west, "30.00")
    run = desk.released(good, bad)
    partner.push()
    partner.accept_syntax()
    told = [
        InvoiceVerdict(good.number, Verdict.ACCEPTED, "atlas"),
        InvoiceVerdict(bad.number, Verdict.REJECTED, "atlas", reasons=("Account is closed.",)),
    ]
    partner.now += timedelta(hours=1)
    partner.post(Verdict.PARTIALLY, told)
    assert desk.run(run).state == "closed"
    for page in ("pay_run", "pay_run_review"):
        said = words(Reader.of(people.victor).see(url(page, run)))
        assert "Still to place" not in said
        assert "Not placed" not in said
    assert "Not paid" in said


def test_the_address_of_a_form_has_no_stray_sign(desk: Desk, people: Personas) -> None:
    run = desk.open(make_invoice(people.harlow_west, "100.00"))
    assert 'href="?payment=new"' in Reader.of(people.dana).see(url("pay_run", run))


def test_days_are_written_in_one_way(desk: Desk, people: Personas) -> None:
    run = desk.submitted(make_invoice(people.harlow_west, "100.00"))
    victor = Reader.of(people.victor)
    said = words(victor.see(url("pay_run", run))) + words(victor.see(url("pay_run_review", run)))
    assert f"{desk.now:%Y-%m-%d}" in said
    assert f"{desk.now.day} {desk.now:%b}" not in said
