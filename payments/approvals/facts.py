"""Facts for the question whether somebody may approve, read inside the actor's transaction: for one run that is held,
or for a list of them with as many queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from payments.approvals.policies import policies_of, policy_in_force
from payments.domain.approval import AskedStep, Dossier, Given, Room, over_limit, rooms_of, why_not
from payments.domain.refusals import Refusal, Rule
from payments.models import (
    Approval,
    ApprovalStep,
    Delegation,
    LimitUse,
    Payment,
    PayRun,
    PayRunEditor,
    PayRunItem,
)
from portal.actor import Actor
from portal.customers import access


def dossiers(customer_id: int, runs: Sequence[PayRun], on: date) -> dict[int, Dossier]:
    """What is asked of each of these runs in the version that stands, and who has answered."""
    standing = Q(run__in=runs, version=F("run__version"))
    steps: dict[int, list[ApprovalStep]] = defaultdict(list)
    for step in ApprovalStep.objects.filter(standing).order_by("position"):
        steps[step.run_id].append(step)
    given: dict[int, list[Given]] = defaultdict(list)
    for approval in Approval.objects.filter(standing).order_by("pk"):
        holder = approval.on_behalf_of_id or approval.approver_id
        given[approval.run_id].append(Given(approval.step, approval.approver_id, holder))
    makers, sums = _makers(runs), _sums(runs)
    trusted = list(live_delegations(customer_id, on).values_list("delegator_id", "delegate_id"))
    policies = policies_of(customer_id, {step.policy_id for asked in steps.values() for step in asked})
    now_in_force = policy_in_force(customer_id)
    return {
        run.pk: Dossier(
            run=run.pk,
            steps=tuple(AskedStep(step.position, step.people, tuple(step.named)) for step in steps[run.pk]),
            given=tuple(given[run.pk]),
            makers=makers[run.pk],
            delegates=frozenset(delegate for delegator, delegate in trusted if delegator in makers[run.pk]),
            sums=sums[run.pk],
            policies=(*(policies[step.policy_id] for step in steps[run.pk][:1] if step.policy_id), now_in_force),
        )
        for run in runs
    }


def dossier_of(run: PayRun, on: date) -> Dossier:
    return dossiers(run.customer_id, [run], on)[run.pk]


def live_delegations(customer_id: int, on: date) -> QuerySet[Delegation]:
    return Delegation.objects.filter(customer_id=customer_id, withdrawn_at=None, from_on__lte=on, until_on__gte=on)


def holders_for(actor: Actor, on: date) -> list[int]:
    """Whose right the actor can use today: their own first, then of those who handed them theirs."""
    handed = live_delegations(actor.customer_id, on).filter(delegate_id=actor.user_id)
    return [actor.user_id, *handed.order_by("pk").values_list("delegator_id", flat=True)]


def holding(actor: Actor, holder: int) -> Actor:
    """The actor with the rights of whoever handed them over."""
    return replace(actor, user_id=holder)


def rooms_for(dossier: Dossier, customer_id: int, holder: int, now: datetime) -> list[Room]:
    """Every limit of the holder that the run touches, and how far each is used up."""
    used = LimitUse.objects.filter(customer_id=customer_id, holder_id=holder)
    spans = {(currency, span): amount for currency, span, amount in used.values_list("currency", "span", "used")}
    return rooms_of(dossier, holder, spans, now)


def why_not_now(
    actor: Actor, dossier: Dossier, holder: int, accounts: Iterable[int | None], now: datetime
) -> Refusal | None:
    """Why the actor cannot approve the run now by the right of `holder`; None when they can."""
    refusal = why_not(dossier, actor.user_id, holder)
    if refusal:
        return refusal
    reach = access.scope(holding(actor, holder), "approve")
    if not reach or any(account not in reach for account in accounts):
        return Refusal(Rule.NOT_YOUR_STEP, "It holds invoices of accounts that you may not approve for.")
    return over_limit(dossier, rooms_for(dossier, actor.customer_id, holder, now))


def accounts_of(runs: Sequence[PayRun]) -> dict[int, set[int | None]]:
    """The nodes of the tree that each run touches."""
    touched: dict[int, set[int | None]] = {run.pk: set() for run in runs}
    account = Coalesce("invoice__account_id", "credit__account_id")
    chosen = PayRunItem.objects.filter(run__in=runs).annotate(account=account)
    for run, node in chosen.values_list("run_id", "account").distinct():
        touched[run].add(node)
    return touched


def _makers(runs: Sequence[PayRun]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {
        run.pk: {pk for pk in (run.created_by_id, run.edited_by_id, run.submitted_by_id) if pk} for run in runs
    }
    for run, user in PayRunEditor.objects.filter(run__in=runs).values_list("run_id", "user_id"):
        found[run].add(user)
    return {run: frozenset(users) for run, users in found.items()}


def _sums(runs: Sequence[PayRun]) -> dict[int, tuple[tuple[str, Decimal], ...]]:
    found: dict[int, tuple[tuple[str, Decimal], ...]] = {run.pk: () for run in runs}
    live = Payment.objects.filter(run__in=runs).exclude(state=Payment.State.CANCELLED)
    for run, currency, amount in (
        live.values_list("run_id", "currency").annotate(paid=Sum("amount")).order_by("currency")
    ):
        found[run] += ((currency, amount),)
    return found
