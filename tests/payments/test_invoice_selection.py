"""What is done with selected invoices, without script."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from payments.models import InvoiceGroupMember, InvoiceTag, PayRun, PayRunItem, Tag
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice, make_invoices
from tests.payments.invoice_pages import choice, figures, listed, numbers, page_of
from tests.personas import Personas


def test_what_is_checked_is_kept_while_paging_without_script(people: Personas) -> None:
    make_invoices([people.harlow_west], 60)
    chosen = make_invoice(people.harlow_west, "7.00", number="kept", due_on=date(2020, 1, 1))
    page = client_of(people.dana).post(f"/invoices/?after={chosen.code}", {"invoice": chosen.code})
    assert "kept" not in numbers(page.content)
    assert f'<input type="hidden" name="invoice" value="{chosen.code}">' in page_of(page)
    assert figures(page.content)[7] == "7.00"


def test_tagging_goes_through_a_form_that_says_what_it_comes_to(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west, "10.00"), make_invoice(people.harlow_nord, "2.50")
    make_invoice(people.harlow_nord, number="not chosen")
    form, hidden = choice(people.dana, "tag", invoice=[one.code, two.code], back="sort=-open")
    assert "Tag 2 invoices" in page_of(form)
    assert "12.50" in page_of(form)
    fields = {"invoice": [one.code, two.code], "tag": "CC 4410", "act": "put_on", **hidden}
    done = client_of(people.dana).post("/invoices/selection/tags/", fields)
    assert done.headers["Location"] == "/invoices/?sort=-open"
    assert len(listed(people.dana, "tag=CC 4410")) == 2
    client_of(people.dana).post("/invoices/selection/tags/", {**fields, "act": "take_off", "key": uuid4()})
    assert listed(people.dana, "tag=CC 4410") == []


def test_all_in_the_filter_means_the_whole_filter_not_the_page(people: Personas) -> None:
    make_invoices([people.harlow_west], 80)
    make_invoice(people.harlow_west, number="other", currency="EUR")
    form, hidden = choice(people.dana, "tag", whole_filter="yes", filter="currency=USD&state=all")
    assert "Tag 80 invoices" in page_of(form)
    client_of(people.dana).post("/invoices/selection/tags/", {"tag": "usd", "act": "put_on", **hidden})
    with acting(people.dana):
        assert InvoiceTag.objects.count() == 80


def test_a_bill_that_came_in_since_does_not_slip_into_the_whole_filter(people: Personas) -> None:
    make_invoices([people.harlow_west], 3)
    _, hidden = choice(people.dana, "tag", whole_filter="yes", filter="state=all")
    make_invoice(people.harlow_west)
    client_of(people.dana).post("/invoices/selection/tags/", {"tag": "x", "act": "put_on", **hidden})
    with acting(people.dana):
        assert not Tag.objects.exists()


def test_the_same_form_sent_twice_is_done_once(people: Personas) -> None:
    invoice = make_invoice(people.harlow_west)
    _, hidden = choice(people.dana, "pay", invoice=invoice.code)
    for _ in range(2):
        done = client_of(people.dana).post(
            "/invoices/selection/pay-runs/", {"invoice": invoice.code, "title": "November", "run": "", **hidden}
        )
        assert done.status_code == 302
    with acting(people.dana):
        assert PayRun.objects.count() == 1


def test_selected_invoices_go_into_a_new_run_or_a_draft_and_what_cannot_be_paid_is_left_out(people: Personas) -> None:
    one, two = make_invoice(people.harlow_west), make_invoice(people.harlow_west)
    paid, credit = make_invoice(people.harlow_west, settled=Decimal(100)), make_invoice(people.harlow_west, "-5.00")
    every = [one.code, paid.code, credit.code]
    form, hidden = choice(people.dana, "pay", invoice=every)
    assert "Add 2 invoices to a pay run" in page_of(form)
    assert "1 of those selected are left out" in page_of(form)
    dana = client_of(people.dana)
    dana.post("/invoices/selection/pay-runs/", {"invoice": every, "title": "November", "run": "", **hidden})
    with acting(people.dana):
        run = PayRun.objects.get()
    _, hidden = choice(people.dana, "pay", invoice=two.code)
    dana.post("/invoices/selection/pay-runs/", {"invoice": two.code, "run": run.code, **hidden})
    with acting(people.dana):
        assert PayRunItem.objects.filter(run=run).count() == 3


@pytest.mark.parametrize("do", ["tag", "group", "pay"])
def test_another_customers_invoices_in_a_posted_selection_change_nothing(people: Personas, do: str) -> None:
    foreign = make_invoice(people.lumen_root)
    addresses = {"tag": "tags", "group": "groups", "pay": "pay-runs"}
    fields = {"invoice": foreign.code, "tag": "x", "group": "x", "title": "x", "act": "put_on", "key": uuid4()}
    assert client_of(people.dana).post("/invoices/selection/", {"do": do, "invoice": foreign.code}).status_code == 302
    client_of(people.dana).post(f"/invoices/selection/{addresses[do]}/", fields)
    with carrier():
        assert not InvoiceTag.objects.exists()
        assert not InvoiceGroupMember.objects.exists()
        assert not PayRunItem.objects.exists()


def test_another_customers_pay_run_cannot_take_invoices(people: Personas) -> None:
    from payments.operations import open_run

    run = open_run(people.carol, title="Theirs", invoices=[], key=uuid4(), now=timezone.now()).code
    own = make_invoice(people.harlow_west)
    fields = {"invoice": own.code, "run": run, "key": uuid4()}
    assert client_of(people.dana).post("/invoices/selection/pay-runs/", fields).status_code == 404
    with carrier():
        assert not PayRunItem.objects.exists()


@pytest.mark.parametrize("address", ["tags/", "groups/", "pay-runs/"])
def test_whoever_may_only_see_is_offered_no_buttons_and_can_post_nothing(people: Personas, address: str) -> None:
    invoice = make_invoice(people.harlow_nord)
    assert (
        'type="checkbox"'
        not in client_of(people.nils).get("/invoices/").content.decode().split("<tbody>")[1].split("</table>")[0]
    )
    fields = {"invoice": invoice.code, "tag": "x", "group": "x", "title": "x", "key": uuid4()}
    assert client_of(people.nils).post(f"/invoices/selection/{address}", fields).status_code == 404


def test_nothing_selected_is_said_in_words(people: Personas) -> None:
    make_invoice(people.harlow_west)
    response = client_of(people.dana).post("/invoices/selection/", {"do": "pay"}, follow=True)
    assert "Select invoices first" in page_of(response)
