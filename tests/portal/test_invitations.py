"""The way in for somebody who has a user already: at another customer, say."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.customers.models import Invitation, Membership
from portal.customers.operations import invite
from portal.tenancy import carrier
from portal.users.models import User
from tests.clients import client_of
from tests.personas import Personas


def invited(people: Personas, email: str, now: datetime) -> Invitation:
    return invite(actor=people.ada, email=email, title="", rights=["see"], key=uuid.uuid4(), now=now)


def works_for(user_id: int) -> set[int]:
    with carrier(read_only=True):
        return set(Membership.objects.filter(user_id=user_id).values_list("customer_id", flat=True))


def test_who_works_for_one_customer_can_be_invited_by_another(people: Personas) -> None:
    invitation = invited(people, "carol@customer.example", timezone.now())

    carol = client_of(people.carol)
    assert b"Harlow Freight Group invites you" in carol.get(f"/invitation/{invitation.code}/").content
    assert works_for(people.carol.user_id) == {people.lumen.pk}, "looking is not accepting"

    assert carol.post(f"/invitation/{invitation.code}/").status_code == 302
    assert works_for(people.carol.user_id) == {people.lumen.pk, people.harlow.pk}


def test_an_invitation_is_for_the_invited_alone(people: Personas) -> None:
    invitation = invited(people, "carol@customer.example", timezone.now())

    assert client_of(people.nils).post(f"/invitation/{invitation.code}/").status_code == 404
    assert works_for(people.nils.user_id) == {people.harlow.pk}


def test_an_invitation_is_accepted_once(people: Personas) -> None:
    invitation = invited(people, "carol@customer.example", timezone.now())
    carol = client_of(people.carol)

    assert [carol.post(f"/invitation/{invitation.code}/").status_code for _ in range(2)] == [302, 404]


def test_two_tabs_that_sign_up_at_once_make_one_user_who_is_a_member(people: Personas) -> None:
    invitation = invited(people, "mia@customer.example", timezone.now())
    tabs = [Client(raise_request_exception=False) for _ in range(4)]
    for tab in tabs:
        tab.get(f"/invitation/{invitation.code}/")

    with ThreadPoolExecutor(len(tabs)) as at_once:
        answers = list(at_once.map(sign_up, tabs))

    assert {status for status, _ in answers} == {302}
    assert sorted(where for _, where in answers) == ["/", *["/account/login/"] * 3]
    mia = User.objects.get(email="mia@customer.example")
    assert works_for(mia.pk) == {people.harlow.pk}


def sign_up(tab: Client) -> tuple[int, str]:
    password = "a barge full of harbour lamps"
    fields = {"email": "mia@customer.example", "password1": password, "password2": password}
    try:
        response = tab.post("/account/signup/", fields)
        return response.status_code, response.headers.get("Location", "")
    finally:
        connection.close()
