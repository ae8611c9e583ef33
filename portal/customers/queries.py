"""Members, their rights, invitations and customers, as frozen rows."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from portal.actor import Actor
from portal.customers.access import RIGHTS
from portal.customers.models import Account, AccountUserObjectPermission, Customer, Invitation, Membership
from portal.tenancy import carrier, identified

INVITATION_LIFE = timedelta(days=14)


@dataclass(frozen=True)
class Grant:
    """What a person may do on one node and below."""

    node: str
    node_code: str
    rights: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    user_id: int
    name: str
    email: str
    title: str
    is_active: bool
    is_self: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Node:
    """A node of the tree, for a picker: `label` is indented by depth."""

    code: str
    label: str


@dataclass(frozen=True)
class PendingInvitation:
    code: str
    email: str
    customer_name: str
    invited_at: datetime


@dataclass(frozen=True)
class CustomerRow:
    """A customer as the carrier's people list it."""

    code: str
    name: str
    number: str
    people: int
    allows_support: bool


def list_members_for(actor: Actor) -> list[Member]:
    """Everybody at the actor's customer with their rights. Call inside `acting(actor)`."""
    granted = _grants()
    return [
        Member(
            user_id=m.user_id,
            name=m.user.name,
            email=m.user.email,
            title=m.title,
            is_active=m.user.is_active,
            is_self=m.user_id == actor.user_id,
            grants=tuple(granted.get(m.user_id, ())),
        )
        for m in Membership.objects.select_related("user").order_by("user__name")
    ]


def _grants() -> dict[int, list[Grant]]:
    """Every person's rights, node by node from the top of the tree down."""
    by_node: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    permissions = AccountUserObjectPermission.objects.select_related("permission", "content_object")
    for row in permissions.order_by("content_object__path"):
        node = row.content_object
        by_node[(row.user_id, node.name, str(node.code))].append(row.permission.codename)
    grants: dict[int, list[Grant]] = defaultdict(list)
    for (user_id, name, code), rights in by_node.items():
        grants[user_id].append(Grant(name, code, tuple(sorted(rights, key=RIGHTS.index))))
    return grants


def list_nodes_for(actor: Actor) -> list[Node]:
    """The actor's tree in order, top first. Call inside `acting(actor)`."""
    nodes = Account.objects.filter(customer_id=actor.customer_id).order_by("path").values_list("code", "name", "path")
    return [Node(str(code), "\u2003" * str(path).count(".") + name) for code, name, path in nodes[:2000]]


def list_invitations_for(actor: Actor) -> list[PendingInvitation]:
    rows = Invitation.objects.filter(accepted_at=None, invited_at__gt=timezone.now() - INVITATION_LIFE)
    return [_pending(row) for row in rows.select_related("customer").order_by("-invited_at")]


def pending_invitation(code: str) -> PendingInvitation | None:
    """The invitation behind a link, unless it was used or is older than two weeks."""
    try:
        uuid.UUID(code)
    except ValueError:
        return None
    with carrier(read_only=True):
        row = (
            Invitation.objects.filter(code=code, accepted_at=None)
            .filter(invited_at__gt=timezone.now() - INVITATION_LIFE)
            .select_related("customer")
            .first()
        )
    return _pending(row) if row else None


def customers_of_user(user_id: int) -> list[tuple[int, str]]:
    """(id, name) of every customer the user works for."""
    with identified(user_id):
        rows = Membership.objects.filter(user_id=user_id).order_by("customer__name")
        return list(rows.values_list("customer_id", "customer__name"))


def list_customers(text: str = "") -> list[CustomerRow]:
    """Customers whose name or number contains the text. Call inside `carrier()`."""
    rows = Customer.objects.filter(name__icontains=text) | Customer.objects.filter(number__icontains=text)
    people = dict(Membership.objects.values_list("customer").annotate(n=Count("pk")))
    return [
        CustomerRow(str(row.code), row.name, row.number, people.get(row.pk, 0), row.allows_support)
        for row in rows.order_by("name")[:200]
    ]


def _pending(row: Invitation) -> PendingInvitation:
    return PendingInvitation(str(row.code), row.email, row.customer.name, row.invited_at)
