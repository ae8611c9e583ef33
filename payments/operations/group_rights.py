"""Give a person a right for a group: on the nodes that its rule names, because rights stand on nodes alone.

Whoever has it reaches all bills of these nodes, also those that the rule's other fields leave out; the page says so.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from payments.commands import Done, command
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import GroupRule
from payments.operations.organise import lock_group, subject
from portal.actor import Actor
from portal.customers import access
from portal.customers.models import Account, Membership


@command
def give_group_right(actor: Actor, *, group: UUID, user: int, right: str, key: UUID, now: datetime) -> Done:
    """The administrator of all these nodes gives it; taken away node by node, as any right (portal.customers)."""
    found = lock_group(actor, group)
    member = Membership.objects.filter(customer_id=actor.customer_id, user_id=user).select_related("user").first()
    if member is None or right not in access.RIGHTS:
        raise NotFound("person")
    newest = GroupRule.objects.filter(group=found).order_by("number").last()
    nodes = list(Account.objects.filter(pk__in=newest.nodes if newest else [], customer_id=actor.customer_id))
    if not nodes:
        raise refuse(Rule.EMPTY, f"The rule of “{found.name}” names no node, and rights stand on nodes alone.")
    access.require(actor, "administer", [node.pk for node in nodes])
    for node in nodes:
        access.grant(user, node, right)
    names = " and ".join(sorted(node.name for node in nodes))
    detail = {"user": user, "right": right, "nodes": names}
    return Done(f"{member.user.name} may {right} on {names}.", "right given", subject(found), str(found.code), detail)
