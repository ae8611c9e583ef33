"""What becomes of many invoices, as a page shows it: every cell is text before the template sees it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from payments.domain.bulk_change import Cells, Planned
from payments.domain.to_pay import Wanted
from payments.invoices.rows import reason_words
from portal.money import ZERO, format_amount

SHOWN: Final = 20  # of the rows that change, and of those that do not


@dataclass(frozen=True)
class ChangeRow:
    number: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeSum:
    """One currency: how many change, and what is to be paid of all that are chosen."""

    currency: str
    count: str
    open: str
    before: str
    after: str


@dataclass(frozen=True)
class Foreseen:
    """A preview; `refused` are (why, how many)."""

    changes: int
    same: int
    sums: Sequence[ChangeSum]
    rows: Sequence[ChangeRow]
    refused: Sequence[tuple[str, int]]
    refused_count: int


def foreseen(outcome: Sequence[Planned]) -> Foreseen:
    changing = [planned for planned in outcome if planned.is_change]
    refused = [planned for planned in outcome if planned.refusal]
    return Foreseen(
        changes=len(changing),
        same=len(outcome) - len(changing) - len(refused),
        sums=_sums(outcome),
        rows=[row_of(planned) for planned in changing[:SHOWN]],
        refused=_why(refused),
        refused_count=len(refused),
    )


def row_of(planned: Planned) -> ChangeRow:
    currency = planned.invoice.currency
    before, after = (_words(cells, planned, currency) for cells in (planned.before, planned.after))
    return ChangeRow(planned.invoice.number, before, after)


def kept_words(kept: Mapping[str, Any], currency: str) -> str:
    """What a change set holds of one invoice."""
    return "; ".join(_kept(key, value, currency) for key, value in sorted(kept.items()))


def _kept(key: str, value: Any, currency: str) -> str:
    if key != "to_pay":
        return f"{'tagged' if value else 'not tagged'} {key.removeprefix('tag ')}"
    return _wish_words(None if value is None else Wanted(Decimal(value[0]), *value[1:]), currency)


def _sums(outcome: Iterable[Planned]) -> list[ChangeSum]:
    by_currency: dict[str, list[Planned]] = defaultdict(list)
    for planned in outcome:
        by_currency[planned.invoice.currency].append(planned)
    return [_sum(currency, by_currency[currency]) for currency in sorted(by_currency)]


def _sum(currency: str, outcome: Sequence[Planned]) -> ChangeSum:
    def amount(value: Decimal) -> str:
        return format_amount(value, currency)

    return ChangeSum(
        currency=currency,
        count=f"{sum(planned.is_change for planned in outcome):,}",
        open=amount(sum((planned.invoice.open for planned in outcome), ZERO)),
        before=amount(sum((_amount(planned.before) for planned in outcome), ZERO)),
        after=amount(sum((_amount(planned.after) for planned in outcome), ZERO)),
    )


def _amount(cells: Cells) -> Decimal:
    return cells.to_pay.amount if cells.to_pay else ZERO


def _why(refused: Sequence[Planned]) -> list[tuple[str, int]]:
    """The first few in their own words, the others by how many of the same kind there are."""
    kinds = Counter(planned.refusal.rule for planned in refused if planned.refusal)
    first = {planned.refusal.rule: planned.refusal.words for planned in reversed(refused) if planned.refusal}
    return [(first[rule], count) for rule, count in kinds.most_common(SHOWN)]


def _words(cells: Cells, planned: Planned, currency: str) -> str:
    said = []
    if planned.before.to_pay != planned.after.to_pay:
        said.append(_wish_words(cells.to_pay, currency))
    if planned.before.tags != planned.after.tags:
        said.append(", ".join(sorted(cells.tags)) or "no tag")
    return "; ".join(said)


def _wish_words(wanted: Wanted | None, currency: str) -> str:
    if wanted is None:
        return "nothing said"
    said = f"pay {format_amount(wanted.amount, currency)} {currency}"
    return ", ".join(filter(None, (said, reason_words(wanted.reason, wanted.note))))
