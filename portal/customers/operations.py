"""Invite people, give and take rights, allow or forbid visits. The customer's administrator does this."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from portal.actor import Actor
from portal.audit.record import record
from portal.customers import access
from portal.customers.models import Account, Customer, Invitation, Membership
from portal.tenancy import acting, carrier
from portal.users.models import User


class NotDone(ValueError):
    """The change was refused; the message says why, for the person."""


def invite(*, actor: Actor, email: str, title: str, rights: Sequence[str], key: uuid.UUID, now: datetime) -> Invitation:
    """Invite an address with rights on the whole tree (narrow them later). The same key twice is one invitation."""
    with acting(actor):
        _require_administrator(actor)
        if unknown := set(rights) - set(access.RIGHTS):
            raise NotDone(f"There is no right called {', '.join(sorted(unknown))}.")
        invitation, is_new = Invitation.objects.get_or_create(
            code=key,
            defaults={
                "customer_id": actor.customer_id,
                "email": email.strip().lower(),
                "title": title.strip(),
                "rights": list(rights),
                "invited_by_id": actor.user_id,
                "invited_at": now,
            },
        )
        if is_new:
            record(actor, "invited", invitation.email, {"rights": list(rights)}, now=now)
    return invitation


def accept_invitation(*, code: str, user: User, now: datetime) -> None:
    """Make the invited person a member, with the rights that were offered, on the roots of the tree."""
    with carrier(user.pk):
        _admit(_held(code), user, now)


def join(*, code: str, user: User, save: Callable[[], object], now: datetime) -> None:
    """The same for somebody who is new: `save` makes their user in the same transaction, while the invitation is held,
    so that two tabs make one user, and none is left without a membership."""
    with carrier():
        invitation = _held(code)
        save()
        _admit(invitation, user, now)


def _held(code: str) -> Invitation:
    invitation = Invitation.objects.select_for_update().filter(code=code, accepted_at=None).first()
    if invitation is None:
        raise NotDone("This invitation was accepted already.")
    return invitation


def _admit(invitation: Invitation, user: User, now: datetime) -> None:
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    Membership.objects.get_or_create(
        customer_id=invitation.customer_id, user=user, defaults={"title": invitation.title}
    )
    for root in Account.objects.filter(customer_id=invitation.customer_id, parent=None):
        for right in invitation.rights:
            access.grant(user.pk, root, right)
    record(None, "joined", user.email, now=now, customer_id=invitation.customer_id)


def give_right(*, actor: Actor, user_id: int, right: str, node_code: str, now: datetime) -> None:
    """Give a member a right on a node and all below it. Giving it twice is giving it once."""
    with acting(actor):
        node = _node_and_member(actor, user_id, right, node_code)
        access.grant(user_id, node, right)
        record(actor, "right given", node.name, {"user": user_id, "right": right}, now=now)


def take_right(*, actor: Actor, user_id: int, right: str, node_code: str, now: datetime) -> None:
    """Take a right on a node away. An administrator cannot take their own right to administer."""
    with acting(actor):
        node = _node_and_member(actor, user_id, right, node_code)
        if user_id == actor.user_id and right == "administer":
            raise NotDone("Ask another administrator to take your own right to administer.")
        access.revoke(user_id, node, right)
        record(actor, "right taken", node.name, {"user": user_id, "right": right}, now=now)


def _node_and_member(actor: Actor, user_id: int, right: str, node_code: str) -> Account:
    _require_administrator(actor)
    node = Account.objects.filter(code=node_code, customer_id=actor.customer_id).first()
    member = Membership.objects.filter(user_id=user_id, customer_id=actor.customer_id).exists()
    if node is None or not member or right not in access.RIGHTS:
        raise access.Denied("no such person, node or right here")
    return node


def allow_visits(*, actor: Actor, allowed: bool, now: datetime) -> None:
    """Whether the carrier's account reps may look at this customer's portal."""
    with acting(actor):
        _require_administrator(actor)
        Customer.objects.filter(pk=actor.customer_id).update(allows_support=allowed)
        record(actor, "visits allowed" if allowed else "visits forbidden", actor.customer_name, now=now)


def _require_administrator(actor: Actor) -> None:
    if not access.has(actor, "administer"):
        raise access.Denied("only an administrator may do this")
