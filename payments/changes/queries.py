"""Change sets for the people of a customer. Called inside `acting(actor)`; only of invoices that they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from billing_sources.models import Invoice
from payments.changes.rows import SHOWN, ChangeRow, kept_words
from payments.invoices.queries import revisions_visible_to
from payments.models import ChangedInvoice, ChangeSet
from portal.actor import Actor

MOST_LISTED = 100


@dataclass(frozen=True)
class Kept:
    """A change set in the list, and on its own page; `undone` is the code of what undid it, "" where nothing did."""

    code: UUID
    words: str
    by: str
    at: datetime
    count: str
    undone: str
    is_undo: bool


def changes_for(actor: Actor) -> list[Kept]:
    """The newest first."""
    found = _visible(actor).order_by("-pk")[:MOST_LISTED]
    counts = dict(
        ChangedInvoice.objects.filter(change_set__in=[each.pk for each in found])
        .values_list("change_set")
        .annotate(n=Count("pk"))
    )
    return [_kept(each, counts[each.pk]) for each in found]


def get_change_for(actor: Actor, code: UUID) -> tuple[Kept, list[ChangeRow]] | None:
    """The change set and the first of its invoices, or None where this person may see none of them."""
    found = _visible(actor).filter(code=code).first()
    if found is None:
        return None
    entries = ChangedInvoice.objects.filter(change_set=found, invoice__in=_seen(actor))
    columns = ("invoice__number", "currency", "before", "after")
    rows = [
        ChangeRow(number, kept_words(before, currency), kept_words(after, currency))
        for number, currency, before, after in entries.order_by("invoice_id").values_list(*columns)[:SHOWN]
    ]
    return _kept(found, entries.count()), rows


def _visible(actor: Actor) -> QuerySet[ChangeSet]:
    seen = ChangedInvoice.objects.filter(change_set=OuterRef("pk"), invoice__in=_seen(actor))
    return ChangeSet.objects.filter(Exists(seen), customer_id=actor.customer_id).select_related("by", "undone_by")


def _seen(actor: Actor) -> QuerySet[Invoice]:
    return Invoice.objects.filter(revisions_visible_to(actor))


def _kept(each: ChangeSet, count: int) -> Kept:
    undone = getattr(each, "undone_by", None)
    return Kept(
        code=each.code,
        words=each.words,
        by=each.by.name,
        at=each.at,
        count=f"{count:,}",
        undone=str(undone.code) if undone else "",
        is_undo=each.undoes_id is not None,
    )
