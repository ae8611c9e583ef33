"""Puts in place who acts: `request.actor` (a customer's person, or a rep looking as one) and `request.carrier`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from portal.actor import Actor, CarrierActor
from portal.impersonation.queries import live_visit
from portal.requests import PortalRequest
from portal.tenancy import identified
from portal.users.confirmation import confirmed_at
from portal.users.models import User


class ActorMiddleware:
    """Asked anew for every request, so that a membership or visit that ended ends at once."""

    def __init__(self, get_response: Callable[[PortalRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        request.actor = None
        request.carrier = None
        if isinstance(request.user, User):
            self._identify(request, request.user)
        response = self.get_response(request)
        if request.actor or request.carrier:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _identify(self, request: PortalRequest, user: User) -> None:
        if user.carrier_role:
            request.carrier = CarrierActor(user.pk, user.name, user.carrier_role)
            if user.carrier_role == User.CarrierRole.REP:
                request.actor = live_visit(request.carrier, timezone.now())
        else:
            request.actor = _member(user, request.session.get("customer_id"), confirmed_at(request, user))


def _member(user: User, chosen: int | None, confirmed: datetime | None) -> Actor | None:
    """The user at work for the customer they chose, or for their first."""
    with identified(user.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.name FROM customers_membership m JOIN customers_customer c ON c.id = m.customer_id"
            " WHERE m.user_id = %s ORDER BY m.id",
            [user.pk],
        )
        customers = dict(cursor.fetchall())
    if not customers:
        return None
    customer_id = chosen if chosen is not None and chosen in customers else next(iter(customers))
    return Actor(
        user_id=user.pk,
        customer_id=customer_id,
        name=user.name,
        customer_name=customers[customer_id],
        real_user_id=user.pk,
        real_name=user.name,
        confirmed_at=confirmed,
    )
