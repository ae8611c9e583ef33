"""The one door to guardian: which nodes of a customer's tree a person has a right on.

A right granted on a node reaches everything below it. Rights are asked anew in every transaction, so a role taken
away takes effect at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from guardian.shortcuts import assign_perm, remove_perm

from portal.actor import Actor
from portal.customers.models import Account
from portal.tenancy import seen
from portal.users.models import User

RIGHTS: Final = ("see", "tag", "prepare", "approve", "administer")


class Denied(PermissionError):
    """The person has no such right here. Shown as "not found" where the thing itself is out of sight."""


@dataclass(frozen=True)
class AccountScope:
    """The nodes that a right reaches: `everything` of the customer, or exactly `ids`."""

    everything: bool
    ids: frozenset[int]

    def __contains__(self, account_id: int | None) -> bool:
        return self.everything or account_id in self.ids

    def __bool__(self) -> bool:
        return self.everything or bool(self.ids)


NOTHING: Final = AccountScope(everything=False, ids=frozenset())


def scope(actor: Actor, right: str) -> AccountScope:
    """The nodes the actor has `right` on. A support session sees what its user sees, and has no other right."""
    if actor.is_support and right != "see":
        return NOTHING
    granted = _granted_nodes(actor, right)
    if not granted:
        return NOTHING
    if _all_roots_within(actor, granted):
        return AccountScope(everything=True, ids=frozenset())
    return AccountScope(everything=False, ids=_nodes_below(granted))


def has(actor: Actor, right: str) -> bool:
    """Whether the actor has `right` anywhere."""
    if actor.is_support and right != "see":
        return False
    return bool(_granted_nodes(actor, right))


def require(actor: Actor, right: str, account_ids: Iterable[int | None]) -> None:
    """Raise `Denied` unless the actor has `right` on every one of the nodes."""
    reach = scope(actor, right)
    if not reach or any(account_id not in reach for account_id in account_ids):
        raise Denied(f"no right to {right} here")


def people_with(customer_id: int, right: str) -> list[tuple[int, str]]:
    """(id, name) of the customer's active members who have `right` on some node, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person.id, person.name FROM customers_accountuserobjectpermission given"
            " JOIN auth_permission right_ ON right_.id = given.permission_id AND right_.codename = %s"
            " JOIN users_user person ON person.id = given.user_id AND person.is_active"
            " JOIN customers_account node ON node.id = given.content_object_id AND node.customer_id = %s"
            " JOIN customers_membership member ON member.user_id = person.id AND member.customer_id = node.customer_id"
            " ORDER BY person.name, person.id",
            [right, customer_id],
        )
        return list(cursor.fetchall())


def rights_of(actor: Actor) -> frozenset[str]:
    """The rights the actor has anywhere, for menus; every operation asks again for its own nodes."""
    if actor.is_support:
        return frozenset({"see"}) if has(actor, "see") else frozenset()
    return frozenset(right for right, _ in _grants(actor))


def grant(user_id: int, account: Account, right: str) -> None:
    assign_perm(right, _user(user_id), account)


def revoke(user_id: int, account: Account, right: str) -> None:
    remove_perm(right, _user(user_id), account)


def _granted_nodes(actor: Actor, right: str) -> list[int]:
    return [node for granted, node in _grants(actor) if granted == right]


def _grants(actor: Actor) -> list[tuple[str, int]]:
    """Every right of the actor and the node it was given on."""
    return seen(("grants", actor), lambda: _read_grants(actor))


def _read_grants(actor: Actor) -> list[tuple[str, int]]:
    """Asked of guardian's table itself: every page asks, and guardian's shortcut takes ten times as long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right_.codename, given.content_object_id FROM customers_accountuserobjectpermission given"
            " JOIN auth_permission right_ ON right_.id = given.permission_id"
            " JOIN users_user person ON person.id = given.user_id AND person.is_active"
            " JOIN customers_account node ON node.id = given.content_object_id AND node.customer_id = %s"
            " WHERE given.user_id = %s",
            [actor.customer_id, actor.user_id],
        )
        return [(right, node) for right, node in cursor.fetchall()]


def _all_roots_within(actor: Actor, granted: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM customers_account"
            " WHERE customer_id = %s AND parent_id IS NULL AND id <> ALL(%s))",
            [actor.customer_id, granted],
        )
        return bool(cursor.fetchone()[0])


def _nodes_below(granted: list[int]) -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id FROM customers_account a"
            " WHERE a.path <@ ARRAY(SELECT path FROM customers_account WHERE id = ANY(%s))",
            [granted],
        )
        return frozenset(row[0] for row in cursor.fetchall())


def _user(user_id: int) -> User:
    return User.objects.get(pk=user_id)
