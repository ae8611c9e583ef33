"""What needs the actor today: each figure is a link to its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from billing_sources.models import Invoice
from payments.runs.queries import runs_for
from payments.tracking.queries import payments_for
from portal.actor import Actor
from portal.customers import access


@dataclass(frozen=True)
class Tile:
    figure: str
    label: str
    url: str


@dataclass(frozen=True)
class Arrival:
    """Bills of one system and cycle that came in during the last week."""

    system: str
    cycle: str
    billed_on: str
    count: str
    url: str


def tiles_for(actor: Actor, today: date) -> list[Tile]:
    """Counts that ask for an act. Call inside `acting(actor)`."""
    invoices = _invoices_of(actor).aggregate(
        overdue=Count("pk", filter=Q(open__gt=0, due_on__lt=today)),
        due_soon=Count("pk", filter=Q(open__gt=0, due_on__range=(today, today + timedelta(days=7)))),
        reissued=Count("pk", filter=Q(open__gt=0, revision__gt=1)),
    )
    runs = dict(runs_for(actor).values_list("state").annotate(n=Count("pk")))
    rejected = payments_for(actor).filter(state__in=["rejected", "partly_posted"]).count()
    grid, pay_runs = reverse("invoices"), reverse("pay_runs")
    soon = today + timedelta(days=7)
    found = [
        (invoices["overdue"], "overdue", f"{grid}?state=overdue"),
        (invoices["due_soon"], "due within a week", f"{grid}?due_from={today}&due_to={soon}"),
        (invoices["reissued"], "reissued and open", f"{grid}?reissued=yes"),
        (runs.get("draft", 0), "pay runs in preparation", f"{pay_runs}?state=draft"),
        (runs.get("submitted", 0), "pay runs to approve", f"{pay_runs}?state=submitted"),
        (runs.get("approved", 0), "pay runs to release", f"{pay_runs}?state=approved"),
        (rejected, "payments AR did not post in full", f"{reverse('payments')}?state=rejected"),
    ]
    return [Tile(f"{count:,}", label, url) for count, label, url in found]


def arrivals_for(actor: Actor, today: date) -> list[Arrival]:
    """New bills by cycle. Call inside `acting(actor)`."""
    rows = (
        _invoices_of(actor)
        .filter(published_at__date__gte=today - timedelta(days=7))
        .values_list("system__name", "system__key", "cycle", "billed_on")
        .annotate(n=Count("pk"))
        .order_by("-billed_on", "system__name", "cycle")[:12]
    )
    grid = reverse("invoices")
    return [
        Arrival(name, cycle, f"{billed_on}", f"{count:,}", f"{grid}?system={key}&cycle={cycle}&state=all")
        for name, key, cycle, billed_on, count in rows
    ]


def _invoices_of(actor: Actor) -> QuerySet[Invoice]:
    reach = access.scope(actor, "see")
    invoices = Invoice.objects.filter(customer_id=actor.customer_id, is_current=True)
    return invoices if reach.everything else invoices.filter(account_id__in=reach.ids)
