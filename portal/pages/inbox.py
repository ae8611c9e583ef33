"""What needs the actor today: each figure is a link to its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from billing_sources.completeness.queries import count_late
from billing_sources.models import Invoice
from payments.approvals.queries import runs_to_approve
from payments.disputes.queries import disputes_for
from payments.runs.queries import runs_for
from payments.tracking.queries import payments_for
from portal.actor import Actor
from portal.customers import access
from portal.money import format_amount

LATELY = timedelta(days=45)  # a bill of last month may still be corrected


@dataclass(frozen=True)
class Tile:
    figure: str
    label: str
    url: str


@dataclass(frozen=True)
class Arrival:
    """Bills of one system, cycle and currency that came in during the last week."""

    system: str
    cycle: str
    billed_on: str
    count: str
    amount: str
    url: str


def tiles_for(actor: Actor, today: date) -> list[Tile]:
    """What asks for an act that this person can do. Call inside `acting(actor)`."""
    invoices = _invoices_of(actor).aggregate(
        overdue=Count("pk", filter=Q(open__gt=0, due_on__lt=today) & ~Q(open=F("disputed"))),
        due_soon=Count("pk", filter=Q(open__gt=0, due_on__range=(today, today + timedelta(days=7)))),
        reissued=Count("pk", filter=Q(open__gt=0, revision__gt=1)),
        reissued_paid=Count(
            "pk", filter=Q(open=0, held=0, payable__gt=0, revision__gt=1, billed_on__gte=today - LATELY)
        ),
    )
    to_approve = len(runs_to_approve(actor, timezone.now())) if access.has(actor, "approve") else 0
    runs = dict(runs_for(actor).values_list("state").annotate(n=Count("pk")))
    answered = disputes_for(actor).filter(state__in=["asked", "answered", "proposed"]).count()
    rejected = payments_for(actor).filter(state__in=["rejected", "partly_posted"]).count()
    grid, pay_runs = reverse("invoices"), reverse("pay_runs")
    soon = today + timedelta(days=7)
    paid_and_reissued = urlencode({"reissued": "yes", "state": "paid", "issued_from": today - LATELY})
    found = [
        ("see", invoices["overdue"], "invoice", "overdue", f"{grid}?state=overdue"),
        ("see", invoices["due_soon"], "invoice", "due within a week", f"{grid}?due_from={today}&due_to={soon}"),
        ("see", invoices["reissued"], "invoice", "reissued and open", f"{grid}?reissued=yes"),
        ("see", invoices["reissued_paid"], "paid invoice", "reissued", f"{grid}?{paid_and_reissued}"),
        ("see", count_late(_seen_by(actor), today), "bill", "late this month", reverse("bills_expected")),
        ("prepare", runs.get("draft", 0), "pay run", "in preparation", f"{pay_runs}?state=draft"),
        ("approve", to_approve, "pay run", "to approve", reverse("approvals")),
        ("approve", runs.get("approved", 0), "pay run", "to release", f"{pay_runs}?state=approved"),
        ("see", answered, "dispute", "answered", f"{reverse('disputes')}?state=answered"),
        ("see", rejected, "payment", "not posted in full by AR", f"{reverse('payments')}?state=rejected"),
    ]
    rights = access.rights_of(actor)
    return [_tile(count, thing, what, url) for right, count, thing, what, url in found if count and right in rights]


def arrivals_for(actor: Actor, today: date) -> list[Arrival]:
    """New bills by cycle. Call inside `acting(actor)`."""
    found = (
        _invoices_of(actor)
        .filter(published_at__date__gte=today - timedelta(days=7))
        .values_list("system__name", "system__key", "cycle", "billed_on", "currency")
        .annotate(n=Count("pk"), amount=Sum("payable"))
        .order_by("-billed_on", "system__name", "cycle", "currency")[:12]
    )
    grid = reverse("invoices")
    return [
        Arrival(
            system=name,
            cycle=cycle,
            billed_on=f"{billed_on}",
            count=f"{count:,}",
            amount=f"{format_amount(amount, currency)} {currency}",
            url=f"{grid}?{urlencode({'system': key, 'cycle': cycle, 'currency': currency, 'state': 'all'})}",
        )
        for name, key, cycle, billed_on, currency, count, amount in found
    ]


def _tile(count: int, thing: str, what: str, url: str) -> Tile:
    return Tile(f"{count:,}", f"{thing if count == 1 else f'{thing}s'} {what}", url)


def _invoices_of(actor: Actor) -> QuerySet[Invoice]:
    return Invoice.objects.filter(_seen_by(actor), is_current=True)


def _seen_by(actor: Actor) -> Q:
    reach = access.scope(actor, "see")
    own = Q(customer_id=actor.customer_id)
    return own if reach.everything else own & Q(account_id__in=reach.ids)
