"""Differences that a person must explain, for the carrier's people. Called inside `carrier()`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Q

from payments.ar.breaks import may_leave_credit
from payments.models import Break
from payments.tracking.postings import age
from portal.actor import CarrierActor
from portal.money import format_amount

MOST: Final = 200
_ORDERS: Final = {"age": F("opened_at").asc(), "amount": F("amount").desc(nulls_last=True)}


def list_breaks(actor: CarrierActor, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Those of one state, the oldest or the largest first, with the count of every state."""
    states = {
        "": ("Open", Q(closed_at=None)),
        "mine": ("Mine", Q(closed_at=None, owner=actor.user_id)),
        "nobodys": ("Nobody’s", Q(closed_at=None, owner=None)),
        "closed": ("Closed", Q(closed_at__isnull=False)),
    }
    state = params.get("state", "") if params.get("state", "") in states else ""
    sort = "amount" if params.get("sort") == "amount" else "age"
    found = Break.objects.filter(states[state][1]).select_related("customer", "owner")
    order = F("closed_at").desc() if state == "closed" else _ORDERS[sort]
    return {
        "rows": [_row(each, actor, now) for each in found.order_by(order, "pk")[:MOST]],
        "chips": [
            (key, label, f"{Break.objects.filter(wanted).count():,}", key == state)
            for key, (label, wanted) in states.items()
        ],
        "state": state,
        "sort": sort,
        "most": MOST,
    }


def _row(each: Break, actor: CarrierActor, now: datetime) -> dict[str, Any]:
    return {
        "code": each.code,
        "subject": each.subject,
        "kind": each.kind.replace("_", " ").capitalize(),
        "customer": each.customer.name if each.customer else "",
        "expected": each.expected,
        "found": each.found,
        "amount": f"{format_amount(each.amount, each.currency)} {each.currency}" if each.amount is not None else "",
        "age": age(each.opened_at, now),
        "opened_on": f"{each.opened_at:%Y-%m-%d}",
        "owner": each.owner.name if each.owner else "",
        "is_mine": each.owner_id == actor.user_id,
        "is_open": each.closed_at is None,
        "may_leave_credit": may_leave_credit(each),
        "closed_on": f"{each.closed_at:%Y-%m-%d}" if each.closed_at else "",
        "explanation": each.explanation,
    }
