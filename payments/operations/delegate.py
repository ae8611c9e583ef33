"""Hand one's right to approve to another approver for some days, and take it back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from payments.commands import Done, command
from payments.domain.refusals import NotFound, Refusal, Rule, refuse, refuse_any
from payments.models import Delegation
from portal.actor import Actor
from portal.customers import access

LONGEST_REASON: Final = 200
MOST_DAYS: Final = 92


@command
def delegate_approval(
    actor: Actor, *, to: int, from_on: date, until_on: date, reason: str, key: UUID, now: datetime
) -> Done:
    """The right with its steps and limits, from a day up to and with another. It ends by itself."""
    if not access.has(actor, "approve"):
        raise access.Denied("only an approver may do this")
    people = dict(access.people_with(actor.customer_id, "approve"))
    said = " ".join(reason.split())
    others = people.keys() - {actor.user_id}
    refuse_any(_problems(to in others, from_on, until_on, said, now.date()))
    made = Delegation.objects.create(
        customer_id=actor.customer_id,
        delegator_id=actor.user_id,
        delegate_id=to,
        from_on=from_on,
        until_on=until_on,
        reason=said,
        made_at=now,
    )
    message = f"{people[to]} can approve for you from {from_on} to {until_on}."
    detail = {"to": people[to], "from": f"{from_on}", "until": f"{until_on}", "reason": said}
    return Done(message, "approval delegated", f"delegation to {people[to]}", str(made.code), detail)


@command
def withdraw_delegation(actor: Actor, *, delegation: UUID, key: UUID, now: datetime) -> Done:
    """Take one's right back, at once. What was approved by it stays approved."""
    own = Delegation.objects.filter(customer_id=actor.customer_id, delegator_id=actor.user_id, code=delegation)
    found = own.select_for_update(of=("self",)).select_related("delegate").first()
    if found is None:
        raise NotFound("delegation")
    if found.withdrawn_at:
        raise refuse(Rule.DELEGATION, "It was taken back already.")
    found.withdrawn_at = now
    found.save(update_fields=["withdrawn_at"])
    name = found.delegate.name
    message = f"{name} cannot approve for you any more."
    return Done(message, "delegation withdrawn", f"delegation to {name}", str(found.code))


def _problems(is_to_another: bool, from_on: date, until_on: date, reason: str, today: date) -> list[Refusal]:
    found = []
    if not is_to_another:
        found.append("Hand it to another person who may approve.")
    if from_on < today or until_on < from_on:
        found.append("It begins today or later, and ends on that day or after it.")
    elif (until_on - from_on).days >= MOST_DAYS:
        found.append(f"It lasts for at most {MOST_DAYS} days.")
    if not 0 < len(reason) <= LONGEST_REASON or "\0" in reason:
        found.append(f"Say why, in at most {LONGEST_REASON} characters.")
    return [Refusal(Rule.DELEGATION, words) for words in found]
