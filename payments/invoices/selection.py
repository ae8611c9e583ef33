"""What a posted list selects: the rows that are checked, or the whole filter as the server counts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, QueryDict

from payments.invoices.filters import read_filter
from payments.invoices.queries import matching, named, visible_to
from portal.actor import Actor


@dataclass(frozen=True)
class Selection:
    """`codes` that were checked, or `whole_filter`: the query string of a filter, `seen` how many it held."""

    codes: frozenset[UUID]
    whole_filter: str | None
    seen: str


def read_selection(request: HttpRequest) -> Selection:
    is_whole = request.POST.get("whole_filter") == "yes"
    return Selection(
        codes=posted_codes(request),
        whole_filter=request.POST.get("filter", "") if is_whole else None,
        seen=request.POST.get("seen", ""),
    )


def selected(actor: Actor, selection: Selection, today: date) -> Q:
    """The invoices selected, as far as the actor may see them. Call inside `acting(actor)`."""
    if selection.whole_filter is None:
        return visible_to(actor) & named(selection.codes)
    return visible_to(actor) & matching(read_filter(QueryDict(selection.whole_filter)), today)


def posted_codes(request: HttpRequest) -> frozenset[UUID]:
    """The invoices checked in a posted form; what is not a code is left out."""
    return frozenset(code for text in request.POST.getlist("invoice") if (code := read_code(text)))


def read_code(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
