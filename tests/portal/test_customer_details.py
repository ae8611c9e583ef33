"""The carrier's people enter a customer's address and tax ids."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import AuditEvent
from portal.customers.describing import mark
from portal.customers.models import Customer
from portal.tenancy import carrier
from tests.billing_sources.staff import signed_in, text_of
from tests.personas import Personas

ADDRESS = "Accounts payable\r\n 2210  S Cherry Ave \r\n\r\nFresno CA 93706"


@pytest.fixture
def erik(people: Personas) -> Client:
    return signed_in(people.erik.user_id)


def known(people: Personas) -> tuple[list[str], list[str]]:
    with carrier(read_only=True):
        harlow = Customer.objects.get(pk=people.harlow.pk)
    return list(harlow.address_lines), list(harlow.tax_ids)


def save(client: Client, people: Personas, seen: str = "", **fields: str) -> Any:
    with carrier(read_only=True):
        seen = seen or mark(Customer.objects.get(pk=people.harlow.pk))
    return client.post(reverse("customer_details", args=[people.harlow.code]), {"seen": seen, **fields})


def test_an_engineer_finds_a_customer_and_enters_where_it_sits_and_its_tax_ids(people: Personas, erik: Client) -> None:
    page = erik.get(reverse("customers"), {"q": "harlow"})
    assert reverse("customer_details", args=[people.harlow.code]) in page.content.decode()
    assert save(erik, people, address=ADDRESS, tax_ids="de 123.456-789\n94-1234567\nDE123456789").status_code == 302
    assert known(people) == (
        ["Accounts payable", "2210 S Cherry Ave", "Fresno CA 93706"],
        ["DE123456789", "941234567"],
    )
    with carrier(read_only=True):
        act = AuditEvent.objects.get(verb="described")
    assert (act.user_id, act.customer_id) == (people.erik.user_id, people.harlow.pk)
    assert act.detail["tax ids"] == ["DE123456789", "941234567"]


def test_the_same_form_twice_is_one_act(people: Personas, erik: Client) -> None:
    with carrier(read_only=True):
        seen = mark(Customer.objects.get(pk=people.harlow.pk))
    for _ in range(2):
        assert save(erik, people, seen, address=ADDRESS).status_code == 302
    with carrier(read_only=True):
        assert AuditEvent.objects.filter(verb="described").count() == 1


def test_a_stale_tab_does_not_undo_what_a_colleague_saved(people: Personas, erik: Client) -> None:
    with carrier(read_only=True):
        stale = mark(Customer.objects.get(pk=people.harlow.pk))
    save(signed_in(people.sam.user_id), people, address="9 Pier St")
    refused = save(erik, people, stale, address="1 Old St")
    assert refused.status_code == 422 and "Somebody else changed this customer meanwhile" in text_of(refused)
    assert known(people)[0] == ["9 Pier St"]


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "x" * 81},
        {"address": "\n".join("abcdefg")},
        {"address": "9 Pier St\0"},
        {"tax_ids": "1" * 41},
        {"tax_ids": "\n".join(map(str, range(21)))},
        {"address": "9 Pier St", "seen": "nobody's"},
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(people: Personas, erik: Client, fields: dict[str, str]) -> None:
    before = known(people)
    assert save(erik, people, **fields).status_code == 422
    assert known(people) == before
