"""What a bill is to those that came before it, and whose it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_sources.linking import create_and_link, link_account
from billing_sources.models import AccountLink, BillCycle, BillingSystem, Charge, Invoice, QuarantinedInvoice
from billing_sources.operations import NotDone
from portal.customers.models import Account
from portal.tenancy import acting, carrier, ingest
from tests.billing_sources.bills import Desk, bill, charge, invoices, link_to, memo, rules
from tests.personas import Personas


def states(number: str = "1001") -> list[tuple[int, str, bool]]:
    return [(each.revision, each.state, each.is_current) for each in invoices(number=number)]


def test_the_same_bill_in_another_file_changes_nothing(desk: Desk) -> None:
    desk.hand_in(bill("100.00"))
    file = desk.hand_in(bill("100.00", origin="elsewhere"))
    assert (file.created, file.revised, file.unchanged) == (0, 0, 1)
    assert states() == [(1, "held", True)]


def test_a_corrected_bill_supersedes_the_old_one(desk: Desk, people: Personas) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("100.00"))
    file = desk.hand_in(bill("94.00"))
    assert (file.created, file.revised, file.unchanged) == (0, 1, 0)
    assert states() == [(1, "superseded", False), (2, "published", True)]


def test_a_correction_of_a_bill_with_money_on_it_waits(desk: Desk, people: Personas) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("100.00"))
    desk.put_money_on(invoices()[0], "40.00")
    desk.hand_in(bill("94.00"))
    assert states() == [(1, "published", True), (2, "waiting", False)]
    desk.hand_in(bill("90.00"))
    assert states() == [(1, "published", True), (2, "superseded", False), (3, "waiting", False)]
    desk.put_money_on(invoices()[0], "0")
    desk.hand_in(bill("80.00"))
    assert states()[2:] == [(3, "superseded", False), (4, "published", True)]


def test_a_customer_never_sees_a_revision_that_waits(desk: Desk, people: Personas) -> None:
    link_to(people.harlow_west)
    desk.hand_in(bill("100.00"))
    desk.put_money_on(invoices()[0], "40.00")
    desk.hand_in(bill("94.00"))
    with acting(people.dana):
        assert [each.revision for each in Invoice.objects.all()] == [1]


def test_the_same_number_of_another_seller_is_another_bill(desk: Desk) -> None:
    desk.hand_in(bill("100.00", entity="one"))
    desk.hand_in(bill("90.00", entity="two"))
    assert [(each.entity, each.revision) for each in invoices()] == [("one", 1), ("two", 1)]


def test_a_memo_never_revises_the_bill_whose_number_it_repeats(desk: Desk) -> None:
    file = desk.hand_in(bill("100.00"), memo("60.00", account="A-1"), memo("40.00", account="A-2"))
    assert rules(file) == []
    found = [(each.bill_type, each.series, each.payable, each.revision) for each in invoices()]
    assert found == [("invoice", "", 100, 1), ("memo", "memo A-1", 0, 1), ("memo", "memo A-2", 0, 1)]


def test_a_number_twice_in_one_file_is_held_the_second_time(desk: Desk) -> None:
    file = desk.hand_in(bill("100.00"), bill("50.00", number="1002"), bill("90.00"))
    assert rules(file) == ["DUP-01"]
    assert [(each.number, each.payable) for each in invoices()] == [("1001", 100), ("1002", 50)]
    assert (file.read_bills, file.loaded_bills, file.held_bills) == (3, 2, 1)


def test_a_number_twice_is_found_across_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing_sources.reading.BATCH_BILLS", 1)
    file = desk.hand_in(bill("100.00"), bill("100.00"))
    assert rules(file) == ["DUP-01"]


def test_a_bill_is_loaded_with_everything_it_says(desk: Desk) -> None:
    text = "tab\there, line\nend, return\r, back\\slash, \\N and öäü"
    said = charge("60.00", description=text, source_term="\\.", service="555\t1", quantity=Decimal("1.50"), unit="GB")
    desk.hand_in(bill("60.00", "40.00", charges=[said, charge("40.00")], seller=text, remit_to=(text, "x"), note='"\t'))
    (invoice,) = invoices()
    assert invoice.seller == text
    assert invoice.parties["remit_to"] == [text, "x"]
    assert invoice.parties["note"] == '"\t'
    with ingest():
        stored = Charge._default_manager.order_by("pk")[0]
    assert (stored.description, stored.source_term, stored.service) == (text, "\\.", "555\t1")
    assert (stored.quantity, stored.unit, stored.unit_price) == (Decimal("1.50"), "GB", None)


def test_an_unknown_account_is_written_down_and_its_bill_held_from_customers(desk: Desk, people: Personas) -> None:
    desk.hand_in(bill("100.00"))
    (invoice,) = invoices()
    assert (invoice.state, invoice.customer_id, invoice.account_id) == ("held", None, None)
    with carrier():
        seen = list(
            AccountLink.objects.order_by("external_id").values_list("external_id", "parent_external_id", "level")
        )
    assert seen == [("A-0", "", "customer"), ("A-1", "A-0", "site")]
    with acting(people.dana):
        assert not Invoice.objects.exists()


def test_linking_an_account_publishes_its_bills_and_their_details(desk: Desk, people: Personas) -> None:
    desk.hand_in(bill("100.00"))
    desk.hand_in(bill("94.00"))
    with carrier():
        link = AccountLink.objects.get(external_id="A-1")
    published = link_account(actor=people.erik, link=link, account=people.harlow_west, now=link.first_seen_at)
    assert published == 1
    with acting(people.dana):
        assert [(each.revision, each.state) for each in Invoice.objects.order_by("pk")] == [
            (1, "superseded"),
            (2, "published"),
        ]
        assert Charge._default_manager.count() == 2
    with acting(people.carol):
        assert not Invoice.objects.exists()
        assert not Charge._default_manager.exists()


def test_linking_a_node_links_what_is_below_it_to_the_same_customer(desk: Desk, people: Personas) -> None:
    desk.hand_in(bill("100.00"), bill("50.00", number="1002", account="A-0"))
    with carrier():
        top = AccountLink.objects.get(external_id="A-0")
    made = create_and_link(
        actor=people.erik, link=top, customer=people.harlow, parent=people.harlow_root, now=top.first_seen_at
    )
    assert {(each.number, each.state) for each in invoices()} == {("1001", "published"), ("1002", "published")}
    with carrier():
        child = Account.objects.get(external_id="A-1")
        assert (child.parent_id, child.customer_id, child.name) == (made.pk, people.harlow.pk, "Harlow West")


def test_an_account_is_linked_once(desk: Desk, people: Personas) -> None:
    link = link_to(people.harlow_west)
    with pytest.raises(NotDone):
        link_account(actor=people.erik, link=link, account=people.lumen_root, now=link.first_seen_at)
    with carrier():
        assert AccountLink.objects.get(pk=link.pk).customer_id == people.harlow.pk


def test_bytes_that_came_earlier_never_revise_bills_from_later_ones(desk: Desk, people: Personas) -> None:
    late = desk.hand_in(bill("100.00", tax_included=Decimal("1.00")))
    desk.hand_in(bill("94.00"))
    with ingest():
        (held,) = QuarantinedInvoice.objects.filter(file=late)
    from billing_sources.operations import release_invoice
    from billing_sources.released import load_released

    release_invoice(actor=people.erik, held=held, reason="It ties by hand.", now=late.received_at)
    assert load_released(held.pk, late.received_at)
    assert [(each.payable, each.is_current) for each in invoices()] == [(94, True)]


def test_a_bill_that_names_no_cycle_belongs_to_the_one_that_closed_last(desk: Desk) -> None:
    with ingest():
        system = BillingSystem.objects.create(key="paper", name="Paper")
        for code, day in (("1", 1), ("2", 20)):
            BillCycle.objects.create(system=system, code=code, day=day)
    desk.hand_in(bill("100.00", billed_on=date(2026, 11, 9)))
    assert [each.cycle for each in invoices(number="1001")] == ["1"]
