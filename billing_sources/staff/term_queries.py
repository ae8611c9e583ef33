"""The vocabulary board: what each source term means, how often it was billed and for how much. Call inside `carrier()`.

Figures are of bills as they were loaded, revisions included; terms that no vocabulary knows come first, by money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Max, Min, QuerySet, Sum

from billing_sources.models import BillingSystem, TermCount, VocabularyVersion
from billing_sources.staff.figures import instant, moneys
from billing_sources.vocabularies import folded
from portal.money import ZERO

TERMS_SHOWN = 300


@dataclass(frozen=True)
class TermRow:
    """`category` is "" for a term that no vocabulary knows. `key` names the row in a form."""

    key: str
    system: str
    term: str
    category: str
    charges: str
    amounts: tuple[str, ...]
    first_billed_on: str
    last_billed_on: str


@dataclass(frozen=True)
class VersionRow:
    version: int
    system: str
    changes: tuple[str, ...]
    who: str
    at: str
    reason: str
    url_code: str


@dataclass
class _Tally:
    charges: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    first: date = date.max
    last: date = date.min
    category: str = ""


def list_terms(system: str = "", text: str = "", unknown_only: bool = False) -> list[TermRow]:
    """A row a system and term, what is not known first, then by money in any currency."""
    tallies = _tallies(_counted(system, text))
    _overrule(tallies)
    rows = sorted(tallies.items(), key=_at_stake)
    wanted = [(key, tally) for key, tally in rows if not (unknown_only and tally.category)]
    names = dict(BillingSystem.objects.values_list("key", "name"))
    return [_row(key, tally, names) for key, tally in wanted[:TERMS_SHOWN]]


def count_terms() -> int:
    """Different terms that no vocabulary knows, now."""
    tallies = _tallies(_counted("", "").filter(is_mapped=False))
    _overrule(tallies)
    return sum(not tally.category for tally in tallies.values())


def list_versions() -> list[VersionRow]:
    """The newest first."""
    versions = VocabularyVersion.objects.select_related("system", "made_by", "rehearsal").order_by("-pk")[:50]
    return [
        VersionRow(
            version=made.version,
            system=made.system.name,
            changes=tuple(f"{term} is {category}" for term, category in sorted(made.changes.items())),
            who=made.made_by.name,
            at=instant(made.made_at),
            reason=made.reason,
            url_code=str(made.rehearsal.code),
        )
        for made in versions
    ]


_Key = tuple[str, str]  # system, term


def _counted(system: str, text: str) -> QuerySet[TermCount]:
    counts = TermCount.objects.exclude(term="")
    if system:
        counts = counts.filter(file__run__system__key=system)
    return counts.filter(term__icontains=text) if text else counts


def _tallies(counts: QuerySet[TermCount]) -> dict[_Key, _Tally]:
    """The category is the one that was given last."""
    tallies: dict[_Key, _Tally] = defaultdict(_Tally)
    for system, term, category, is_mapped, currency, charges, amount, first, last in _grouped(counts):
        tally = tallies[system, term]
        tally.charges += charges
        tally.amounts[currency] += amount
        tally.first = min(tally.first, first)
        if last >= tally.last:
            tally.last, tally.category = last, category if is_mapped else ""
    return tallies


def _grouped(counts: QuerySet[TermCount]) -> Iterable[tuple[str, str, str, bool, str, int, Decimal, date, date]]:
    columns = ("file__run__system__key", "term", "category", "is_mapped", "currency")
    return (
        counts.order_by()
        .values_list(*columns)
        .annotate(number=Sum("charges"), money=Sum("amount"), first=Min("first_billed_on"), last=Max("last_billed_on"))
    )


def _overrule(tallies: Mapping[_Key, _Tally]) -> None:
    """What was decided since the last file came."""
    decided: dict[_Key, str] = {}
    for system, changes in VocabularyVersion.objects.order_by("pk").values_list("system__key", "changes"):
        decided |= {(system, folded(term)): category for term, category in changes.items()}
    for (system, term), tally in tallies.items():
        tally.category = decided.get((system, folded(term)), tally.category)


def _at_stake(entry: tuple[_Key, _Tally]) -> tuple[bool, Decimal, _Key]:
    key, tally = entry
    return bool(tally.category), -max(map(abs, tally.amounts.values()), default=ZERO), key


def _row(key: _Key, tally: _Tally, names: Mapping[str, str]) -> TermRow:
    system, term = key
    return TermRow(
        key=f"{system}:{term}",
        system=names.get(system, system),
        term=term,
        category=tally.category,
        charges=f"{tally.charges:,}",
        amounts=moneys(tally.amounts),
        first_billed_on=f"{tally.first}",
        last_billed_on=f"{tally.last}",
    )
