"""Rights are given on nodes of the tree and reach everything below."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError

from portal.actor import Actor
from portal.audit.models import AuditEvent
from portal.customers import access, operations
from portal.customers.models import Account, Customer
from portal.tenancy import acting, carrier
from portal.users.models import User
from tests.personas import Personas


def test_a_right_on_the_root_reaches_the_whole_tree(people: Personas) -> None:
    with acting(people.dana):
        assert access.scope(people.dana, "see").everything


def test_a_right_on_a_node_reaches_what_is_below_and_nothing_beside(people: Personas) -> None:
    with carrier():
        turku = Account.objects.create(customer=people.harlow, parent=people.harlow_nord, name="Turku")

    with acting(people.nils):
        reach = access.scope(people.nils, "see")

    assert reach.ids == {people.harlow_nord.pk, turku.pk}
    assert people.harlow_west.pk not in reach


def test_seeing_is_not_preparing_and_preparing_is_not_approving(people: Personas) -> None:
    with acting(people.dana):
        assert not access.has(people.dana, "approve")
        with pytest.raises(access.Denied):
            access.require(people.dana, "approve", [people.harlow_root.pk])
    with acting(people.nils):
        assert not access.has(people.nils, "prepare")


def test_a_deactivated_person_has_no_right_left(people: Personas) -> None:
    User.objects.filter(pk=people.dana.user_id).update(is_active=False)

    with acting(people.dana):
        assert not access.scope(people.dana, "see")


def test_a_right_taken_away_ends_at_once(people: Personas, now: datetime) -> None:
    change: dict[str, Any] = {
        "user_id": people.dana.user_id,
        "right": "prepare",
        "node_code": str(people.harlow_root.code),
    }
    operations.take_right(actor=people.ada, **change, now=now)

    with acting(people.dana):
        assert not access.has(people.dana, "prepare")
        assert access.has(people.dana, "see")


def test_a_visiting_rep_has_no_right_but_to_see(people: Personas) -> None:
    visiting = Actor(**{**people.dana.__dict__, "real_user_id": people.sam.user_id, "support_session_id": 7})

    with acting(visiting):
        assert access.scope(visiting, "see").everything
        assert not access.scope(visiting, "prepare")
        assert not access.has(visiting, "tag")


def test_only_an_administrator_gives_rights(people: Personas, now: datetime) -> None:
    with pytest.raises(access.Denied):
        operations.give_right(
            actor=people.dana,
            user_id=people.dana.user_id,
            right="approve",
            node_code=str(people.harlow_root.code),
            now=now,
        )


def test_an_administrator_reaches_neither_another_customers_nodes_nor_its_people(
    people: Personas, now: datetime
) -> None:
    foreign_node: dict[str, Any] = {"user_id": people.dana.user_id, "node_code": str(people.lumen_root.code)}
    foreign_person: dict[str, Any] = {"user_id": people.carol.user_id, "node_code": str(people.harlow_root.code)}
    for target in (foreign_node, foreign_person):
        with pytest.raises(access.Denied):
            operations.give_right(actor=people.ada, right="see", **target, now=now)


def test_an_invitation_makes_a_member_with_the_rights_that_were_offered(people: Personas, now: datetime) -> None:
    invitation = operations.invite(
        actor=people.ada, email="Ines@Customer.example", title="AP", rights=["see", "tag"], key=uuid.uuid4(), now=now
    )
    ines = User.objects.create_user("ines@customer.example", name="Ines")
    operations.accept_invitation(code=str(invitation.code), user=ines, now=now)

    actor = Actor(ines.pk, people.harlow.pk, "Ines", "Harlow", real_user_id=ines.pk)
    with acting(actor):
        assert access.rights_of(actor) == {"see", "tag"}


def test_the_same_invitation_key_twice_is_one_invitation(people: Personas, now: datetime) -> None:
    invitation: dict[str, Any] = {
        "email": "ines@customer.example",
        "title": "",
        "rights": ["see"],
        "key": uuid.uuid4(),
        "now": now,
    }
    operations.invite(actor=people.ada, **invitation)
    operations.invite(actor=people.ada, **invitation)

    with acting(people.ada):
        assert AuditEvent.objects.filter(verb="invited").count() == 1


@pytest.mark.parametrize("number", ["4011982", "40.11982", "40 119 82"])
def test_no_two_customers_share_the_letters_and_digits_of_their_numbers(people: Personas, number: str) -> None:
    """They stand in payment references, where punctuation is left out: 40-11982 is Harlow's."""
    with pytest.raises(IntegrityError, match="one_customer_per_reference"), carrier():
        Customer.objects.create(name="Somebody else", number=number)
