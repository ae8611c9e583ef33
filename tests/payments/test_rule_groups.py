"""Groups by rule: who is in, since when, and what stays as it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError

from billing_sources.models import Invoice
from payments.domain.refusals import NotFound, Refused
from payments.groups.facts import groups_of
from payments.groups.rules import in_group
from payments.models import GroupRule, Tag
from payments.operations.rule_groups import Defaults, RuleWish
from portal.actor import Actor
from portal.customers import access
from portal.customers.arranging import move_account
from portal.customers.models import Account
from portal.tenancy import acting, carrier
from tests.factories import make_charge, make_invoice
from tests.payments.conftest import Desk

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 5), date(2026, 11, 5), date(2026, 12, 5)


def ruled(desk: Desk, name: str = "By rule", effective_on: date | None = None, **rule: Any) -> UUID:
    done = desk.do("make_group", name=name, rule=RuleWish(**rule), effective_on=effective_on)
    return UUID(done.code)


def held(desk: Desk, group: UUID, day: date | None = None) -> set[int]:
    with acting(desk.people.dana):
        return set(Invoice.objects.filter(in_group(group, day)).values_list("pk", flat=True))


def tag_code(desk: Desk, name: str) -> UUID:
    with acting(desk.people.dana):
        return Tag.objects.get(name=name, removed_at=None).code


def test_a_rule_asks_for_every_field_by_any_of_its_values(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    inside = make_invoice(west, "50.00")
    dear, foreign, elsewhere = make_invoice(west, "500"), make_invoice(west, "50", currency="EUR"), make_invoice(nord)
    below = make_invoice(_below(west, "West 1"), "70.00")

    group = ruled(desk, nodes=(west.code,), currencies=("USD", "CHF"), amount_to=Decimal(100))

    assert held(desk, group) == {inside.pk, below.pk}
    assert not held(desk, group) & {dear.pk, foreign.pk, elsewhere.pk}


def test_every_field_of_a_rule_is_asked(desk: Desk) -> None:
    west = desk.people.harlow_west
    wanted = make_invoice(west, "90.00", cycle="7", due_on=date(2026, 12, 28))
    make_charge(wanted, "90.00", category="equipment")
    make_charge(make_invoice(west, due_on=date(2026, 12, 10)), "90.00")
    desk.do("tag_invoices", invoices=[wanted.code], tag="MPLS")
    fields: dict[str, Any] = {
        "tags": (tag_code(desk, "MPLS"),),
        "cycles": ("7",),
        "categories": ("equipment", "deposit"),
        "due_from": date(2026, 12, 20),
        "amount_to": Decimal(99),
    }
    over_the_end: dict[str, Any] = {"due_day_from": 25, "due_day_to": 5}
    for name, value in fields.items():
        assert held(desk, ruled(desk, name, **{name: value})) == {wanted.pk}, name
    assert held(desk, ruled(desk, "Late in the month", **over_the_end)) == {wanted.pk}
    assert held(desk, ruled(desk, "All of it", systems=("atlas",), **fields, **over_the_end)) == {wanted.pk}


def test_a_rule_that_says_nothing_holds_nothing(desk: Desk) -> None:
    make_invoice(desk.people.harlow_west)
    assert held(desk, ruled(desk)) == set()


def test_a_changed_rule_moves_no_group_of_the_past(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    old_west, old_nord = (make_invoice(node, billed_on=NOVEMBER) for node in (west, nord))
    group = ruled(desk, nodes=(west.code,))
    desk.now += timedelta(days=5)  # 26 November

    change: dict[str, Any] = {"group": group, "rule": RuleWish(nodes=(nord.code,)), "based_on": 1}
    with pytest.raises(Refused, match="stay as they were"):
        desk.do("change_rule", effective_on=NOVEMBER, **change)
    desk.do("change_rule", effective_on=date(2026, 12, 1), **change)
    new_west, new_nord = (make_invoice(node, billed_on=DECEMBER) for node in (west, nord))

    assert held(desk, group) == {old_west.pk, new_nord.pk}
    assert held(desk, group, date(2026, 11, 30)) == {old_west.pk}
    assert new_west.pk not in held(desk, group)
    assert old_nord.pk not in held(desk, group)


def test_the_database_itself_refuses_a_rule_for_days_that_have_passed(desk: Desk) -> None:
    group = ruled(desk, currencies=("USD",))
    with acting(desk.people.dana):
        first = GroupRule.objects.get(group__code=group)
    first.pk, first.number, first.made_on, first.effective_on = None, 2, date(2026, 11, 30), OCTOBER
    with pytest.raises(DatabaseError, match="days that have passed"), acting(desk.people.dana):
        first.save(force_insert=True)
    with pytest.raises(DatabaseError), acting(desk.people.dana):
        GroupRule.objects.update(effective_on=DECEMBER)


def test_an_account_that_moves_takes_only_its_later_bills_along(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    site = _below(west, "Site")
    before, after = make_invoice(site, billed_on=NOVEMBER), make_invoice(site, billed_on=DECEMBER)
    group, northern = ruled(desk, nodes=(west.code,)), ruled(desk, "North", nodes=(nord.code,))

    move_account(
        actor=desk.people.ada, code=site.code, parent_code=nord.code, effective_on=date(2026, 12, 1), now=desk.now
    )

    assert held(desk, group) == {before.pk}
    assert held(desk, northern) == {after.pk}


def test_pins_and_exclusions_win_over_the_rule_and_are_dated(desk: Desk) -> None:
    west, nord = desk.people.harlow_west, desk.people.harlow_nord
    by_rule, by_hand = make_invoice(west, billed_on=OCTOBER), make_invoice(nord, billed_on=OCTOBER)
    group = ruled(desk, nodes=(west.code,))

    desk.do("group_invoices", invoices=[by_hand.code], group="By rule")
    desk.do("ungroup_invoices", invoices=[by_rule.code], group=group)
    assert held(desk, group) == {by_hand.pk}
    assert held(desk, group, date(2026, 11, 20)) == {by_rule.pk}

    desk.do("readmit_invoices", invoices=[by_rule.code], group=group)
    desk.do("ungroup_invoices", invoices=[by_hand.code], group=group)
    assert held(desk, group) == {by_rule.pk}


def test_the_groups_of_an_invoice_come_in_the_customers_order_with_what_they_carry(desk: Desk) -> None:
    invoice, other = make_invoice(desk.people.harlow_west), make_invoice(desk.people.harlow_nord)
    dollars, west = (
        ruled(desk, "Dollars", currencies=("USD",)),
        ruled(desk, "West", nodes=(desk.people.harlow_west.code,)),
    )
    victor = desk.people.victor.user_id
    desk.do("change_group", group=west, name="West", defaults=Defaults("wire", "PO 4410", 3, (victor,)))
    desk.do("order_groups", group=west, before=dollars)

    with carrier(read_only=True):
        found = groups_of(desk.people.harlow.pk, [invoice.pk, other.pk])

    assert [facts.name for facts in found[invoice.pk]] == ["West", "Dollars"]
    assert [facts.name for facts in found[other.pk]] == ["Dollars"]
    first = found[invoice.pk][0]
    assert (first.method, first.approver_ids, first.reference, first.days_before_due) == (
        "wire",
        (victor,),
        "PO 4410",
        3,
    )


@pytest.mark.parametrize("name", ["nodes", "tags", "systems"])
def test_another_customers_node_tag_or_system_is_refused(desk: Desk, name: str) -> None:
    foreign = make_invoice(desk.people.lumen_root, system="borealis")
    desk.do("tag_invoices", desk.people.carol, invoices=[foreign.code], tag="theirs")
    with carrier(read_only=True):
        theirs: Any = {"nodes": desk.people.lumen_root.code, "tags": Tag.objects.get().code, "systems": "borealis"}[
            name
        ]
    for value in (theirs, "unheard-of" if name == "systems" else uuid4()):
        with pytest.raises(NotFound):
            ruled(desk, effective_on=None, name="Ours", **{name: (value,)})
    with carrier(read_only=True):
        assert not GroupRule.objects.exists()


def test_another_customers_node_is_refused_by_the_database_as_well(desk: Desk) -> None:
    group = ruled(desk, currencies=("USD",))
    with acting(desk.people.dana):
        row = GroupRule.objects.get(group__code=group)
    row.pk, row.number, row.nodes = None, 2, [desk.people.lumen_root.pk]
    with pytest.raises(DatabaseError, match="not the customer's"), acting(desk.people.dana):
        row.save(force_insert=True)


def test_a_rule_changed_by_two_at_once_is_refused_to_the_later(desk: Desk) -> None:
    group = ruled(desk, currencies=("USD",))
    change: dict[str, Any] = {"group": group, "based_on": 1, "effective_on": desk.now.date()}
    desk.do("change_rule", rule=RuleWish(currencies=("EUR",)), **change)
    with pytest.raises(Refused, match="Somebody has changed"):
        desk.do("change_rule", rule=RuleWish(currencies=("CHF",)), **change)


@pytest.mark.parametrize(
    "rule",
    [
        {"amount_from": Decimal(5), "amount_to": Decimal(1)},
        {"amount_from": Decimal("NaN")},
        {"amount_to": Decimal("1e40")},
        {"due_from": DECEMBER, "due_to": NOVEMBER},
        {"due_day_from": 32},
        {"cycles": ("x" * 13,)},
        {"cycles": ("\x00",)},
        {"categories": ("bribes",)},
        {"currencies": ("DOLLARS",)},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_in_words(desk: Desk, rule: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        ruled(desk, **rule)


def test_who_may_tag_a_part_of_the_tree_makes_rules_for_that_part_alone(desk: Desk) -> None:
    nils, west, nord = desk.people.nils, desk.people.harlow_west, desk.people.harlow_nord
    with carrier():
        access.grant(nils.user_id, nord, "tag")
    group = ruled(desk, nodes=(west.code,))

    _make(desk, nils, RuleWish(nodes=(nord.code,)))
    for rule in (RuleWish(nodes=(west.code,)), RuleWish(nodes=(nord.code, west.code)), RuleWish(currencies=("USD",))):
        with pytest.raises(access.Denied):
            _make(desk, nils, rule)
    with pytest.raises(access.Denied):
        desk.do("change_group", nils, group=group, name="Mine", defaults=Defaults())
    with pytest.raises(access.Denied):
        rule = RuleWish(nodes=(nord.code,))
        desk.do("change_rule", nils, group=group, rule=rule, effective_on=DECEMBER, based_on=1)


def _make(desk: Desk, actor: Actor, rule: RuleWish) -> None:
    desk.do("make_group", actor, name=str(uuid4()), rule=rule, effective_on=None)


def _below(node: Account, name: str) -> Account:
    with carrier():
        return Account.objects.create(customer_id=node.customer_id, parent=node, name=name)
