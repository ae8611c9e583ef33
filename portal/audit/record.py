"""Write down an act, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.actor import Actor, CarrierActor
from portal.audit.models import AuditEvent


def record(
    actor: Actor | CarrierActor | None,
    verb: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    customer_id: int | None = None,
) -> None:
    """Append one act. `actor` None is one of the carrier's jobs; `customer_id` is needed unless the actor has one.

    `subject` names a thing as people do ("pay run 2211"); `detail` holds JSON values only.
    """
    # bulk_create: a role that may only append cannot read the id back
    AuditEvent.objects.bulk_create(
        [AuditEvent(at=now, verb=verb, subject=subject, detail=dict(detail or {}), **_who(actor, customer_id))]
    )


def _who(actor: Actor | CarrierActor | None, customer_id: int | None) -> dict[str, Any]:
    if isinstance(actor, Actor):
        return {
            "customer_id": actor.customer_id,
            "user_id": actor.user_id,
            "real_user_id": actor.real_user_id,
            "support_session_id": actor.support_session_id,
        }
    user_id = actor.user_id if actor else None
    return {"customer_id": customer_id, "user_id": user_id, "real_user_id": user_id}
