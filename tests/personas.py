"""The people of the tests: two customers and the carrier's own.

Dana prepares, Victor approves, Ada administers, Nils only sees the Nordic sites, all at Harlow Freight Group; Carol
is another customer and must see nothing; Sam is the carrier's account rep, Erik its billing-integration engineer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from portal.actor import Actor, CarrierActor
from portal.customers import access
from portal.customers.models import Account, Customer, Membership
from portal.tenancy import carrier
from portal.users.models import User

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Personas:
    harlow: Customer
    harlow_root: Account
    harlow_west: Account
    harlow_nord: Account
    lumen: Customer
    lumen_root: Account
    dana: Actor
    victor: Actor
    ada: Actor
    nils: Actor
    carol: Actor
    sam: CarrierActor
    erik: CarrierActor


@pytest.fixture
def people(database: str) -> Personas:
    users = {name: _user(name) for name in ("dana", "victor", "ada", "nils", "carol")}
    sam, erik = _user("sam", "rep"), _user("erik", "engineer")
    with carrier():
        harlow = Customer.objects.create(name="Harlow Freight Group", number="40-11982")
        lumen = Customer.objects.create(name="Lumen Foods", number="40-20417")
        root = Account.objects.create(customer=harlow, name="Harlow Freight Group")
        west = Account.objects.create(customer=harlow, parent=root, name="Harlow West")
        nord = Account.objects.create(customer=harlow, parent=root, name="Harlow Nord")
        lumen_root = Account.objects.create(customer=lumen, name="Lumen Foods")
        for name in ("dana", "victor", "ada", "nils"):
            Membership.objects.create(customer=harlow, user=users[name], title=name)
        Membership.objects.create(customer=lumen, user=users["carol"])
        _grant(users["dana"], root, "see", "tag", "prepare")
        _grant(users["victor"], root, "see", "approve")
        _grant(users["ada"], root, "see", "administer")
        _grant(users["nils"], nord, "see")
        _grant(users["carol"], lumen_root, *access.RIGHTS)
    return Personas(
        harlow=harlow,
        harlow_root=root,
        harlow_west=west,
        harlow_nord=nord,
        lumen=lumen,
        lumen_root=lumen_root,
        **{name: _actor(users[name], lumen if name == "carol" else harlow) for name in users},
        sam=CarrierActor(sam.pk, sam.name, "rep"),
        erik=CarrierActor(erik.pk, erik.name, "engineer"),
    )


def _user(name: str, carrier_role: str = "") -> User:
    email = f"{name}@{'carrier' if carrier_role else 'customer'}.example"
    user = User.objects.create(email=email, name=name.title(), carrier_role=carrier_role, password=_hashed())
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def _grant(user: User, account: Account, *rights: str) -> None:
    for right in rights:
        access.grant(user.pk, account, right)


def _actor(user: User, customer: Customer) -> Actor:
    return Actor(user.pk, customer.pk, user.name, customer.name, real_user_id=user.pk)
