"""The carrier's queue of disputes. Called inside `carrier()`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from billing_sources.models import Invoice
from payments.disputes.queries import row_of, totals_of
from payments.disputes.rows import DESK_CHIPS
from payments.domain.dispute import OPEN
from payments.domain.reasons import DISPUTING, reason
from payments.models import Dispute
from portal.actor import CarrierActor

MOST: Final = 200
SORTS: Final = {
    "due": (F("next_due").asc(nulls_last=True), F("number").asc()),
    "money": (F("standing").desc(), F("number").asc()),
    "age": (F("opened_at").asc(), F("number").asc()),
}
WHOSE: Final = (("", "Everybody’s"), ("mine", "Mine"), ("nobodys", "Nobody’s"), ("overdue", "Overdue"))


def list_queue(actor: CarrierActor, params: Mapping[str, str], today: date) -> dict[str, Any]:
    """Those of one turn, by what is due next, money or age; filtered by owner, reason, customer and currency."""
    turns = {key: states for key, _, states in DESK_CHIPS}
    turn = params.get("turn", "") if params.get("turn", "") in turns else ""
    sort = params.get("sort", "") if params.get("sort", "") in SORTS else "due"
    filters = _filters(params)
    wanted = Dispute.objects.filter(_matching(actor, filters, today))
    found = wanted.filter(state__in=turns[turn]).annotate(next_due=_next_due())
    rows = found.select_related("invoice", "customer", "owner").order_by(*SORTS[sort])[:MOST]
    return {
        "rows": [row_of(each, today, "desk_dispute") for each in rows],
        "chips": [
            (label, f"{wanted.filter(state__in=states).count():,}", _url(filters, turn=key, sort=sort), key == turn)
            for key, label, states in DESK_CHIPS
        ],
        "whose": [
            (label, _url({**filters, "whose": key}, turn=turn, sort=sort), key == filters["whose"])
            for key, label in WHOSE
        ],
        "sorts": {key: _url(filters, turn=turn, sort=key) for key in SORTS},
        "sort": sort,
        "turn": turn,
        "filters": filters,
        "reasons": [(each.key, each.words) for each in DISPUTING],
        "totals": totals_of(wanted.filter(state__in=turns[turn])),
        "most": MOST,
    }


def get_desk_dispute(code: UUID) -> Dispute | None:
    related = ("invoice", "customer", "opened_by", "run", "credit_note", "split_from", "owner")
    return Dispute.objects.select_related(*related).filter(code=code).first()


def credit_notes_for(dispute: Dispute) -> list[str]:
    """Numbers of credit notes that may be the promised one: those that name the bill first, then the newest."""
    found = Invoice.objects.filter(
        customer_id=dispute.customer_id,
        currency=dispute.currency,
        payable__lt=0,
        is_current=True,
        state=Invoice.State.PUBLISHED,
    )
    named = list(found.filter(preceding=dispute.invoice.number).values_list("number", flat=True))
    newest = list(found.order_by("-billed_on", "-pk").values_list("number", flat=True)[:30])
    return list(dict.fromkeys(named + newest))


def _next_due() -> Coalesce:
    """The answer until there is one, then the decision."""
    return Coalesce(Case(When(answered_at=None, then=F("answer_due_on"))), F("resolve_due_on"))


def _filters(params: Mapping[str, str]) -> dict[str, str]:
    whose = params.get("whose", "")
    key = params.get("reason", "")
    return {
        "whose": whose if whose in dict(WHOSE) else "",
        "reason": key if reason(key) else "",
        "q": params.get("q", "").replace("\0", "").strip()[:80],
        "currency": params.get("currency", "").strip().upper()[:3],
    }


def _matching(actor: CarrierActor, filters: Mapping[str, str], today: date) -> Q:
    late = Q(answered_at=None, answer_due_on__lt=today) | Q(resolve_due_on__lt=today)
    wanted = {
        "": Q(),
        "mine": Q(owner=actor.user_id),
        "nobodys": Q(owner=None),
        "overdue": late & Q(state__in=OPEN),
    }[filters["whose"]]
    if filters["reason"]:
        wanted &= Q(reason=filters["reason"])
    if filters["currency"]:
        wanted &= Q(currency=filters["currency"])
    return wanted & _says(filters["q"]) if filters["q"] else wanted


def _says(text: str) -> Q:
    about = Q(customer__name__icontains=text) | Q(invoice__number__icontains=text)
    digits = text.upper().removeprefix("D-")
    return about | Q(number=int(digits)) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else about


def _url(filters: Mapping[str, str], **more: str) -> str:
    stated = {name: value for name, value in {**filters, **more}.items() if value and (name, value) != ("sort", "due")}
    return f"?{urlencode(stated)}"
