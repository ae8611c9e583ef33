"""Where a system's transport looks: addresses and credentials from the environment, and how far it has been read."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef

from billing_sources.models import BillingSystem, ImportFile, RawDocument
from billing_sources.transports import Place
from portal.tenancy import ingest


def place_of(system: BillingSystem) -> Place:
    """`TRIBUTARY_ATLAS_URL` is atlas's setting `URL`, and so on."""
    prefix = f"TRIBUTARY_{system.key.upper()}_"
    said = {name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)}
    return Place(settings.INBOUND_DIR, said, _mark(system), partial(_known, system))


def _mark(system: BillingSystem) -> str:
    """That of the newest document that has one and was dealt with: it need not be fetched again."""
    with ingest():
        dealt_with = ImportFile.objects.filter(document=OuterRef("pk")).exclude(state__in=ImportFile.UNFINISHED)
        marked = RawDocument.objects.filter(Exists(dealt_with), system=system).exclude(mark="").order_by("-pk")
        return marked.values_list("mark", flat=True).first() or ""


def _known(system: BillingSystem, stamps: Collection[str]) -> Collection[str]:
    """Those of the stamps whose file was dealt with. One that a dead worker left is offered again, and taken over."""
    with ingest():
        files = ImportFile.objects.filter(run__system=system, stamp__in=stamps)
        return set(files.exclude(state__in=ImportFile.UNFINISHED).values_list("stamp", flat=True))
