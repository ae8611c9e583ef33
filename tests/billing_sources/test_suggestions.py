"""Whose an unknown account may be, and many accounts linked by one act."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_sources import accounts
from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import CanonicalAccount
from billing_sources.linking import Choice, link_where_they_belong
from billing_sources.models import AccountLink, BillingSystem, Invoice
from billing_sources.normalize import normalize
from billing_sources.operations import NotDone
from billing_sources.staff.suggestions import LIKELY, suggestions
from portal.audit.models import AuditEvent
from portal.customers.models import Account, Customer
from portal.tenancy import acting, carrier, ingest
from tests.billing_sources.bills import bill
from tests.billing_sources.staff import signed_in, text_of
from tests.factories import make_invoice
from tests.personas import Personas

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def make_link(external_id: str, parent: str = "", system: str = "atlas", **words: Any) -> AccountLink:
    with carrier():
        row, _ = BillingSystem.objects.get_or_create(key=system, defaults={"name": system.title()})
        return AccountLink.objects.create(
            system=row, external_id=external_id, parent_external_id=parent, first_seen_at=AT, **words
        )


def make_held(people: Personas, link: AccountLink) -> Invoice:
    """A bill that nobody owns yet, beside one like it."""
    bill = make_invoice(people.harlow_root)
    bill.pk, bill.code, bill.number = None, uuid4(), f"{bill.number}-held"
    bill.customer = bill.account = bill.published_at = None
    bill.account_link, bill.state = link, Invoice.State.HELD
    with ingest():
        bill.save(force_insert=True)
    return bill


def linked_to(link: AccountLink, account: Account) -> AccountLink:
    with carrier():
        link.account, link.customer_id, link.linked_at = account, account.customer_id, AT
        link.save()
    return link


def said_of(link: AccountLink) -> list[tuple[str, str]]:
    with carrier(read_only=True):
        return [(found.name, found.because) for found in suggestions([link]).get(link.pk, [])]


def chosen(people: Personas, **picks: Customer) -> dict[str, Any]:
    return {"account": list(picks), **{f"customer-{code}": customer.code for code, customer in picks.items()}}


def test_a_name_that_is_like_no_customers_suggests_nobody(people: Personas) -> None:
    assert said_of(make_link("77-1", name="Zephyr Quarries")) == []


def test_a_name_suggests_the_customer_it_is_like_and_says_how_much(people: Personas) -> None:
    ((name, because),) = said_of(make_link("77-1", name="Lumen Food SA · Lyon"))
    assert name == "Lumen Foods"
    assert because == "name is 62 % like Lumen Foods"


def test_the_buyer_of_the_first_bill_suggests_by_name_and_by_tax_id(people: Personas) -> None:
    with carrier():
        Customer.objects.filter(pk=people.harlow.pk).update(tax_ids=["DE123456789"])
    ((name, because),) = said_of(make_link("77-1", buyer="HARLOW FREIGHT GROUP", buyer_id="DE 123 456 789"))
    assert name == "Harlow Freight Group"
    assert because == "tax id DE 123 456 789 is theirs; name is 100 % like Harlow Freight Group"


def test_an_address_suggests_who_sits_there_but_is_never_likely_by_itself(people: Personas) -> None:
    with carrier():
        lines = ["Accounts payable", "2210 S Cherry Ave", "Fresno CA 93706", "US"]
        Customer.objects.filter(pk=people.harlow.pk).update(address_lines=lines)
        Customer.objects.filter(pk=people.lumen.pk).update(address_lines=["14 Rue du Port", "69002 Lyon"])
    link = make_link("77-1", name="Zephyr Quarries", address="2210 South Cherry Ave., Fresno CA 93706")
    with carrier(read_only=True):
        (found,) = suggestions([link])[link.pk]
    assert found.name == "Harlow Freight Group" and found.score < LIKELY
    assert found.because == "address is 84 % like Accounts payable, 2210 S Cherry Ave, Fresno CA 93706, US"
    named = make_link("77-2", name="Harlow Freight", address="2210 S CHERRY AVE, FRESNO CA 93706")
    with carrier(read_only=True):
        assert suggestions([named])[named.pk][0].score >= LIKELY, "with the name beside it, it is"


@pytest.mark.parametrize("address", ["", "Fresno CA 93706", "14 Main Street, Fresno CA 93706", "%_\\", "x" * 300])
def test_a_town_or_nonsense_for_an_address_suggests_nobody(people: Personas, address: str) -> None:
    with carrier():
        lines = ["2210 S Cherry Ave", "Fresno CA 93705"]
        Customer.objects.filter(pk=people.harlow.pk).update(address_lines=lines)
    assert said_of(make_link("77-1", name="Zephyr Quarries", address=address)) == []


def test_the_first_bill_tells_where_its_account_stands(people: Personas) -> None:
    nodes = [CanonicalAccount("A-1"), CanonicalAccount("S-1", "A-1", address="9 Pier, Oslo" + "x" * 400)]
    first = normalize(bill(account="A-1", accounts=nodes, buyer_address="1 High St, Reno NV"), ATLAS)
    with carrier():
        system, _ = BillingSystem.objects.get_or_create(key="atlas", defaults={"name": "Atlas"})
    with ingest():
        accounts.resolve(system.pk, [first], AT)
    with carrier():
        found = dict(AccountLink.objects.filter(system=system).values_list("external_id", "address"))
    assert found["A-1"] == "1 High St, Reno NV" and found["S-1"].startswith("9 Pier, Oslo")
    assert len(found["S-1"]) == accounts.LONGEST_ADDRESS


def test_tax_ids_are_kept_in_letters_and_digits_or_none_would_be_found(people: Personas) -> None:
    with carrier(), pytest.raises(IntegrityError, match="tax_ids_in_letters_and_digits"), transaction.atomic():
        Customer.objects.filter(pk=people.harlow.pk).update(tax_ids=["DE 123"])


def test_the_account_above_the_customers_number_and_the_buyer_elsewhere_each_speak(people: Personas) -> None:
    linked_to(make_link("M-9"), people.harlow_root)
    linked_to(make_link("E-1", system="echo", buyer_id="GLN-5790000"), people.lumen_root)
    assert said_of(make_link("S-1", parent="M-9")) == [("Harlow Freight Group", "parent M-9 is theirs")]
    assert said_of(make_link("40-20417-003")) == [
        ("Lumen Foods", "their customer number stands in 40-20417-003"),
    ]
    assert said_of(make_link("S-2", buyer_id="GLN-5790000")) == [
        ("Lumen Foods", "buyer id GLN-5790000 is that of E-1 in Echo, which is theirs"),
    ]


def test_three_are_suggested_at_most_the_likeliest_first(people: Personas) -> None:
    with carrier():
        for number in range(5):
            Customer.objects.create(name=f"Harlow Freight Group {number}", number=f"99-{number}0000")
    linked_to(make_link("M-9"), people.lumen_root)
    names = [name for name, _ in said_of(make_link("S-1", parent="M-9", name="Harlow Freight Group"))]
    assert names[:2] == ["Lumen Foods", "Harlow Freight Group"] and len(names) == 3


def test_suggestions_for_many_accounts_ask_as_often_as_for_one(people: Personas) -> None:
    links = [make_link(f"40-11982-{n}", parent="M-9", name="Lumen Foods", buyer_id="GLN-5790000") for n in range(40)]
    with carrier(read_only=True):
        counts = []
        for some in (links[:1], links):
            with CaptureQueriesContext(connection) as asked:
                assert len(suggestions(some)) == len(some)
            counts.append(len(asked))
    assert counts[0] == counts[1] <= 8


def test_many_are_linked_at_once_and_their_branches_grow_in_the_tree(people: Personas) -> None:
    make_link("C-1", name="Lumen Foods", level="customer", system="castle")
    make_link("R-1", parent="C-1", name="Region South", level="region", system="castle")
    sites = [make_link(f"P-{n}", parent="R-1", name=f"Site {n}", level="premise", system="castle") for n in range(2)]
    other = make_link("40-11982-1", name="Harlow Yard")
    bills = [make_held(people, link) for link in (*sites, other)]
    erik = signed_in(people.erik.user_id)
    picks = {str(link.code): people.lumen for link in sites} | {str(other.code): people.harlow}
    page = text_of(erik.get(reverse("suggested_links"), {"account": [*picks]}))
    assert "their customer number stands in 40-11982-1" in page and "below the top of their tree" in page

    with carrier():
        choices = [Choice(sites[0], people.lumen, "x"), Choice(sites[1], people.lumen), Choice(other, people.harlow)]
    assert link_where_they_belong(actor=people.erik, choices=choices, now=AT) == 3
    with acting(people.carol):
        names = {str(a.name): (a.level, a.parent.name if a.parent else "") for a in Account.objects.all()}
        assert names["Site 1"] == ("premise", "Region South") and names["Region South"] == ("region", "Lumen Foods")
        assert Invoice.objects.count() == 2
    with carrier():
        assert set(Invoice.objects.filter(pk__in=[bill.pk for bill in bills]).values_list("state")) == {("published",)}
        assert AccountLink.objects.get(external_id="R-1").account is None, "nobody said whose the region's others are"
        act = AuditEvent.objects.get(verb="linked", subject="account P-0")
    assert (act.user_id, act.customer_id, act.detail["because"]) == (people.erik.user_id, people.lumen.pk, "x")


def test_where_one_was_linked_meanwhile_nothing_happens(people: Personas) -> None:
    first, second = make_link("40-11982-1"), make_link("40-11982-2")
    held = make_held(people, first)
    linked_to(second, people.lumen_root)
    erik = signed_in(people.erik.user_id)
    fields = chosen(people, **{str(link.code): people.harlow for link in (first, second)})
    refused = erik.post(reverse("suggested_links"), fields)
    assert refused.status_code == 422
    choices = [Choice(first, people.harlow), Choice(second, people.harlow)]
    with pytest.raises(NotDone, match="Account 40-11982-2 was linked meanwhile; nothing was linked"):
        link_where_they_belong(actor=people.erik, choices=choices, now=AT)
    with carrier():
        first.refresh_from_db()
        held.refresh_from_db()
        second.refresh_from_db()
    assert (first.account_id, held.state, second.customer_id) == (None, "held", people.lumen.pk)


def test_a_branch_cannot_be_torn_between_two_customers(people: Personas) -> None:
    above, below = make_link("40-11982"), make_link("S-1", parent="40-11982")
    choices = [Choice(below, people.lumen), Choice(above, people.harlow)]
    with pytest.raises(NotDone, match="S-1 is below an account that goes to another customer"):
        link_where_they_belong(actor=people.erik, choices=choices, now=AT)
    with carrier():
        assert not AccountLink.objects.filter(customer__isnull=False).exists()


def test_accounts_that_stand_below_each_other_in_a_circle_are_linked_all_the_same(people: Personas) -> None:
    first, _ = make_link("A", parent="B"), make_link("B", parent="A")
    link_where_they_belong(actor=people.erik, choices=[Choice(first, people.harlow)], now=AT)
    with carrier():
        assert AccountLink.objects.filter(customer=people.harlow).count() == 2


def test_nobody_is_linked_by_what_was_not_suggested_or_not_picked(people: Personas) -> None:
    link = make_link("40-11982-1")
    erik = signed_in(people.erik.user_id)
    page = reverse("suggested_links")
    for pick in ("", "no code", str(people.lumen.code)):
        refused = erik.post(page, {"account": str(link.code), f"customer-{link.code}": pick})
        assert refused.status_code == 422
    with carrier():
        link.refresh_from_db()
    assert link.account_id is None
    done = erik.post(page, {"account": str(link.code), f"customer-{link.code}": str(people.harlow.code)}, follow=True)
    assert "1 account linked; 0 bills published" in text_of(done)


def test_a_customers_people_never_see_who_else_there_is(people: Personas) -> None:
    link = make_link("40-20417-1", name="Harlow Freight")
    for actor in (people.ada, people.carol):
        client = signed_in(actor.user_id)
        for page in ("account_links", "suggested_links", "account_link"):
            assert client.get(reverse(page), {"account": str(link.code)}).status_code == 404
        with acting(actor):
            assert not AccountLink.objects.exists()
