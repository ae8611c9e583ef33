"""Groups of invoices, and the tags in use."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django.utils import timezone

from payments.models import InvoiceGroup, InvoiceGroupMember
from payments.operations import group_invoices, tag_invoices
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice
from tests.personas import Personas


def make_group(people: Personas, name: str, *invoices: Any) -> InvoiceGroup:
    codes = [invoice.code for invoice in invoices]
    group_invoices(people.dana, invoices=codes, group=name, key=uuid4(), now=timezone.now())
    with acting(people.dana):
        return InvoiceGroup.objects.get(name=name)


def members() -> int:
    with carrier():
        return InvoiceGroupMember.objects.filter(until_on=None).count()


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_selection_becomes_a_group_by_a_new_name(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west, "10.00"), make_invoice(people.harlow_nord, "5.00")
    fields = {"invoice": [one.code, two.code], "group": "Month end", "key": uuid4()}
    assert client_of(people.dana).post("/invoices/selection/groups/", fields).status_code == 302
    listed = text_of(client_of(people.dana).get("/groups/"))
    assert "Month end 2 +2 in USD 15.00" in listed


def test_a_group_counts_for_each_person_what_that_person_may_see(people: Personas) -> None:
    group = make_group(
        people, "Both", make_invoice(people.harlow_west, "10.00"), make_invoice(people.harlow_nord, "5.00")
    )
    assert "Both 1 +1 in USD 5.00" in text_of(client_of(people.nils).get("/groups/"))
    page = client_of(people.nils).get(f"/groups/{group.code}/").content.decode()
    assert page.count("<tr data-row") == 1
    assert ">5.00</td>" in page


def test_a_groups_money_is_what_is_open_now(people: Personas) -> None:
    make_group(
        people, "Mixed", make_invoice(people.harlow_west, "10.00"), make_invoice(people.harlow_west, currency="EUR")
    )
    assert "Mixed 2 +1 in EUR 100.00 USD 10.00" in text_of(client_of(people.dana).get("/groups/"))


def test_another_customers_group_is_not_found_and_not_touched(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    group = make_group(people, "Ours", invoice)
    carol = client_of(people.carol)
    assert "Ours" not in text_of(carol.get("/groups/"))
    assert carol.get(f"/groups/{group.code}/").status_code == 404
    fields = {"invoice": invoice.code, "key": uuid4()}
    assert carol.post(f"/groups/{group.code}/removals/", fields).status_code == 404
    assert members() == 1


def test_what_is_checked_is_taken_out_of_the_group_and_stays_an_invoice(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west, number="stays"), make_invoice(people.harlow_west, number="leaves")
    group = make_group(people, "Month end", one, two)
    fields = {"invoice": two.code, "key": uuid4()}
    page = client_of(people.dana).post(f"/groups/{group.code}/removals/", fields, follow=True)
    assert "1 taken out of" in text_of(page)
    assert members() == 1
    assert client_of(people.dana).get(f"/invoices/{two.code}/").status_code == 200


def test_a_foreign_invoice_in_the_removals_changes_nothing(people: Personas) -> None:
    group = make_group(people, "Ours", make_invoice(people.harlow_west))
    fields = {"invoice": make_invoice(people.lumen_root).code, "key": uuid4()}
    assert client_of(people.dana).post(f"/groups/{group.code}/removals/", fields).status_code == 404
    assert members() == 1


def test_whoever_may_only_see_can_take_nothing_out(people: Personas) -> None:
    invoice = make_invoice(people.harlow_nord)
    group = make_group(people, "Ours", invoice)
    fields = {"invoice": invoice.code, "key": uuid4()}
    assert client_of(people.nils).post(f"/groups/{group.code}/removals/", fields).status_code == 404
    assert members() == 1


def test_a_group_can_be_worked_on_in_the_list(people: Personas) -> None:
    group = make_group(people, "Month end", make_invoice(people.harlow_west, number="in"))
    make_invoice(people.harlow_west, number="out")
    page = client_of(people.dana).get(f"/invoices/?group={group.code}").content.decode()
    assert "Month end" in page
    assert ">in</a>" in page
    assert ">out</a>" not in page


def test_tags_are_told_with_what_they_are_on_and_lead_there(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west, "12.00")
    tag_invoices(people.dana, invoices=[invoice.code], tag="CC 4410", key=uuid4(), now=timezone.now())
    page = client_of(people.dana).get("/tags/")
    assert "CC 4410 1 invoices tagged CC 4410 USD 12.00" in text_of(page)
    assert "/invoices/?state=all&amp;tag=CC+4410" in page.content.decode()
    assert "CC 4410 0" in text_of(client_of(people.nils).get("/tags/"))
