"""The demo's personas, its customers and their account trees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from billing_sources.generator import Account as BilledAccount
from billing_sources.generator import Customer as BilledCustomer
from billing_sources.generator import CycleOrder, billed_accounts, customers
from billing_sources.models import AccountLink, BillCycle, BillingSystem
from billing_sources.registry import ADAPTERS
from billing_sources.stages import roll_back
from payments.eligibility.operations import make_rule
from payments.models import MethodRule
from portal import tenancy
from portal.actor import CarrierActor
from portal.customers import access
from portal.customers.models import Account, Customer, Membership
from portal.demo import plan
from portal.users.models import User

PASSWORD = "meridian-demo-2026"  # noqa: S105 -- printed on every start: the demo guards nothing


@dataclass(frozen=True)
class Persona:
    email: str
    name: str
    customer: str  # "" for the carrier's own people
    title: str
    rights: tuple[str, ...] = ()
    carrier_role: str = ""


HARLOW, CASTELLAN = "Harlow Freight Group", "Castellan Foods"
PERSONAS = (
    Persona("dana@harlow.example", "Dana Whitfield", HARLOW, "AP clerk, prepares", ("see", "tag", "prepare")),
    Persona("victor@harlow.example", "Victor Osei", HARLOW, "treasurer, approves", ("see", "approve")),
    Persona("mira@harlow.example", "Mira Patel", HARLOW, "CFO, approves what is large", ("see", "approve")),
    Persona("ada@harlow.example", "Ada Lindqvist", HARLOW, "administrator", ("see", "administer")),
    Persona("carol@castellan.example", "Carol Brandt", CASTELLAN, "AP clerk, prepares", ("see", "tag", "prepare")),
    Persona("jonas@castellan.example", "Jonas Dahl", CASTELLAN, "controller, approves", ("see", "approve")),
    Persona("sam@meridian.example", "Sam Ortega", "", "account rep", carrier_role="rep"),
    Persona("erik@meridian.example", "Erik Holm", "", "billing-integration engineer", carrier_role="engineer"),
)


def settle_in(now: datetime, orders: Iterable[CycleOrder]) -> None:
    """Systems, customers, their trees and people. Some accounts stay unlinked, for staff to link."""
    with tenancy.carrier():
        _systems()
        roots = {found.name: _customer(found) for found in customers(plan.SEED, plan.CUSTOMERS)}
        for order in orders:
            for position, billed in enumerate(billed_accounts(order)):
                if position % 24 != 23:
                    _link(roots[billed.customer.name], billed, now)
        for persona in PERSONAS:
            _person(persona, roots.get(persona.customer))


def set_calendar() -> None:
    """The cycles of every system; from now on beat rings their nights."""
    with tenancy.carrier():
        for system in BillingSystem.objects.all():
            for code, day in plan.CYCLE_DAYS.items():
                BillCycle.objects.get_or_create(system=system, code=code, defaults={"day": day})


def state_methods(engineer: CarrierActor, now: datetime) -> None:
    """What the carrier's banks and lockboxes take, so that mixed selections become several payments."""
    with tenancy.carrier(read_only=True):
        if MethodRule.objects.exists():
            return
        lockbox = AccountLink.objects.filter(system__key="castle", account__isnull=False).order_by("pk").first()
    rule = partial(make_rule, engineer, now=now)
    rule(system="echo", account="", currency="", methods=["wire", "cheque"], why="its bank takes no ACH")
    if lockbox:
        number = lockbox.external_id
        rule(system="castle", account=number, currency="", methods=["cheque"], why="lockbox account: cheque only")


def keep_in_shadow(engineer: CarrierActor, now: datetime) -> None:
    """The acquired system comes online cycle by cycle."""
    key, cycles = plan.SHADOW
    with tenancy.carrier():
        system = BillingSystem.objects.get(key=key)
    reason = "Compared with the old channel for two cycles before customers see it"
    for cycle in cycles:
        roll_back(actor=engineer, system=system, cycle=cycle, reason=reason, now=now)


def _systems() -> None:
    for key in plan.SYSTEMS:
        BillingSystem.objects.get_or_create(key=key, defaults={"name": ADAPTERS[key].title})


def _customer(billed: BilledCustomer) -> Account:
    """The root of the customer's tree."""
    place = billed.sites[0].place
    town = " ".join(filter(None, (place.city, place.region, place.postcode)))
    lines = ["Accounts payable", place.street, town, place.country]
    customer = Customer.objects.create(name=billed.name, number=billed.number, address_lines=lines)
    return Account.objects.create(customer=customer, name=billed.name, level="customer")


def _link(root: Account, billed: BilledAccount, now: datetime) -> None:
    """One node under its region, and the link from the billing system's account to it."""
    region_name, _, _ = billed.name.partition(" · ")
    region, _ = Account.objects.get_or_create(
        customer_id=root.customer_id, parent=root, name=region_name, external_id="", defaults={"level": "region"}
    )
    node = Account.objects.create(
        customer_id=root.customer_id,
        parent=region,
        name=billed.name,
        system=billed.system,
        external_id=billed.external_id,
        level="account",
    )
    AccountLink.objects.create(
        system=BillingSystem.objects.get(key=billed.system),
        external_id=billed.external_id,
        parent_external_id=billed.master,
        level="account",
        name=billed.name,
        customer_id=root.customer_id,
        account=node,
        first_seen_at=now,
        linked_at=now,
    )


def _person(persona: Persona, root: Account | None) -> None:
    user = User.objects.create(
        email=persona.email,
        name=persona.name,
        carrier_role=persona.carrier_role,
        password=make_password(PASSWORD),
    )
    if root:
        Membership.objects.create(customer_id=root.customer_id, user=user, title=persona.title)
        for right in persona.rights:
            access.grant(user.pk, root, right)


def confirm_addresses() -> None:
    """allauth's own table, kept by the login role rather than by a customer's."""
    for user in User.objects.filter(email__in=[persona.email for persona in PERSONAS]):
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
