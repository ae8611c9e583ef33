"""Groups of invoices, and the tags in use."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from payments.models import InvoiceGroup, InvoiceGroupMember, Payment, PayRunItem
from payments.operations import change_group, group_invoices, tag_invoices
from payments.operations import make_group as make_rule_group
from payments.operations.rule_groups import Defaults, RuleWish
from portal.customers import access
from portal.tenancy import acting, carrier
from tests.clients import client_of
from tests.factories import make_invoice
from tests.payments.pages import Reader, words
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


def test_the_builder_counts_what_was_chosen_and_saves_exactly_that(people: Personas) -> None:
    make_invoice(people.harlow_west, "10.00")
    make_invoice(people.harlow_west, "900.00")
    make_invoice(people.harlow_nord, "20.00")
    dana, chosen = Reader.of(people.dana), f"nodes={people.harlow_west.code}&amount_to=500"
    page = dana.see(f"/groups/new/?{chosen}")
    assert "Below Harlow West Billed to 500 1 of the bills so far" in words(page)
    assert "<html" not in dana.client.get(f"/groups/new/?{chosen}", headers={"HX-Request": "true"}).content.decode()

    fields = {**_saving(page), "name": "Small West", "effective_on": ""}
    url = dana.client.post("/groups/new/", fields).headers["Location"]
    assert "Small West 1 no change USD 10.00" in words(dana.see("/groups/"))
    change = dana.see(f"{url}rule/")
    assert "1 of the bills so far" in words(change)
    day = timezone.localdate().isoformat()
    fields = {**_saving(change), "rule": "currencies=USD", "effective_on": day}
    assert dana.client.post(f"{url}rule/", fields).status_code == 302
    stale = dana.client.post(f"{url}rule/", {**fields, "key": uuid4()})
    assert "Somebody has changed this rule since" in words(stale)
    assert "2 for bills from" in words(dana.see(url))


def test_the_builder_says_what_it_cannot_read_and_finds_nothing_of_others(people: Personas) -> None:
    dana = Reader.of(people.dana)
    assert "Type an amount" in words(dana.see("/groups/new/?amount_to=lots"))
    assert "turn them round" in words(dana.see("/groups/new/?amount_from=9&amount_to=1"))
    assert "is not one of the available choices" in words(dana.see(f"/groups/new/?nodes={people.lumen_root.code}"))
    fields = {"key": uuid4(), "name": "x", "rule": f"nodes={people.lumen_root.code}"}
    assert dana.client.post("/groups/new/", fields).status_code == 422
    assert "CANARY" not in words(dana.see("/groups/"))


def test_a_group_says_what_entered_and_left_since_the_last_cycle_and_why(people: Personas) -> None:
    today = timezone.localdate()
    before, lately = today - timedelta(days=36), today - timedelta(days=4)
    make_invoice(people.harlow_west, "80.00", billed_on=before)
    left = make_invoice(people.harlow_west, "7000.00", billed_on=lately)
    make_invoice(people.harlow_nord, "90.00", billed_on=before, currency="EUR")
    entered = make_invoice(people.harlow_nord, "70.00", billed_on=lately)
    new = make_invoice(people.harlow_root, "60.00", billed_on=lately)
    rule = RuleWish(currencies=("USD",), amount_to=Decimal(500))
    done = make_rule_group(people.dana, name="Small", rule=rule, effective_on=None, key=uuid4(), now=timezone.now())

    page = words(Reader.of(people.dana).see(f"/groups/{done.code}/"))

    assert f"{left.number} Harlow West, {lately} what was billed fits no longer: 7,000.00 after 80.00" in page
    assert f"{entered.number} Harlow Nord, {lately} its currency fits now" in page
    assert f"{new.number} Harlow Freight Group, {lately} first bill of this account" in page
    assert "Small 3 +2 in · −1 out" in words(Reader.of(people.dana).see("/groups/"))


def test_a_pay_run_opens_from_a_group_with_its_defaults_filled_in(people: Personas) -> None:
    dana, now = people.dana, timezone.now()
    due = timezone.localdate() + timedelta(days=20)
    make_invoice(people.harlow_west, "10.00", due_on=due)
    make_invoice(people.harlow_west, "5.00", currency="EUR", due_on=due + timedelta(days=2))
    make_invoice(people.harlow_west, "7.00", settled=Decimal(7))
    code = make_rule_group(
        dana, name="West", rule=RuleWish(nodes=(people.harlow_west.code,)), effective_on=None, key=uuid4(), now=now
    ).code
    wish = Defaults("wire", "PO 4410", 3, (people.victor.user_id,))
    change_group(dana, group=UUID(code), name="West", defaults=wish, key=uuid4(), now=now)
    fields = {"key": uuid4()}
    first, second = (client_of(dana).post(f"/groups/{code}/pay-runs/", fields) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    with acting(dana):
        planned = Payment.objects.order_by("position").values_list("method", "currency", "value_on", "note")
        assert list(planned) == [
            ("wire", "EUR", due - timedelta(days=1), "West · PO 4410"),
            ("wire", "USD", due - timedelta(days=3), "West · PO 4410"),
        ]
        assert PayRunItem.objects.count() == 2


def test_a_right_for_a_group_is_given_on_the_nodes_that_its_rule_names(people: Personas) -> None:
    now = timezone.now()
    codes = {}
    for name, rule in (("North", RuleWish(nodes=(people.harlow_nord.code,))), ("Euro", RuleWish(currencies=("EUR",)))):
        done = make_rule_group(people.dana, name=name, rule=rule, effective_on=None, key=uuid4(), now=now)
        codes[name] = done.code
    ada = Reader.of(people.ada)
    url = f"/groups/{codes['North']}/"
    ada.send(url, f"{url}rights/", user=people.nils.user_id, right="tag")
    with acting(people.nils):
        assert access.scope(people.nils, "tag").ids == {people.harlow_nord.pk}
    fields = {"key": uuid4(), "user": people.nils.user_id, "right": "tag"}
    assert "rights stand on nodes" in words(ada.client.post(f"/groups/{codes['Euro']}/rights/", fields, follow=True))
    for stranger in (people.carol, people.dana):
        assert client_of(stranger).post(f"{url}rights/", {**fields, "key": uuid4()}).status_code == 404
    foreign = {"key": uuid4(), "user": people.carol.user_id, "right": "see"}
    assert ada.client.post(f"{url}rights/", foreign).status_code == 404


def _saving(page: str) -> dict[str, str]:
    """The hidden fields of the form that saves the rule."""
    form = page[page.index('<form id="save"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}
