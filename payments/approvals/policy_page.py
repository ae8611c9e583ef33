"""The approval policy as its page shows it: in force, waiting, and all versions. Inside `acting(actor)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from payments.approvals.policies import latest_in_force, read_policy
from payments.approvals.words import group_names, limit_words, named_in, people_words, rule_words
from payments.domain.approval_policy import Policy
from payments.models import ApprovalPolicy
from portal.actor import Actor

NO_POLICY = ("every pay run", "one approver who did not make it")


@dataclass(frozen=True)
class VersionRow:
    """One version; `decided` says what became of it."""

    code: UUID
    version: int
    reason: str
    proposed: str
    decided: str
    tone: str
    rules: Sequence[tuple[str, str]]
    limits: Sequence[str]
    is_open: bool
    is_own: bool


def policy_context(actor: Actor) -> dict[str, Any]:
    """`in_force` is None while there is no policy; `open` is what waits for a decision."""
    found = ApprovalPolicy.objects.filter(customer_id=actor.customer_id).order_by("-version")
    versions = list(found.select_related("proposed_by", "decision__decided_by")[:50])
    read = {version.pk: read_policy(version.document) for version in versions}
    names = people_words(actor.customer_id, named_in(read.values()))
    groups = group_names(actor.customer_id)
    last = versions[0].version if versions else 0
    words = {pk: _words(policy, names, groups) for pk, policy in read.items()}
    rows = {each.pk: _row(each, words[each.pk], actor, is_last=each.version == last) for each in versions}
    current = latest_in_force(actor.customer_id)
    return {
        "in_force": rows.get(current.pk) if current else None,
        "no_policy": NO_POLICY,
        "open": next((row for row in rows.values() if row.is_open), None),
        "versions": list(rows.values()),
        "after": last,
    }


def _words(
    policy: Policy, names: dict[int, str], groups: dict[str, str]
) -> tuple[Sequence[tuple[str, str]], Sequence[str]]:
    rules = [rule_words(rule, names, groups) for rule in policy.rules] or [NO_POLICY]
    return rules, [limit_words(limit, names) for limit in policy.limits]


def _row(
    version: ApprovalPolicy, words: tuple[Sequence[tuple[str, str]], Sequence[str]], actor: Actor, *, is_last: bool
) -> VersionRow:
    decision = getattr(version, "decision", None)
    is_open = decision is None and is_last
    decided, tone = ("Waits for consent", "warn") if is_open else ("Overtaken", "off")
    if decision:
        when = f"{decision.decided_at:%Y-%m-%d %H:%M}"
        decided = f"{decision.verdict.capitalize()} by {decision.decided_by.name} {when}"
        tone = "good" if decision.verdict == "consented" else "off"
    return VersionRow(
        code=version.code,
        version=version.version,
        reason=version.reason,
        proposed=f"{version.proposed_by.name} {version.proposed_at:%Y-%m-%d %H:%M}",
        decided=decided,
        tone=tone,
        rules=words[0],
        limits=words[1],
        is_open=is_open,
        is_own=version.proposed_by_id == actor.user_id,
    )
