"""The pay-run pages as people use them: by plain forms, without a line of script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_sources.models import Invoice
from payments.models import PayRun, ShortPay
from portal.actor import Actor
from portal.tenancy import carrier
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk
from tests.personas import Personas

Browse = Callable[[Actor], Client]


@pytest.fixture
def browse(people: Personas) -> Browse:
    def sign_in(actor: Actor) -> Client:
        from portal.users.models import User

        client = Client()
        client.force_login(User.objects.get(pk=actor.user_id))
        return client

    return sign_in


def hidden(page: str, name: str, near: str = "") -> str:
    """The value of a hidden field of the form whose action holds `near`."""
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.S) if near in form.split(">")[0])
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found, name
    return found[1]


def post(client: Client, page_url: str, form: str, **fields: Any) -> Any:
    """Fill in a form of the page and send it, as a browser would."""
    page = client.get(page_url).content.decode()
    carried = {name: hidden(page, name, form) for name in ("key", "seen")}
    return client.post(form, {**carried, **fields})


def test_first(desk: Desk, browse: Browse, people: Personas) -> None:
    one, two = make_invoice(people.harlow_west, "100.00"), make_invoice(people.harlow_west, "250.50")
    run = desk.open(one, two)
    dana = browse(people.dana)
    for url in (reverse("pay_runs"), reverse("pay_run", args=[run]), reverse("pay_run_review", args=[run]), reverse("payments")):
        assert dana.get(url).status_code == 200, url
    answer = post(dana, reverse("pay_run", args=[run]) + "?payment=new", reverse("pay_run_payments", args=[run]), method="wire", currency="USD", value_on="2026-12-05")
    assert answer.status_code == 303, answer.content.decode()
    answer = post(dana, reverse("pay_run", args=[run]), reverse("pay_run_lines", args=[run]), place="1", invoice=[one.code, two.code])
    assert answer.status_code == 303, answer.content.decode()
    assert desk.invoice(one).open == 0
    page = dana.get(reverse("pay_run", args=[run])).content.decode()
    assert "in full" in page
