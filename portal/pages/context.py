"""What the frame of every page shows: who is at work, where they can go, and the banner of a visit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.actor import Actor, CarrierActor
from portal.customers import access
from portal.requests import PortalRequest
from portal.tenancy import acting


@dataclass(frozen=True)
class Entry:
    """One link of the rail, for those who have the right that its page `needs`; `key` follows "g"."""

    label: str
    name: str
    key: str
    starts_group: bool = False
    needs: str = "see"
    count: str = ""
    is_current: bool = False
    url: str = ""


CUSTOMER = (
    Entry("Inbox", "home", "h"),
    Entry("Invoices", "invoices", "i"),
    Entry("Groups", "groups", "o"),
    Entry("Bills expected", "bills_expected", "b"),
    Entry("Accounts", "accounts", "a"),
    Entry("Pay runs", "pay_runs", "r"),
    Entry("Approvals", "approvals", "l", needs="approve"),
    Entry("Payments", "payments", "m"),
    Entry("Disputes", "disputes", "d"),
    Entry("Paste and match", "pastes", "p"),
    Entry("Visits", "visits", "v", starts_group=True),
    Entry("People and rights", "people", "e", needs="administer"),
    Entry("Approval policy", "approval_policy", "y", needs="administer"),
)
ENGINEER = (
    Entry("Bill cycles", "bill_cycles", "c"),
    Entry("Coverage", "coverage", "o"),
    Entry("Import runs", "import_runs", "i"),
    Entry("Quarantine", "quarantine", "q"),
    Entry("Vocabulary", "terms", "t"),
    Entry("Accounts to link", "account_links", "a"),
    Entry("Customers", "customers", "u"),
    Entry("Postings to AR", "postings", "p"),
    Entry("Dispute desk", "desk", "d"),
    Entry("Breaks", "breaks", "b"),
    Entry("Payment methods", "method_rules", "m"),
)
REP = (
    Entry("Customers", "customers", "c"),
    Entry("Dispute desk", "desk", "d"),
    Entry("Breaks", "breaks", "b"),
    Entry("Payment methods", "method_rules", "m"),
)


def frame(request: PortalRequest) -> dict[str, Any]:
    actor = getattr(request, "actor", None)
    staff = getattr(request, "carrier", None)
    if actor is None and staff is None:
        return {"assets": _assets()}
    return {
        "assets": _assets(),
        "rail": _rail(tuple(_entry(entry, request.path) for entry in _entries(actor, staff))),
        "actor": actor or staff,
        "support_session": _visit(actor) if actor and actor.is_support else None,
        "search_url": _url("search") if actor else "",
    }


@cache
def _assets() -> SafeString:
    return render_to_string("components/assets.html")


@cache
def _rail(nav: tuple[Entry, ...]) -> SafeString:
    """The rail's HTML: the same for everybody who may open the same pages, so it is made once a process."""
    return render_to_string("components/rail.html", {"nav": nav})


def _entries(actor: Actor | None, staff: CarrierActor | None) -> list[Entry]:
    """The pages that this person can open: a link that leads to "there is nothing here" is none."""
    if actor is None:
        return list(ENGINEER if staff and staff.role == "engineer" else REP)
    rights = _rights(actor)
    return [entry for entry in CUSTOMER if entry.needs in rights]


def _rights(actor: Actor) -> frozenset[str]:
    """A visitor sees and no more; of them this may be asked on the carrier's pages too, which see other rows."""
    if actor.is_support:
        return frozenset({"see"})
    with acting(actor, read_only=True):
        return access.rights_of(actor)


def _entry(entry: Entry, path: str) -> Entry:
    url = _url(entry.name)
    return _placed(entry, url, path == url if url == "/" else path.startswith(url))


@cache
def _placed(entry: Entry, url: str, is_current: bool) -> Entry:
    return replace(entry, url=url, is_current=is_current)


@cache
def _url(name: str) -> str:
    """Where a page without arguments is; it stays there as long as the process lives."""
    return reverse(name)


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
        "exit_url": _url("visit_end"),
    }
