"""Charges whose term no vocabulary knows: how many, how much money, since when. Call inside `carrier()`."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Min, Sum

from billing_sources.models import Charge, ImportIssue
from billing_sources.staff.figures import money

TERMS_SHOWN = 200
UNKNOWN_TERM = "VOCAB-01"


@dataclass(frozen=True)
class TermRow:
    system: str
    term: str
    charges: str
    amount: str
    first_billed_on: str
    last_billed_on: str


def list_terms() -> list[TermRow]:
    """A row a system, term and currency, the most frequent first. Only files that told of such a term are searched."""
    files = ImportIssue.objects.filter(rule=UNKNOWN_TERM).values("file")
    charges = Charge.objects.filter(is_mapped=False, invoice__file__in=files, invoice__is_current=True)
    rows = (
        charges.values_list("invoice__system__name", "source_term", "invoice__currency")
        .annotate(
            number=Count("pk"),
            amount=Sum("amount"),
            first=Min("invoice__billed_on"),
            last=Max("invoice__billed_on"),
        )
        .order_by("-number", "source_term")
    )
    return [
        TermRow(system, term, f"{number:,}", money(amount, currency), f"{first}", f"{last}")
        for system, term, currency, number, amount, first, last in rows[:TERMS_SHOWN]
    ]


def count_terms() -> int:
    """Different terms that files told of."""
    told = ImportIssue.objects.filter(rule=UNKNOWN_TERM).order_by()
    return told.values("file__run__system", "found").distinct().count()
