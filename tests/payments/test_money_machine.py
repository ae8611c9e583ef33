"""Thousands of steps of several people, AR and the nightly import: after each, the books are those of an oracle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from portal.customers import access
from portal.customers.models import Membership
from portal.tenancy import carrier
from portal.users.models import User
from tests import databases
from tests.payments.money.desk import DONE, World
from tests.payments.money.machine import MoneyMachine
from tests.payments.money.records import Person
from tests.payments.money.witness import Witness
from tests.payments.partner import Partner
from tests.personas import Personas

PARTS = 2  # one for each core
STEPS_OF_A_LIFE = 150
STEPS_IN_ALL = 1_000_000 if os.environ.get("TRIBUTARY_SOAK") else 12_000
BOTH, WEST = frozenset({"west", "nord"}), frozenset({"west"})
PERSONS = (
    Person("dana", prepares=BOTH),
    Person("victor", approves=BOTH),
    Person("olga", prepares=BOTH, approves=BOTH),
    Person("wes", prepares=WEST, approves=WEST),
    Person("nils"),
)


@pytest.fixture
def world(people: Personas, now: datetime, tmp_path: Path, worker_id: str) -> Iterator[type[MoneyMachine]]:
    """A machine whose every life begins in a copy of the same small world."""
    actors = {"dana": people.dana, "victor": people.victor, "nils": people.nils}
    with carrier():
        for person in PERSONS[2:4]:
            user = User.objects.create(email=f"{person.name}@customer.example", name=person.name)
            Membership.objects.create(customer=people.harlow, user=user)
            root = people.harlow_root if "nord" in person.prepares else people.harlow_west
            for right in ("see", "prepare", "approve"):
                access.grant(user.pk, root, right)
            actors[person.name] = replace(people.dana, user_id=user.pk, real_user_id=user.pk, name=person.name)
    witnesses: list[Witness] = []
    beginning, life, lives = f"test_{worker_id}", f"life_{worker_id}", count()

    def make_world() -> World:
        connections.close_all()
        while witnesses:
            witnesses.pop().close()
        databases.clone(beginning, life)
        connection.settings_dict["NAME"] = life
        accounts = {"west": people.harlow_west, "nord": people.harlow_nord}
        witnesses.append(Witness(databases.url(life)))
        return World(
            accounts, PERSONS, actors, people.sam, Partner(tmp_path / f"ar{next(lives)}", now), witnesses[-1], now
        )

    yield type("Machine", (MoneyMachine,), {"make_world": staticmethod(make_world)})
    connections.close_all()
    connection.settings_dict["NAME"] = beginning


@pytest.mark.skipif(not os.environ.get("TRIBUTARY_SOAK"), reason="LOUD: the money machine runs in `make soak` alone")
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.xdist_group(f"machine {part}")) for part in range(PARTS)]
)
def test_whatever_people_ar_and_the_import_do_the_books_are_those_of_the_oracle(
    world: type[MoneyMachine], part: int
) -> None:
    DONE.clear()
    run_state_machine_as_test(
        world,
        settings=settings(
            max_examples=STEPS_IN_ALL * 21 // 20 // PARTS // STEPS_OF_A_LIFE,  # some lives end early
            stateful_step_count=STEPS_OF_A_LIFE,
            deadline=None,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(sorted(DONE.items()))
    assert DONE["steps"] >= STEPS_IN_ALL // PARTS
    for act in ("allocate", "short_pay", "dispute_invoice", "submit_run", "approve_run", "release_run", "cancel_run"):
        assert DONE[act] > 3, f"{act} hardly ever happened"
