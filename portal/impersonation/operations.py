"""Start and end a rep's visit. The act is on record before the first page is seen."""

from __future__ import annotations

from datetime import datetime

from portal.actor import Actor, CarrierActor
from portal.audit.record import record
from portal.customers.access import Denied
from portal.customers.models import Customer, Membership
from portal.impersonation.models import LIMIT, SupportSession
from portal.tenancy import carrier


class VisitRefused(ValueError):
    """The visit cannot begin; the message says why, for the rep."""


def start_visit(
    *, actor: CarrierActor, customer_code: str, user_id: int, reason: str, ticket: str, now: datetime
) -> SupportSession:
    """Begin to look as `user_id`, for 30 minutes at most. A visit still going on must be ended first."""
    if actor.role != "rep":
        raise Denied("only account reps visit")
    _check_words(reason, ticket)
    with carrier(actor.user_id):
        customer = _customer_that_allows(customer_code)
        member = Membership.objects.filter(customer=customer, user_id=user_id, user__is_active=True).first()
        if member is None:
            raise VisitRefused("That person does not work for this customer.")
        _end_overdue(actor, now)
        if SupportSession.objects.filter(rep_id=actor.user_id, ended_at=None).exists():
            raise VisitRefused("End the visit that is going on first.")
        visit = SupportSession.objects.create(
            customer=customer,
            rep_id=actor.user_id,
            user_id=user_id,
            reason=reason.strip(),
            ticket=ticket.strip(),
            started_at=now,
            expires_at=now + LIMIT,
        )
        detail = {"reason": visit.reason, "ticket": visit.ticket, "user": user_id}
        record(actor, "visit started", f"visit {visit.code}", detail, now=now, customer_id=customer.pk)
    return visit


def end_visit(*, actor: CarrierActor, now: datetime) -> None:
    """End whatever visit of this rep is going on; a no-op without one."""
    with carrier(actor.user_id):
        for visit in SupportSession.objects.filter(rep_id=actor.user_id, ended_at=None):
            _end(actor, visit, now)


def record_page_view(*, actor: Actor, path: str, now: datetime) -> None:
    """Every page a rep looks at is on record, before it is shown."""
    with carrier(actor.real_user_id):
        record(actor, "page seen", path[:120], now=now)


def _check_words(reason: str, ticket: str) -> None:
    if len(reason.strip()) < 15:
        raise VisitRefused("Give a reason of at least 15 characters: the customer reads it.")
    if not ticket.strip():
        raise VisitRefused("Name the ticket this visit belongs to.")


def _customer_that_allows(code: str) -> Customer:
    customer = Customer.objects.filter(code=code).first()
    if customer is None:
        raise VisitRefused("There is no such customer.")
    if not customer.allows_support:
        raise VisitRefused("This customer does not allow visits.")
    return customer


def _end_overdue(actor: CarrierActor, now: datetime) -> None:
    for visit in SupportSession.objects.filter(rep_id=actor.user_id, ended_at=None, expires_at__lte=now):
        _end(actor, visit, visit.expires_at)


def _end(actor: CarrierActor, visit: SupportSession, ended_at: datetime) -> None:
    visit.ended_at = min(ended_at, visit.expires_at)
    visit.save(update_fields=["ended_at"])
    record(actor, "visit ended", f"visit {visit.code}", now=ended_at, customer_id=visit.customer_id)
