"""What the frame of every page shows: who is at work, where they can go, and the banner of a visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from portal.actor import Actor
from portal.requests import PortalRequest


@dataclass(frozen=True)
class Entry:
    """One link of the rail; `key` follows "g"."""

    label: str
    name: str
    key: str
    starts_group: bool = False
    count: str = ""
    is_current: bool = False
    url: str = ""


CUSTOMER = (
    Entry("Inbox", "home", "h"),
    Entry("Invoices", "invoices", "i"),
    Entry("Groups", "groups", "o"),
    Entry("Pay runs", "pay_runs", "r"),
    Entry("Payments", "payments", "m"),
    Entry("People and rights", "people", "e", starts_group=True),
    Entry("Visits", "visits", "v"),
)
ENGINEER = (
    Entry("Bill cycles", "bill_cycles", "c"),
    Entry("Import runs", "import_runs", "i"),
    Entry("Quarantine", "quarantine", "q"),
    Entry("Accounts to link", "account_links", "a"),
    Entry("Postings to AR", "postings", "p"),
)
REP = (Entry("Customers", "customers", "c"),)


def frame(request: PortalRequest) -> dict[str, Any]:
    actor = getattr(request, "actor", None)
    staff = getattr(request, "carrier", None)
    if actor is None and staff is None:
        return {}
    entries = CUSTOMER if actor else ENGINEER if staff and staff.role == "engineer" else REP
    return {
        "nav": [_entry(entry, request.path) for entry in entries],
        "actor": actor or staff,
        "support_session": _visit(actor) if actor and actor.is_support else None,
        "search_url": reverse("search") if actor else "",
    }


def _entry(entry: Entry, path: str) -> Entry:
    url = reverse(entry.name)
    is_current = path == url if url == "/" else path.startswith(url)
    return Entry(entry.label, entry.name, entry.key, entry.starts_group, entry.count, is_current, url)


def _visit(actor: Actor) -> dict[str, Any]:
    """The banner of components/visit.html."""
    left = actor.support_until - timezone.now() if actor.support_until else None
    return {
        "rep_name": actor.real_name,
        "customer_name": actor.customer_name,
        "user_name": actor.name,
        "reason": actor.support_reason,
        "ticket": actor.support_ticket,
        "until": actor.support_until,
        "minutes_left": max(0, int(left.total_seconds() // 60)) if left else 0,
        "exit_url": reverse("visit_end"),
    }
