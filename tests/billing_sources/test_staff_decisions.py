"""What the carrier's engineer decides: bills released or left out, files read again, accounts linked."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse

from billing_sources import tasks
from billing_sources.models import (
    AccountLink,
    ImportRun,
    Invoice,
    QuarantinedInvoice,
)
from billing_sources.transports import Payload
from portal.audit.models import AuditEvent
from portal.tenancy import acting, carrier
from tests.billing_sources.staff import BILLS, HELD, ORDER, Night, text_of

pytest_plugins = ["tests.billing_sources.staff"]


def test_a_release_without_a_reason_is_refused(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held()
    for reason in ("", "   ", "x" * 501):
        answer = bills_came_in.erik.post(reverse("invoice_release"), {"invoice": held.code, "reason": reason})
        assert answer.status_code == 422
        assert "reason" in text_of(answer)
    with carrier():
        held.refresh_from_db()
    assert (held.state, woken) == ("held", [])


def test_a_released_bill_is_loaded_and_the_proof_still_adds_up(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held()
    bills_came_in.erik.post(reverse("invoice_release"), {"invoice": held.code, "reason": "The paper says the same"})
    assert woken == [held.pk]
    tasks.load_bill(held.pk)

    file = bills_came_in.file()
    assert (file.read_bills, file.loaded_bills, file.held_bills) == (BILLS, BILLS - HELD + 1, HELD - 1)
    assert file.read_amount == file.loaded_amount + file.held_amount
    page = text_of(bills_came_in.erik.get(reverse("held_invoice", args=[held.code])))
    assert "Released and loaded" in page and "The paper says the same" in page and "Erik" in page
    with carrier():
        assert Invoice.objects.filter(number=held.number).count() == 1


def test_a_bill_that_could_not_be_read_can_only_be_left_out(bills_came_in: Night, woken: list[int]) -> None:
    held = bills_came_in.held(readable=False)
    page = bills_came_in.erik.get(reverse("held_invoice", args=[held.code])).content.decode()
    assert ">Release<" not in page and ">Leave out<" in page

    fields = {"invoice": held.code, "reason": "It came corrected"}
    refused = bills_came_in.erik.post(reverse("invoice_release"), fields)
    assert refused.status_code == 422 and "correct it at its source" in text_of(refused)
    assert bills_came_in.erik.post(reverse("invoice_discard"), fields).status_code == 302
    with carrier():
        held.refresh_from_db()
    assert (held.state, held.reason, woken) == ("discarded", "It came corrected", [])


def test_of_several_bills_all_are_decided_or_none(bills_came_in: Night, woken: list[int]) -> None:
    both = [bills_came_in.held().code, bills_came_in.held(readable=False).code]
    refused = bills_came_in.erik.post(reverse("invoice_release"), {"invoice": both, "reason": "Known"})
    assert (refused.status_code, woken) == (422, [])
    with carrier():
        assert set(QuarantinedInvoice.objects.values_list("state", flat=True)) == {"held"}

    done = bills_came_in.erik.post(reverse("invoice_discard"), {"invoice": both, "reason": "Known"})
    assert done.status_code == 302
    page = text_of(bills_came_in.erik.get(reverse("import_file", args=[bills_came_in.file().code])))
    assert "2 left out" in page, "a file whose held bills are all decided waits for nobody"


def test_a_decision_cannot_be_made_twice(bills_came_in: Night) -> None:
    fields = {"invoice": bills_came_in.held().code, "reason": "Known"}
    bills_came_in.erik.post(reverse("invoice_discard"), fields)
    again = bills_came_in.erik.post(reverse("invoice_release"), fields)
    assert again.status_code == 422 and "decided already" in text_of(again)


def test_a_replay_makes_a_new_file_and_discards_the_old(bills_came_in: Night, woken: list[int]) -> None:
    old = bills_came_in.file()
    address = reverse("file_replay", args=[old.code])
    refused = bills_came_in.erik.post(address, {"reason": " "})
    assert refused.status_code == 422 and "Say why" in text_of(refused)

    bills_came_in.erik.post(address, {"reason": "The vocabulary knows the term now"})
    with carrier():
        run = ImportRun.objects.get(trigger="replay")
        old.refresh_from_db()
    assert woken == [run.pk]
    tasks.import_cycle(run.pk)
    new = bills_came_in.file(run)
    assert (old.state, new.state, new.document_id) == ("discarded", "published", old.document_id)
    assert (new.unchanged, new.held_bills, new.created) == (BILLS - HELD, HELD, 0)
    page = bills_came_in.erik.get(reverse("import_file", args=[old.code]))
    assert "The vocabulary knows the term now" in text_of(page)
    assert reverse("import_file", args=[new.code]) in page.content.decode()


def test_a_file_cut_short_is_held_whole_and_can_be_left_out_with_a_reason(bills_came_in: Night) -> None:
    cut = bills_came_in.file(bills_came_in.import_order(replace(ORDER, cycle="3", faults=("truncated",))))
    page = text_of(bills_came_in.erik.get(reverse("quarantine")))
    assert "The file ends too early: its end is missing." in page and "A3-20261105.x12" in page

    address = reverse("file_discard", args=[cut.code])
    assert bills_came_in.erik.post(address, {"reason": ""}).status_code == 422
    assert bills_came_in.erik.post(address, {"reason": "Sent again whole"}).status_code == 302
    with carrier():
        cut.refresh_from_db()
        assert AuditEvent.objects.filter(verb="discarded", user_id=bills_came_in.people.erik.user_id).exists()
    assert (cut.state, cut.discard_reason) == ("discarded", "Sent again whole")

    again = bills_came_in.import_files([Payload.of(bills_came_in.folder / "A3-20261105.x12")])
    assert bills_came_in.file(again).state == "seen", "it lies in its folder every night, and stays left out"

    loaded = reverse("file_discard", args=[bills_came_in.file().code])
    refused = bills_came_in.erik.post(loaded, {"reason": "No"})
    assert refused.status_code == 422 and "held whole" in text_of(refused)


def test_linking_an_account_publishes_its_bills_to_the_customer(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": people.harlow_west.code, "do": "below"}
    answer = bills_came_in.erik.post(reverse("account_link"), fields, follow=True)
    assert "linked to Harlow Freight Group" in text_of(answer)
    with carrier():
        link.refresh_from_db()
        assert link.account is not None and link.account.parent_id == people.harlow_west.pk
    with acting(people.ada):
        assert Invoice.objects.filter(account_link=link).exists()
    with acting(people.carol):
        assert not Invoice.objects.exists()


def test_an_account_can_be_a_node_that_is_there_already(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "do": "here"}
    refused = bills_came_in.erik.post(reverse("account_link"), {**fields, "node": ""})
    assert refused.status_code == 422 and "Choose the node" in text_of(refused)

    bills_came_in.erik.post(reverse("account_link"), {**fields, "node": people.harlow_nord.code})
    with carrier():
        link.refresh_from_db()
    assert link.account_id == people.harlow_nord.pk


def test_a_node_of_another_customer_is_not_found(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": people.lumen_root.code, "do": "here"}
    assert bills_came_in.erik.post(reverse("account_link"), fields).status_code == 404
    with carrier():
        link.refresh_from_db()
    assert link.account_id is None


def test_several_accounts_go_to_one_customer_at_once_or_none_does(bills_came_in: Night) -> None:
    people = bills_came_in.people
    with carrier():
        waiting = list(AccountLink.objects.filter(account=None).order_by("-pk"))
    fields = {"customer": people.lumen.code, "node": people.lumen_root.code, "do": "below"}
    bills_came_in.erik.post(reverse("account_link"), {**fields, "account": [waiting[0].code]})

    mixed = [link.code for link in waiting[:3]]
    others = {"customer": people.harlow.code, "node": people.harlow_root.code, "do": "below"}
    refused = bills_came_in.erik.post(reverse("account_link"), {**others, "account": mixed})
    assert refused.status_code == 422 and "another customer" in text_of(refused)
    with carrier():
        assert not AccountLink.objects.filter(customer=people.harlow).exists()

    everything = [link.code for link in waiting]
    assert bills_came_in.erik.post(reverse("account_link"), {**fields, "account": everything}).status_code == 302
    with carrier():
        assert not Invoice.objects.filter(state=Invoice.State.HELD).exists()
        assert Invoice.objects.filter(customer=people.lumen).count() == BILLS - HELD


def test_a_suggestion_says_what_it_rests_on(bills_came_in: Night) -> None:
    people = bills_came_in.people
    first = bills_came_in.link()
    page = reverse("account_link")
    assert "May be" in text_of(bills_came_in.erik.get(reverse("account_links")))
    fields = {"account": first.code, "customer": people.harlow.code, "node": people.harlow_root.code, "do": "below"}
    bills_came_in.erik.post(page, fields)
    beside = bills_came_in.link(parent_external_id=first.parent_external_id)
    answer = text_of(bills_came_in.erik.get(page, {"account": str(beside.code)}))
    assert "Harlow Freight Group" in answer and f"1 other account below {first.parent_external_id} is theirs" in answer


def test_linked_accounts_are_found_by_customer(bills_came_in: Night) -> None:
    people, link = bills_came_in.people, bills_came_in.link()
    fields = {"account": link.code, "customer": people.harlow.code, "node": "", "do": "below"}
    bills_came_in.erik.post(reverse("account_link"), fields)
    found = text_of(bills_came_in.erik.get(reverse("account_links"), {"state": "linked", "q": "harlow"}))
    assert link.external_id in found
    nothing = text_of(bills_came_in.erik.get(reverse("account_links"), {"state": "linked", "q": "lumen"}))
    assert "No account matches" in nothing
