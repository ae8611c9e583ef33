"""Propose another approval policy, and consent to one: the administrators' part, and never one person's alone."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from payments.approvals.policies import policy_document
from payments.commands import Done, command
from payments.domain.approval_policy import Policy
from payments.domain.policy_checks import Known, why_not_a_policy
from payments.domain.refusals import NotFound, Rule, refuse, refuse_any
from payments.models import ApprovalPolicy, InvoiceGroup, PolicyDecision
from portal.actor import Actor
from portal.customers import access

SUBJECT: Final = "approval policy"
LONGEST_REASON: Final = 200
Verdict = PolicyDecision.Verdict


@command
def propose_policy(actor: Actor, *, policy: Policy, reason: str, after: int, key: UUID, now: datetime) -> Done:
    """A whole policy in place of the one after whose version number (`after`, 0 for none) it was written.

    It is in force once another administrator consents; at once where there is no other. Runs that were submitted
    before go on by the steps that were asked of them. `Done.code` is the version's.
    """
    _require_administrator(actor)
    refuse_any(why_not_a_policy(policy, _known(actor)))
    said = " ".join(reason.split())
    if not 0 < len(said) <= LONGEST_REASON or "\0" in said:
        raise refuse(Rule.TEXT, f"Say why, in at most {LONGEST_REASON} characters.")
    if after != _last_version(actor.customer_id):
        raise refuse(Rule.CHANGED_SINCE, "Another policy was proposed since you opened this page: look at it first.")
    proposed = ApprovalPolicy.objects.create(
        customer_id=actor.customer_id,
        version=after + 1,
        document=policy_document(policy),
        reason=said,
        proposed_by_id=actor.user_id,
        proposed_at=now,
    )
    message = f"Version {proposed.version} waits for another administrator's consent."
    if not _other_administrators(actor):
        _decide(actor, proposed, Verdict.CONSENTED, now)
        message = f"Version {proposed.version} is in force."
    detail = {"version": proposed.version, "reason": said, "policy": proposed.document}
    return Done(message, "policy proposed", SUBJECT, str(proposed.code), detail)


@command
def decide_policy(actor: Actor, *, policy: UUID, verdict: str, key: UUID, now: datetime) -> Done:
    """Consent to what another administrator proposed, refuse it, or withdraw what one proposed oneself."""
    _require_administrator(actor)
    found = ApprovalPolicy.objects.filter(customer_id=actor.customer_id, code=policy).first()
    if found is None:
        raise NotFound("policy")
    if PolicyDecision.objects.filter(policy=found).exists() or found.version != _last_version(actor.customer_id):
        raise refuse(Rule.POLICY, f"Version {found.version} does not wait for anybody any more.")
    is_own = found.proposed_by_id == actor.user_id
    if verdict not in ((Verdict.WITHDRAWN,) if is_own else (Verdict.CONSENTED, Verdict.REFUSED)):
        raise refuse(Rule.OWN_WORK, "Another administrator decides about what you proposed.")
    _decide(actor, found, Verdict(verdict), now)
    message = f"Version {found.version} is {'in force' if verdict == Verdict.CONSENTED else verdict}."
    return Done(message, f"policy {verdict}", SUBJECT, str(found.code), {"version": found.version})


def _require_administrator(actor: Actor) -> None:
    if not access.has(actor, "administer"):
        raise access.Denied("only an administrator may do this")


def _other_administrators(actor: Actor) -> list[int]:
    return [person for person, _ in access.people_with(actor.customer_id, "administer") if person != actor.user_id]


def _known(actor: Actor) -> Known:
    groups = InvoiceGroup.objects.filter(customer_id=actor.customer_id).values_list("code", flat=True)
    approvers = access.people_with(actor.customer_id, "approve")
    return Known(frozenset(person for person, _ in approvers), frozenset(f"{code}" for code in groups))


def _last_version(customer_id: int) -> int:
    versions = ApprovalPolicy.objects.filter(customer_id=customer_id).order_by("-version")
    return versions.values_list("version", flat=True).first() or 0


def _decide(actor: Actor, policy: ApprovalPolicy, verdict: PolicyDecision.Verdict, now: datetime) -> None:
    PolicyDecision.objects.create(
        policy=policy, customer_id=actor.customer_id, verdict=verdict, decided_by_id=actor.user_id, decided_at=now
    )
