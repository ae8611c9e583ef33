"""Who approves or releases proves first that it is they: an open screen is not enough, by no way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from payments import operations
from payments.domain.refusals import Refused, Rule
from portal.users.confirmation import PRESS_AGAIN
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, url, words


@pytest.mark.parametrize("operation", ["approve_run", "release_run"])
@pytest.mark.parametrize("age", [None, timedelta(minutes=5, seconds=1)])
def test_no_operation_goes_by_an_old_proof_whatever_called_it(
    desk: Desk, operation: str, age: timedelta | None
) -> None:
    invoice = make_invoice(desk.people.harlow_west)
    run = desk.submitted(invoice) if operation == "approve_run" else desk.approved(invoice)
    victor = replace(desk.people.victor, confirmed_at=None if age is None else desk.now - age)
    extra = {"sha256": desk.run(run).submitted_sha256} if operation == "approve_run" else {}
    before = desk.run(run).state

    with pytest.raises(Refused) as refused:
        getattr(operations, operation)(victor, run=run, key=run, now=desk.now, **extra)

    assert refused.value.rule is Rule.NOT_CONFIRMED
    assert desk.run(run).state == before


def test_approve_asks_for_the_password_and_leads_back_to_press_again(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    victor = Reader.of(desk.people.victor)
    review = url("pay_run_review", run)

    asked = victor.send(review, url("pay_run_approval", run))
    assert asked.headers["Location"] == f"{reverse('account_reauthenticate')}?next={review.replace('/', '%2F')}"
    assert PRESS_AGAIN in words(victor.see(asked.headers["Location"]))
    wrong = victor.client.post(asked.headers["Location"], {"password": "not it", "next": review})
    assert wrong.status_code == 200 and desk.run(run).state == "submitted"
    right = victor.client.post(asked.headers["Location"], {"password": "correct horse battery", "next": review})
    assert right.headers["Location"] == review
    assert desk.run(run).state == "submitted", "the act is pressed again"
    victor.send(review, url("pay_run_approval", run))
    assert desk.run(run).state == "approved"


def test_htmx_is_asked_the_same(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    victor = Reader.of(desk.people.victor)
    form = victor.carried(url("pay_run_review", run), url("pay_run_approval", run))

    answer = victor.client.post(url("pay_run_approval", run), form, headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"].startswith(reverse("account_reauthenticate"))
    assert desk.run(run).state == "submitted"


def test_the_proof_of_one_person_is_not_the_next_ones(desk: Desk) -> None:
    """The same browser: Ada proved who she is, then Victor signs in."""
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    browser = Reader.of(desk.people.ada).confirm()
    browser.client.force_login(Reader.user_of(desk.people.victor))

    browser.send(url("pay_run_review", run), url("pay_run_approval", run))

    assert desk.run(run).state == "submitted"


def test_a_proof_grows_old_with_the_clock(desk: Desk) -> None:
    run = desk.submitted(make_invoice(desk.people.harlow_west))
    victor = Reader.of(desk.people.victor).confirm()
    session = victor.client.session
    records = session["account_authentication_methods"]
    records[-1]["at"] = (timezone.now() - timedelta(minutes=6)).timestamp()
    session["account_authentication_methods"] = records
    session.save()

    victor.send(url("pay_run_review", run), url("pay_run_approval", run))

    assert desk.run(run).state == "submitted"
