"""Visits: the one that is going on, and the list that the customer can see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce

from portal.actor import Actor, CarrierActor
from portal.customers.models import Membership
from portal.impersonation.models import SupportSession
from portal.tenancy import carrier


@dataclass(frozen=True)
class Visit:
    """One visit as the customer reads it."""

    rep: str
    seen_as: str
    reason: str
    ticket: str
    started_at: datetime
    ended_at: datetime
    is_live: bool


def live_visit(rep: CarrierActor, now: datetime) -> Actor | None:
    """The actor of the rep's visit, or None. It ends by itself: at its limit, when the user is deactivated or leaves
    the customer, and when the customer forbids visits."""
    with carrier(rep.user_id, read_only=True):
        visit = (
            SupportSession.objects.filter(rep_id=rep.user_id, ended_at=None, expires_at__gt=now)
            .filter(user__is_active=True, customer__allows_support=True)
            .select_related("user", "customer")
            .first()
        )
        if not visit or not Membership.objects.filter(user=visit.user_id, customer=visit.customer_id).exists():
            return None
    return Actor(
        user_id=visit.user_id,
        customer_id=visit.customer_id,
        name=visit.user.name,
        customer_name=visit.customer.name,
        real_user_id=rep.user_id,
        real_name=rep.name,
        support_session_id=visit.pk,
        support_until=visit.expires_at,
        support_reason=visit.reason,
        support_ticket=visit.ticket,
    )


def list_visits_for(actor: Actor, now: datetime) -> list[Visit]:
    """Every visit to the actor's customer, newest first. Call inside `acting(actor)`."""
    visits = (
        SupportSession.objects.filter(customer_id=actor.customer_id)
        .select_related("rep", "user")
        .annotate(over_at=Coalesce(F("ended_at"), F("expires_at")))
        .order_by("-started_at")[:200]
    )
    return [
        Visit(
            rep=visit.rep.name,
            seen_as=visit.user.name,
            reason=visit.reason,
            ticket=visit.ticket,
            started_at=visit.started_at,
            ended_at=visit.over_at,
            is_live=visit.ended_at is None and visit.expires_at > now,
        )
        for visit in visits
    ]
