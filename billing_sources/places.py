"""Where a system's transport looks: addresses and credentials from the environment, and how far it has been read."""

from __future__ import annotations

import os

from django.conf import settings

from billing_sources.models import BillingSystem, RawDocument
from billing_sources.transports import Place
from portal.tenancy import ingest


def place_of(system: BillingSystem) -> Place:
    """`TRIBUTARY_ATLAS_URL` is atlas's setting `URL`, and so on."""
    prefix = f"TRIBUTARY_{system.key.upper()}_"
    said = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    return Place(settings.INBOUND_DIR, said, _mark(system))


def _mark(system: BillingSystem) -> str:
    """That of the newest document that has one: what is kept need not be fetched again."""
    with ingest():
        marked = RawDocument.objects.filter(system=system).exclude(mark="").order_by("-pk")
        return marked.values_list("mark", flat=True).first() or ""
