"""What is on its way to AR, what was given up, and what AR sent that nobody could read. Called inside `carrier()`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count

from payments.domain.references import payment_code
from payments.models import ArMessage, ArPosting
from portal.money import format_amount

MOST: Final = 200
FILTERS: Final = {
    "dead": ("Given up", ("dead",)),
    "pending": ("Waiting", ("pending", "leased", "staged")),
    "sent": ("Sent, not answered", ("sent",)),
    "acknowledged": ("Answered", ("acknowledged",)),
}
_TONES: Final = {"dead": "bad", "acknowledged": "good", "sent": "info"}
_WORDS: Final = {"dead": "Given up", "acknowledged": "Answered", "sent": "Sent"}


def list_postings(state: str, now: datetime) -> dict[str, Any]:
    """The messages of one state (all without one), those that wait longest first, with the count of every state."""
    counted = dict(ArPosting.objects.order_by().values_list("state").annotate(Count("pk")))
    state = state if state in FILTERS else ""
    found = ArPosting.objects.select_related("payment__run", "customer")
    if state:
        found = found.filter(state__in=FILTERS[state][1])
    order = ("-created_at", "-pk") if state in ("", "acknowledged") else ("created_at", "pk")
    return {
        "rows": [_row(posting, now) for posting in found.order_by(*order)[:MOST]],
        "chips": [
            ("", "All", f"{sum(counted.values()):,}", not state),
            *(
                (key, label, f"{sum(counted.get(each, 0) for each in states):,}", key == state)
                for key, (label, states) in FILTERS.items()
            ),
        ],
        "most": MOST,
    }


def waiting_messages(now: datetime) -> list[dict[str, Any]]:
    """Files of AR that were not applied: not yet read, or not readable."""
    found = ArMessage.objects.filter(applied_at=None).order_by("received_at")[:MOST]
    return [
        {"name": each.name, "failure": each.failure, "age": age(each.received_at, now), "sha256": each.sha256[:12]}
        for each in found
    ]


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit: 40 s, 12 min, 5 h, 3 days."""
    passed = max(now - since, timedelta())
    if passed < timedelta(minutes=2):
        return f"{int(passed.total_seconds())} s"
    if passed < timedelta(hours=2):
        return f"{int(passed.total_seconds() // 60)} min"
    hours = int(passed.total_seconds() // 3600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _row(posting: ArPosting, now: datetime) -> dict[str, Any]:
    payment = posting.payment
    return {
        "code": posting.code,
        "control_number": posting.control_number,
        "customer": posting.customer.name,
        "payment": payment_code(payment.run.number, payment.position),
        "amount": f"{format_amount(payment.amount, payment.currency)} {payment.currency}",
        "state": _WORDS.get(posting.state, "Waiting"),
        "tone": _TONES.get(posting.state, "warn" if posting.attempts > 1 else "off"),
        "attempts": posting.attempts,
        "age": age(posting.created_at, now),
        "error": posting.last_error,
        "is_dead": posting.state == ArPosting.State.DEAD,
    }
