"""Requests as the views know them, after portal.impersonation.middleware has said who acts."""

from __future__ import annotations

from django.http import HttpRequest

from portal.actor import Actor, CarrierActor


class PortalRequest(HttpRequest):
    """Anybody's: `actor` is a customer's person (or a rep looking as one), `carrier` one of the carrier's own."""

    actor: Actor | None
    carrier: CarrierActor | None


class CustomerRequest(PortalRequest):
    """Of a page that `customer_page` guards."""

    actor: Actor


class CarrierRequest(PortalRequest):
    """Of a page that `carrier_page` guards."""

    carrier: CarrierActor
