"""Many invoices are changed at once: what would happen is shown first, it is kept, and it can be taken back."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection

from billing_sources.models import Invoice
from payments.domain.bulk_change import BulkChange, mark_of
from payments.domain.refusals import NotFound, Refused, Rule
from payments.models import ChangedInvoice, ChangeSet, InvoiceTag
from payments.operations.change_invoices import foresee
from portal.customers.access import Denied
from portal.tenancy import acting, carrier
from tests.factories import make_invoice, make_invoices
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, words
from tests.payments.test_to_pay import say, wanted, wish


def change(desk: Desk, *bills: Invoice, seen: str | None = None, **asked: Any) -> UUID:
    what, codes = BulkChange(**asked), [bill.code for bill in bills]
    with acting(desk.people.dana):
        foretold = mark_of(foresee(desk.people.dana, codes, what))
    return UUID(desk.do("change_invoices", invoices=codes, change=what, seen=seen or foretold).code)


def tags(bill: Invoice) -> set[str]:
    with carrier(read_only=True):
        return set(InvoiceTag.objects.filter(invoice=bill).values_list("tag__name", flat=True))


def bills(desk: Desk, *amounts: str) -> list[Invoice]:
    return [make_invoice(desk.people.harlow_west, amount) for amount in amounts]


def test_amounts_reasons_and_tags_change_together_and_what_cannot_be_is_left(desk: Desk) -> None:
    one, two, credit = bills(desk, "100.00", "33.33", "-5.00")
    say(desk, wish(one, "10.00", "tax_exempt"))
    code = change(
        desk, one, two, credit, amount="percent", percent=Decimal(50), add_tag="CC 1", reason="other", note="x"
    )
    assert (wanted(one), wanted(two), wanted(credit)) == (("50.00", "other", "x"), ("16.67", "other", "x"), None)
    assert (tags(one), tags(two), tags(credit)) == ({"CC 1"}, {"CC 1"}, set())
    with carrier(read_only=True):
        kept = ChangedInvoice.objects.get(change_set__code=code, invoice=one)
    assert kept.before == {"tag CC 1": False, "to_pay": ["10", "tax_exempt", ""]}
    assert kept.after == {"tag CC 1": True, "to_pay": ["50", "other", "x"]}

    change(desk, one, two, amount="open", reason="", remove_tag="CC 1")
    assert (wanted(one), tags(one)) == (("100.00", "", ""), set())
    change(desk, one, two, amount="nothing")
    assert wanted(two) == ("0.00", "", "")
    change(desk, one, amount="clear")
    assert wanted(one) is None


def test_undoing_restores_what_nobody_changed_since_and_says_what_it_could_not(desk: Desk) -> None:
    one, two, three = bills(desk, "100.00", "50.00", "70.00")
    say(desk, wish(one, "10.00", "tax_exempt"))
    code = change(desk, one, two, three, amount="open", add_tag="CC 1")
    say(desk, wish(two, "1.00"))  # somebody changed this one since
    desk.open(three)  # and this one went into a run with its wish

    done = desk.do("undo_change", change=code)
    assert done.message == "1 invoice as before; 2 could not be undone."
    assert (wanted(one), tags(one)) == (("10.00", "tax_exempt", ""), set())
    assert (wanted(two), tags(two)) == (("1.00", "", ""), {"CC 1"})
    with pytest.raises(Refused) as refused:
        desk.do("undo_change", change=code)
    assert refused.value.rule == Rule.TWICE

    # An undoing is a change like any other: it can be undone as well.
    desk.do("undo_change", change=UUID(done.code))
    assert (wanted(one), tags(one)) == (("100.00", "", ""), {"CC 1"})
    with carrier(read_only=True):
        assert ChangeSet.objects.count() == 3


def test_nothing_is_done_that_was_not_seen(desk: Desk) -> None:
    one, two = bills(desk, "100.00", "50.00")
    with acting(desk.people.dana):
        seen = mark_of(foresee(desk.people.dana, [one.code, two.code], BulkChange(amount="open")))
    say(desk, wish(one, "10.00"))
    with pytest.raises(Refused) as refused:
        change(desk, one, two, seen=seen, amount="open")
    assert refused.value.rule == Rule.CHANGED_SINCE
    assert wanted(two) is None
    for asked in ({}, {"amount": "percent"}, {"amount": "percent", "percent": Decimal(101)}, {"add_tag": "x" * 41}):
        with pytest.raises(Refused):
            change(desk, one, **asked)


def test_nobody_changes_or_undoes_what_is_not_theirs(desk: Desk) -> None:
    own, foreign = make_invoice(desk.people.harlow_nord), make_invoice(desk.people.lumen_root)
    with pytest.raises(NotFound):
        change(desk, own, foreign, add_tag="x")
    code = change(desk, own, add_tag="x")
    with pytest.raises(NotFound):
        desk.do("undo_change", desk.people.carol, change=code)
    with pytest.raises(Denied):
        desk.do("undo_change", desk.people.nils, change=code)
    for statement in ("UPDATE payments_changeset SET words = ''", "DELETE FROM payments_changedinvoice"):
        with pytest.raises(DatabaseError), acting(desk.people.dana), connection.cursor() as cursor:
            cursor.execute(statement)


def test_thousands_change_in_few_statements(desk: Desk, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    desk.has_tampered = True  # bills are paid here without payments
    make_invoices([desk.people.harlow_west], 3000)
    with acting(desk.people.dana):
        codes = list(Invoice.objects.values_list("code", flat=True))
        what = BulkChange(amount="percent", percent=Decimal("33.3"), reason="tax_exempt", add_tag="Q4")
        seen = mark_of(foresee(desk.people.dana, codes, what))
    with django_assert_max_num_queries(35):
        done = desk.do("change_invoices", invoices=codes, change=what, seen=seen)
    with django_assert_max_num_queries(40):
        desk.do("undo_change", change=UUID(done.code))
    with carrier(read_only=True):
        assert not InvoiceTag.objects.exists()


def test_the_pages_foresee_do_and_undo_without_script(desk: Desk) -> None:
    one, two, paid = make_invoice(desk.people.harlow_west, "1000.00", number="A1-1"), *bills(desk, "50.00", "70.00")
    with_wish = say(desk, wish(two, "5.00"))
    assert with_wish
    run = desk.open(paid)
    desk.place(run, desk.pay(run), paid)
    dana = Reader.of(desk.people.dana)
    selection = {"invoice": [one.code, two.code, paid.code], "back": "state=all"}

    asked = dana.client.post("/invoices/changes/", {**selection, "do": "change"})
    assert "Change 3 invoices" in words(asked)
    fields = {**selection, "amount": "percent", "percent": "50%", "reason": "leave", "add_tag": "CC 1"}
    preview = dana.client.post("/invoices/changes/", {**fields, "act": "preview"})
    told = words(preview)
    assert "2 invoices would change" in told
    assert "USD 2 1,050.00 5.00 525.00" in told
    assert f"1 Nothing of {paid.number} is open." in told
    assert "A1-1 nothing said; no tag pay 500.00 USD; CC 1" in told
    assert wanted(one) is None

    hidden = dict(re.findall(r'name="(key|mark)" value="([^"]*)"', preview.content.decode()))
    done = dana.client.post("/invoices/changes/", {**fields, **hidden, "act": "do"}, follow=True)
    assert "2 invoices changed, 1 left as they are" in words(done)
    assert dana.client.post("/invoices/changes/", {**fields, **hidden, "act": "do"}).status_code == 302  # twice is once
    assert wanted(one) == ("500.00", "", "")
    listed = dana.see("/invoices/changes/")
    assert "tag “CC 1”; to pay: 50 % of what is open" in words(listed)

    page = done.request["PATH_INFO"]
    undone = dana.client.post(f"{page}undoing/", {"key": uuid4()}, follow=True)
    assert "2 invoices as before." in words(undone)
    assert (wanted(one), wanted(two)) == (None, ("5.00", "", ""))
    assert "Undone" in dana.see("/invoices/changes/")


def test_a_whole_filter_is_changed_as_the_server_counts_it(desk: Desk) -> None:
    desk.has_tampered = True
    make_invoices([desk.people.harlow_west], 60)
    dana = Reader.of(desk.people.dana)
    fields = {"whole_filter": "yes", "filter": "", "amount": "open", "reason": "leave"}
    preview = dana.client.post("/invoices/changes/", {**fields, "act": "preview"})
    assert re.search(r"(\d+) invoices would change", words(preview))
    hidden = dict(re.findall(r'name="(key|mark)" value="([^"]*)"', preview.content.decode()))
    make_invoice(desk.people.harlow_west)  # comes in between the look and the deed
    stale = dana.client.post("/invoices/changes/", {**fields, **hidden, "act": "do"})
    assert stale.status_code == 422
    assert "this is what would happen now" in words(stale)
