"""Tags on nodes of the tree: every bill below has them from a day on; tags renamed, merged, removed."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from billing_sources.models import Invoice
from payments.domain.refusals import NotFound, Refused
from payments.groups.tagging import tags_on
from payments.invoices.queries import tagged
from payments.models import AccountTag, Tag
from payments.operations.rule_groups import RuleWish
from portal.customers import access
from portal.customers.arranging import move_account
from portal.tenancy import acting, carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk
from tests.payments.pages import Reader, words

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 5), date(2026, 11, 5), date(2026, 12, 5)


def code_of(desk: Desk, name: str) -> UUID:
    with acting(desk.people.dana):
        return Tag.objects.get(name=name, removed_at=None).code


def with_tag(desk: Desk, name: str) -> set[int]:
    with acting(desk.people.dana):
        return set(Invoice.objects.filter(tagged(name)).values_list("pk", flat=True))


def on(desk: Desk, invoice: Invoice) -> list[tuple[str, str]]:
    with acting(desk.people.dana):
        return [(tag.name, tag.inherited_from) for tag in tags_on(invoice.pk)]


def test_a_nodes_tag_is_on_every_bill_below_it_from_its_day_on(desk: Desk) -> None:
    root, west = desk.people.harlow_root, desk.people.harlow_west
    before, after, elsewhere = (
        make_invoice(account, billed_on=day) for account, day in ((west, OCTOBER), (west, NOVEMBER), (root, NOVEMBER))
    )
    desk.do("tag_node", node=west.code, tag="Fleet", from_on=date(2026, 11, 1))

    assert with_tag(desk, "Fleet") == {after.pk}
    assert on(desk, after) == [("Fleet", "Harlow West")]
    assert on(desk, before) == on(desk, elsewhere) == []

    desk.do("tag_node", node=root.code, tag="All", from_on=None)
    assert with_tag(desk, "All") == {before.pk, after.pk, elsewhere.pk}

    desk.do("untag_node", node=west.code, tag=code_of(desk, "Fleet"), until_on=date(2026, 12, 1))
    later = make_invoice(west, billed_on=DECEMBER)
    assert with_tag(desk, "Fleet") == {after.pk}
    assert on(desk, later) == [("All", "Harlow Freight Group")]


def test_an_account_that_moves_inherits_what_stood_above_it_on_each_bills_day(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    old, new = make_invoice(nord, billed_on=NOVEMBER), make_invoice(nord, billed_on=DECEMBER)
    desk.do("tag_node", node=west.code, tag="Fleet", from_on=None)

    move_account(actor=desk.people.ada, code=nord.code, parent_code=west.code, effective_on=DECEMBER, now=desk.now)

    assert with_tag(desk, "Fleet") == {new.pk}
    assert on(desk, old) == []


def test_an_inherited_tag_stays_when_it_is_taken_off_the_invoice(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_west)
    desk.do("tag_node", node=desk.people.harlow_west.code, tag="Fleet", from_on=None)
    desk.do("tag_invoices", invoices=[invoice.code], tag="Fleet")

    done = desk.do("untag_invoices", invoices=[invoice.code], tag="Fleet")

    assert "1 have it from a node above" in done.message
    assert on(desk, invoice) == [("Fleet", "Harlow West")]


def test_two_tags_merged_are_one_on_bills_on_nodes_and_in_rules(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    one, two, both = (make_invoice(account, billed_on=NOVEMBER) for account in (west, nord, nord))
    desk.do("tag_node", node=west.code, tag="CC4410", from_on=OCTOBER)
    desk.do("tag_node", node=west.code, tag="CC 4410", from_on=DECEMBER)
    for name in ("CC4410", "CC 4410"):
        desk.do("tag_invoices", invoices=[both.code], tag=name)
    desk.do("tag_invoices", invoices=[two.code], tag="CC4410")
    gone, kept = code_of(desk, "CC4410"), code_of(desk, "CC 4410")
    group = UUID(desk.do("make_group", name="4410", rule=RuleWish(tags=(gone,)), effective_on=None).code)

    desk.do("merge_tags", tag=gone, into=kept)

    assert with_tag(desk, "CC 4410") == {one.pk, two.pk, both.pk}
    assert with_tag(desk, "CC4410") == set()
    assert on(desk, make_invoice(west, billed_on=DECEMBER)) == [("CC 4410", "Harlow West")]
    page = words(Reader.of(desk.people.dana).see(f"/groups/{group}/"))
    assert "Tag CC 4410" in page
    assert one.number in page
    with pytest.raises(Refused, match="merge it into another"):
        desk.do("remove_tag", tag=kept)
    with pytest.raises(NotFound):
        desk.do("rename_tag", tag=gone, name="back")


def test_a_tag_is_renamed_and_removed_everywhere(desk: Desk) -> None:
    invoice, west = make_invoice(desk.people.harlow_west), desk.people.harlow_west
    desk.do("tag_invoices", invoices=[invoice.code], tag="Fleet")
    desk.do("tag_node", node=west.code, tag="Van", from_on=None)
    with pytest.raises(Refused, match="already"):
        desk.do("rename_tag", tag=code_of(desk, "Fleet"), name=" Van ")

    desk.do("rename_tag", tag=code_of(desk, "Fleet"), name="Cars")
    assert on(desk, invoice) == [("Cars", ""), ("Van", "Harlow West")]
    for name in ("Cars", "Van"):
        desk.do("remove_tag", tag=code_of(desk, name))
    assert on(desk, invoice) == []
    desk.do("tag_invoices", invoices=[invoice.code], tag="Cars")
    assert on(desk, invoice) == [("Cars", "")]


def test_nodes_and_tags_of_another_customer_or_out_of_reach_are_refused(desk: Desk) -> None:
    people = desk.people
    desk.do("tag_node", people.carol, node=people.lumen_root.code, tag="theirs", from_on=None)
    with carrier(read_only=True):
        theirs = Tag.objects.get().code
    desk.do("tag_node", node=people.harlow_west.code, tag="ours", from_on=None)
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("tag_node", {"node": people.lumen_root.code, "tag": "x", "from_on": None}),
        ("untag_node", {"node": people.harlow_west.code, "tag": theirs, "until_on": DECEMBER}),
        ("rename_tag", {"tag": theirs, "name": "x"}),
        ("merge_tags", {"tag": code_of(desk, "ours"), "into": theirs}),
        ("remove_tag", {"tag": theirs}),
    ]
    for operation, wish in wishes:
        with pytest.raises(NotFound):
            desk.do(operation, **wish)
    with carrier():
        access.grant(people.nils.user_id, people.harlow_nord, "tag")
    wishes = [
        ("tag_node", {"node": people.harlow_west.code, "tag": "x", "from_on": None}),
        ("rename_tag", {"tag": code_of(desk, "ours"), "name": "x"}),
    ]
    for operation, wish in wishes:
        with pytest.raises(access.Denied):
            desk.do(operation, people.nils, **wish)


def test_the_same_tag_is_not_put_on_a_node_twice(desk: Desk) -> None:
    wish: dict[str, Any] = {"node": desk.people.harlow_west.code, "tag": "Fleet", "from_on": None}
    desk.do("tag_node", **wish)
    with pytest.raises(Refused, match="already"):
        desk.do("tag_node", **wish)
    for name in ("\x00", "x" * 41, " "):
        with pytest.raises(Refused):
            desk.do("tag_node", **{**wish, "tag": name})
    with carrier(read_only=True):
        assert AccountTag.objects.count() == 1


def test_the_tree_the_node_and_the_bill_show_where_a_tag_comes_from(desk: Desk) -> None:
    west = desk.people.harlow_west
    invoice = make_invoice(west)
    dana = Reader.of(desk.people.dana)
    dana.send(f"/accounts/{west.code}/tags/", f"/accounts/{west.code}/tags/changes/", do="put_on", tag="Fleet", on="")

    assert "Harlow West Fleet" in words(dana.see("/accounts/"))
    assert "Fleet all bills Dana" in words(dana.see(f"/accounts/{west.code}/tags/"))
    assert "Fleet from Harlow West" in words(dana.see(f"/invoices/{invoice.code}/"))
    assert f">{invoice.number}</a>" in dana.see("/invoices/?tag=Fleet")
    assert f">{invoice.number}</a>" in dana.see("/invoices/?q=Fleet")
    assert "Fleet Harlow West 1" in words(dana.see("/tags/"))
