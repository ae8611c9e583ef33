"""The page of a paste: how its columns are read, the proof by verdict, and a page of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from django.urls import reverse

from payments.domain.pasting.amounts import Way
from payments.domain.pasting.columns import KIND_WORDS, Kind
from payments.domain.pasting.verdicts import IDENTIFIED, UNRESOLVED, Verdict, corrected_total, pasted_total, totals_of
from payments.domain.pasting.wishes import Wishes, wishes_of
from payments.invoices.chips import Option
from payments.matching.acts import seen_of
from payments.matching.edits import matches
from payments.matching.queries import Matched
from payments.matching.rows import currencies_of, plain_amount, proof, row_of
from portal.money import ZERO

SIZE: Final = 100
SAMPLES: Final = 3
SHOWN: Final = frozenset({"", "unresolved", "left_out", *Verdict})
WAY_WORDS: Final = {Way.POINT: "1,234.56", Way.COMMA: "1.234,56"}


@dataclass(frozen=True)
class ColumnCells:
    """A column of the pasted table: what it is, what it could be, and its first cells."""

    name: str
    head: str
    options: list[Option]
    samples: list[str]


def context_of(found: Matched, shown: str, first: int) -> dict[str, Any]:
    """`shown` is a verdict, "unresolved", "left_out" or "" for all; `first` counts from 1."""
    totals = totals_of(found.judged)
    currencies = currencies_of(totals)
    wishes = wishes_of(found.judged)
    problems = {each.line: each.why for each in wishes.left_out}
    chosen = [one for one in found.judged if matches(one, shown, problems)]
    ordered = chosen if shown else sorted(chosen, key=lambda one: one.verdict not in UNRESOLVED)
    page = ordered[first - 1 : first - 1 + SIZE]
    whole = pasted_total(found.reading.rows)
    more = corrected_total(found.reading.rows)
    return {
        "paste": found.paste,
        "key": uuid4(),
        "seen": seen_of(found),
        "show": shown,
        "columns": _columns(found),
        "has_header": found.layout.has_header,
        "ways": _ways(found),
        "doubt": _doubt(found),
        "has_amounts": found.reading.way is not None,
        "has_numbers": Kind.NUMBER in found.layout.kinds,
        "currencies": [each or "no currency" for each in currencies],
        "proof": proof(totals, currencies, shown),
        "whole": [plain_amount(whole.get(each, ZERO), each) for each in currencies],
        "corrected": [plain_amount(more.get(each, ZERO), each) for each in currencies] if more else [],
        "count": f"{len(found.reading.rows):,}",
        "shown_count": f"{len(chosen):,}",
        "unresolved": f"{sum(one.verdict in UNRESOLVED for one in found.judged):,}",
        "rows": [row_of(one, reverse("invoices"), problems.get(one.row.line, "")) for one in page],
        "ready": _ready(wishes),
        "identified": f"{len({one.invoice.id for one in found.judged if one.invoice and one.verdict in IDENTIFIED}):,}",
        **_paging(shown, first, len(chosen)),
    }


def _ready(wishes: Wishes) -> dict[str, str]:
    """How many invoices can be paid, how many of them with an amount, and whose amounts cannot be wanted."""
    return {
        "invoices": f"{len(wishes.invoices):,}",
        "amounts": f"{len(wishes.wishes):,}",
        "left_out": f"{len(wishes.left_out):,}" if wishes.left_out else "",
    }


def _columns(found: Matched) -> list[ColumnCells]:
    rows = found.table.rows
    first = 1 if found.layout.has_header else 0
    return [
        ColumnCells(
            name=f"kind-{at}",
            head=rows[0][at] if first else f"Column {at + 1}",
            options=[Option(each.value, words, each is kind) for each, words in KIND_WORDS.items()],
            samples=[cells[at] for cells in rows[first : first + SAMPLES]],
        )
        for at, kind in enumerate(found.layout.kinds)
    ]


def _ways(found: Matched) -> list[Option]:
    """Both ways to write amounts; none is chosen as long as there is a doubt."""
    if found.reading.way is None:
        return []
    chosen = None if found.reading.way.example else found.reading.way.way
    return [Option(way.value, words, way is chosen) for way, words in WAY_WORDS.items()]


def _doubt(found: Matched) -> str:
    """What may be read in two ways, until the reader says which."""
    way = found.reading.way
    return f"{way.example} may be thousands or decimals" if way and way.example else ""


def _paging(shown: str, first: int, count: int) -> dict[str, str]:
    last = min(first + SIZE - 1, count)
    return {
        "shown": f"{first:,}–{last:,} of {count:,}" if count else "",
        "newer_url": f"?{_view(shown, max(1, first - SIZE))}" if first > 1 else "",
        "older_url": f"?{_view(shown, last + 1)}" if last < count else "",
        "view": _view(shown, first),
    }


def _view(shown: str, first: int) -> str:
    return urlencode([(name, value) for name, value in (("show", shown), ("first", first)) if value not in ("", 1)])
