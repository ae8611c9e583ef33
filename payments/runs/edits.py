"""From what was posted on a pay run's page to what shall stand on which payment. Pure.

The page posts amounts as texts and a selection of rows; what comes out are placements that the operation judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from payments.domain.refusals import Refusal, Rule, refuse, refuse_any
from payments.invoices.filters import read_amount
from payments.runs.lines import Line
from portal.money import ZERO, round_to

LIMIT: Final = Decimal(10) ** 15
HUNDRED: Final = Decimal(100)
Cell = tuple[UUID, int]  # invoice, payment position
Standing = dict[Cell, Decimal]  # what stands, or shall stand, on each pair


@dataclass(frozen=True)
class Changes:
    """What differs from what stands: pairs to take off, and amounts to bring about, lower ones first."""

    taken_off: Mapping[int, Sequence[UUID]]  # payment position → invoices
    placed: Sequence[tuple[UUID, int, Decimal]]


def read_sum(text: str) -> Decimal | None:
    """An amount of money as people write it, or None: no run comes near the limit."""
    amount = read_amount(text)
    return amount if amount is not None and abs(amount) < LIMIT else None


def standing_of(lines: Iterable[Line]) -> Standing:
    return {(line.code, position): amount for line in lines for position, amount in line.item.placed}


def with_typed(wanted: Standing, typed: Mapping[Cell, str], lines: Mapping[UUID, Line]) -> Standing:
    """What was typed into the amounts of the page; an empty one takes the invoice off that payment. Of a credit the
    minus sign may be left out.

    Raises `Refused` with everything that is no amount, and ignores rows that are not of this run any more.
    """
    read = {cell: read_sum(text) if text.strip() else ZERO for cell, text in typed.items() if cell[0] in lines}
    refuse_any(
        Refusal(Rule.NOT_POSITIVE, f"{lines[cell[0]].item.number}: “{typed[cell].strip()[:24]}” is no amount.")
        for cell, amount in read.items()
        if amount is None
    )
    return wanted | {
        cell: -abs(amount) if lines[cell[0]].is_credit else amount
        for cell, amount in read.items()
        if amount is not None
    }


def typed_here(typed: Mapping[Cell, str], shown: Standing) -> dict[Cell, str]:
    """Without the fields that only repeat what their page showed: somebody else may have changed those since."""
    return {cell: text for cell, text in typed.items() if not _is(text, shown.get(cell, ZERO))}


def _is(text: str, amount: Decimal) -> bool:
    read = read_sum(text) if text.strip() else ZERO
    return read is not None and abs(read) == abs(amount)


def sent_to(wanted: Standing, lines: Sequence[Line], position: int) -> Standing:
    """All that is wanted of the lines and still open goes to the payment; a line with none of it moves there whole."""
    result = dict(wanted)
    for line in lines:
        parts = _parts(result, line)
        left = line.wanted - sum(parts.values(), ZERO)
        if left * line.side <= 0:
            left = sum(parts.values(), ZERO) - parts.get(position, ZERO)
            result |= {(line.code, other): ZERO for other in parts if other != position}
        result[line.code, position] = parts.get(position, ZERO) + left
    return result


def in_part(wanted: Standing, lines: Sequence[Line], position: int, percent: Decimal) -> Standing:
    """So many percent of what the run can place of each line stand on the payment, whatever stands on the others."""
    if not 0 < percent <= HUNDRED:
        raise refuse(Rule.NOT_POSITIVE, "A part is above 0 and at most 100 percent.")
    shares = {line.code: round_to(line.available * percent / HUNDRED, line.item.currency) for line in lines}
    return wanted | {(code, position): share for code, share in shares.items()}


def in_full(wanted: Standing, lines: Sequence[Line], first: int) -> Standing:
    """All that is left of each line goes to the payment that it stands on already, or else to the `first`."""
    result = dict(wanted)
    for line in lines:
        parts = _parts(wanted, line)
        position = min(parts, default=first)
        left = line.wanted - sum(parts.values(), ZERO)
        if left * line.side > 0:
            result[line.code, position] = parts.get(position, ZERO) + left
    return result


def taken_off(wanted: Standing, lines: Iterable[Line]) -> Standing:
    """Nothing of the lines stands on any payment."""
    return wanted | {(line.code, position): ZERO for line in lines for position in _parts(wanted, line)}


def withheld(wanted: Standing, line: Line, amount: Decimal | None) -> tuple[Standing, Decimal]:
    """The cells that change when `amount` of the line is short-paid (None: all that is not placed), and that amount.

    What does not fit any more comes off the payment with the highest number.
    """
    parts = _parts(wanted, line)
    result: Standing = {}
    if line.is_credit:
        raise refuse(Rule.CREDIT_NOTE, f"{line.item.number} is a credit: use it, or leave it open.")
    short = line.available - sum(parts.values(), ZERO) if amount is None else amount
    if short <= 0:
        raise refuse(Rule.NOT_POSITIVE, f"{line.item.number} is placed whole: say how much of it is not paid.")
    excess = sum(parts.values(), ZERO) + short - line.available
    for position in sorted(parts, reverse=True):
        if excess <= 0:
            break
        less = min(excess, parts[position])
        result[line.code, position] = parts[position] - less
        excess -= less
    return result, short


def changes(before: Standing, after: Standing) -> Changes:
    """What to do so that `after` stands where `before` stands now."""
    off: dict[int, list[UUID]] = {}
    placed = []
    for (invoice, position), amount in after.items():
        stands = before.get((invoice, position), ZERO)
        if not amount and stands:
            off.setdefault(position, []).append(invoice)
        elif amount != stands:
            placed.append((abs(amount) > abs(stands), invoice, position, amount))
    placed.sort(key=lambda change: change[0])
    return Changes(off, [(invoice, position, amount) for _, invoice, position, amount in placed])


def _parts(wanted: Standing, line: Line) -> dict[int, Decimal]:
    return {position: wanted[line.code, position] for position in range(1, 10) if wanted.get((line.code, position))}
