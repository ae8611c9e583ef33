"""The demo's approval policy: one person for every run, two above a quarter of a million, and a monthly limit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import uuid4

from payments import operations
from payments.domain.approval_policy import Limit, Policy, PolicyRule, Step
from portal.actor import Actor

LARGE: Final = Decimal(250_000)
A_MONTH: Final = Decimal(5_000_000)


def set_policy(administrator: Actor, treasurer: Actor, now: datetime) -> None:
    """In force at once: the demo's customer has one administrator."""
    policy = Policy(
        rules=(PolicyRule("", Decimal(0), "", (Step(1),)), PolicyRule("USD", LARGE, "", (Step(2),))),
        limits=(Limit(treasurer.user_id, "USD", "month", A_MONTH),),
    )
    reason = "Signature rules of the finance board"
    operations.propose_policy(administrator, policy=policy, reason=reason, after=0, key=uuid4(), now=now)
