"""Being signed in is asked anew with every page."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.users.models import User
from tests.clients import client_of
from tests.personas import Personas


def test_who_is_deactivated_is_signed_out_with_their_next_page(people: Personas) -> None:
    dana = client_of(people.dana)
    assert dana.get("/invoices/").status_code == 200
    User.objects.filter(pk=people.dana.user_id).update(is_active=False)
    assert dana.get("/invoices/").headers["Location"].startswith("/account/login/")


def test_a_session_that_is_over_or_unknown_signs_nobody_in(people: Personas) -> None:
    dana, other = client_of(people.dana), client_of(people.dana)
    Session.objects.filter(pk=dana.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    Session.objects.filter(pk=other.session.session_key).delete()
    assert dana.get("/invoices/").status_code == 302
    assert other.get("/invoices/").status_code == 302
