"""Runs that wait for this person, what is left of their limits, and who stands in for whom. Inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from payments.approvals.facts import accounts_of, dossiers, holders_for, why_not_now
from payments.approvals.policies import policy_in_force
from payments.domain.approval import span_of
from payments.domain.approval_policy import Limit
from payments.models import Delegation, LimitUse, PayRun
from payments.runs.queries import runs_for
from portal.actor import Actor
from portal.money import ZERO, format_amount

MOST_WAITING: Final = 200
SPANS: Final = {"run": "in one run", "day": "today", "month": "this month"}


@dataclass(frozen=True)
class LimitRow:
    """One of the reader's limits; `used` and `left` are "" where each run counts by itself."""

    period: str
    amount: str
    used: str
    left: str


@dataclass(frozen=True)
class DelegationRow:
    code: UUID
    who: str
    days: str
    reason: str
    state: str
    tone: str
    is_own: bool
    is_withdrawable: bool


def runs_to_approve(actor: Actor, now: datetime) -> list[PayRun]:
    """The submitted runs that the actor can approve at this moment: step, limit and delegation included."""
    waiting = runs_for(actor).filter(state=PayRun.State.SUBMITTED).select_related("created_by").order_by("number")
    runs = list(waiting[:MOST_WAITING])
    asked = dossiers(actor.customer_id, runs, now.date())
    accounts = accounts_of(runs)
    holders = holders_for(actor, now.date())
    return [
        run
        for run in runs
        if any(why_not_now(actor, asked[run.pk], holder, accounts[run.pk], now) is None for holder in holders)
    ]


def limits_of(actor: Actor, now: datetime) -> list[LimitRow]:
    """The actor's own limits in the policy in force."""
    mine = [limit for limit in policy_in_force(actor.customer_id).limits if limit.person == actor.user_id]
    uses = LimitUse.objects.filter(customer_id=actor.customer_id, holder_id=actor.user_id)
    used = {(currency, span): amount for currency, span, amount in uses.values_list("currency", "span", "used")}
    return [_limit_row(limit, used.get((limit.currency, span_of(limit.period, 0, now)), ZERO)) for limit in mine]


def delegations_of(actor: Actor, now: datetime) -> list[DelegationRow]:
    """Those that the actor gave and was given, newest first."""
    own = Q(delegator_id=actor.user_id) | Q(delegate_id=actor.user_id)
    found = Delegation.objects.filter(own, customer_id=actor.customer_id).select_related("delegator", "delegate")
    return [_delegation_row(each, actor, now) for each in found.order_by("-pk")[:50]]


def _limit_row(limit: Limit, used: Decimal) -> LimitRow:
    def text(amount: Decimal) -> str:
        return f"{format_amount(amount, limit.currency)} {limit.currency}"

    if limit.period == "run":
        return LimitRow(SPANS["run"], text(limit.amount), "", "")
    return LimitRow(SPANS[limit.period], text(limit.amount), text(used), text(max(limit.amount - used, ZERO)))


def _delegation_row(each: Delegation, actor: Actor, now: datetime) -> DelegationRow:
    is_own = each.delegator_id == actor.user_id
    state, tone = _state(each, now)
    return DelegationRow(
        code=each.code,
        who=f"{each.delegate.name} for you" if is_own else f"you for {each.delegator.name}",
        days=f"{each.from_on} to {each.until_on}",
        reason=each.reason,
        state=state,
        tone=tone,
        is_own=is_own,
        is_withdrawable=is_own and state in ("In force", "Not yet"),
    )


def _state(each: Delegation, now: datetime) -> tuple[str, str]:
    if each.withdrawn_at:
        return f"Taken back {each.withdrawn_at:%Y-%m-%d %H:%M}", "off"
    if now.date() > each.until_on:
        return "Over", "off"
    return ("In force", "good") if now.date() >= each.from_on else ("Not yet", "info")


def choices(people: Sequence[tuple[int, str]], actor: Actor) -> list[tuple[Any, str]]:
    """Whom the actor can hand their right to."""
    return [(person, name) for person, name in people if person != actor.user_id]
