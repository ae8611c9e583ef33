"""People who approve, and the policies that their administrators set."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from payments.domain.approval_policy import Limit, Policy, PolicyRule, Step
from payments.models import Approval, LimitUse, PayRun
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Membership
from portal.tenancy import carrier
from portal.users.models import User
from tests.factories import make_invoice
from tests.payments.conftest import Desk


def approver(desk: Desk, name: str, *rights: str) -> Actor:
    """One more of Harlow's people, who may approve everywhere unless other rights are named."""
    harlow = desk.people.harlow
    same_password = User.objects.get(pk=desk.people.victor.user_id).password
    user = User.objects.create(email=f"{name}@customer.example", name=name.title(), password=same_password)
    with carrier():
        Membership.objects.create(customer=harlow, user=user)
        for right in rights or ("see", "approve"):
            access.grant(user.pk, desk.people.harlow_root, right)
    return Actor(user.pk, harlow.pk, user.name, harlow.name, real_user_id=user.pk)


def rule(above: str, *steps: Step, currency: str = "USD", group: str = "") -> PolicyRule:
    return PolicyRule(currency, Decimal(above), group, steps)


def limit(person: Actor, amount: str, period: Any = "day", currency: str = "USD") -> Limit:
    return Limit(person.user_id, currency, period, Decimal(amount))


def set_policy(desk: Desk, *parts: PolicyRule | Limit, after: int = 0) -> UUID:
    """Ada is Harlow's only administrator: what she proposes is in force."""
    policy = Policy(
        tuple(part for part in parts if isinstance(part, PolicyRule)),
        tuple(part for part in parts if isinstance(part, Limit)),
    )
    done = desk.do("propose_policy", desk.people.ada, policy=policy, reason="The treasurer's letter", after=after)
    return UUID(done.code)


def approve(desk: Desk, person: Actor, run: UUID, **request: Any) -> Any:
    return desk.do("approve_run", person, run=run, sha256=desk.run(run).submitted_sha256, **request)


def used(person: Actor) -> dict[str, Decimal]:
    with carrier(read_only=True):
        return dict(LimitUse.objects.filter(holder_id=person.user_id).values_list("span", "used"))


def waiting(desk: Desk, amount: str = "300.00") -> UUID:
    return desk.submitted(make_invoice(desk.people.harlow_west, amount))


def raw(desk: Desk, run: UUID, person: Actor, **fields: object) -> None:
    found = PayRun.objects.get(code=run)
    Approval.objects.create(
        **{
            "run": found,
            "customer_id": person.customer_id,
            "version": found.version,
            "sha256": found.submitted_sha256,
            "approver_id": person.user_id,
            "approved_at": desk.now,
            **fields,
        }
    )
