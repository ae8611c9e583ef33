"""What a posted page of a paste decides about its rows. Pure but for the shape of a form."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.http import QueryDict
from msgspec.structs import replace

from payments.domain.pasting.amounts import Way, written
from payments.domain.pasting.rows import AS_PASTED, Decision
from payments.domain.pasting.verdicts import UNRESOLVED, Judged, Verdict
from payments.domain.pasting.wishes import wishes_of
from payments.matching.queries import Matched

PREFIXES: Final = ("number", "amount", "invoice")


def decided(found: Matched, posted: QueryDict, shown: str) -> list[tuple[int, Decision]]:
    """By line, only where it differs from what stands: what was typed and chosen in single rows, then what the pressed
    button does with the checked ones (or with all that `shown` names)."""
    standing = {one.row.line: one for one in found.judged}
    way = found.reading.way.way if found.reading.way else Way.POINT
    typed = {line: _typed(one, posted) for line, one in standing.items() if _is_posted(line, posted)}
    act = _ACTS.get(posted.get("do", ""))
    of_one = standing.get(_line(posted.get("take", "")))
    if of_one:
        typed[of_one.row.line] = _take(of_one, way)
    for one in _checked(found.judged, posted, shown) if act else ():
        typed[one.row.line] = act(one, way) if act else one.row.decided
    return [(line, decision) for line, decision in typed.items() if decision != standing[line].row.decided]


def matches(one: Judged, shown: str, left_out: Container[int]) -> bool:
    """Whether a row is among those that the page shows: of a verdict, unresolved, with an amount that cannot be paid
    (`left_out`, by line), or all ("")."""
    if shown == "left_out":
        return one.row.line in left_out
    if shown == "unresolved":
        return one.verdict in UNRESOLVED
    return not shown or one.verdict == shown


def _is_posted(line: int, posted: Mapping[str, object]) -> bool:
    return any(f"{name}-{line}" in posted for name in PREFIXES)


def _typed(one: Judged, posted: QueryDict) -> Decision:
    line, decision = one.row.line, one.row.decided
    number = posted.get(f"number-{line}", one.row.number).strip()
    amount = posted.get(f"amount-{line}", one.row.amount_text).strip()
    if number != one.row.number:
        decision = replace(decision, number=number, invoice=None, is_joined=False)
    if amount != one.row.amount_text:
        decision = replace(decision, amount=amount)
    invoice = _code(posted.get(f"invoice-{line}", ""))
    if invoice and any(each.code == invoice for each in one.candidates):
        decision = replace(decision, invoice=invoice)
    return decision


def _checked(judged: Sequence[Judged], posted: QueryDict, shown: str) -> Iterable[Judged]:
    if posted.get("whole_filter") == "yes":
        left_out = {each.line for each in wishes_of(judged).left_out}
        return [one for one in judged if matches(one, shown, left_out)]
    lines = {_line(text) for text in posted.getlist("row")}
    return [one for one in judged if one.row.line in lines]


def _take(one: Judged, way: Way) -> Decision:
    """What the paste itself suggests, for whoever says yes to it: the revision in force, the bill that took its place,
    the one invoice of the pasted amount, no more than is open, or that two rows of an invoice belong together."""
    if one.verdict is Verdict.REPLACED and one.invoice:
        took = one.invoice.replaced_by
        return replace(one.row.decided, number=took) if took else replace(one.row.decided, invoice=one.invoice.code)
    if one.verdict is Verdict.TWICE:
        return replace(one.row.decided, is_joined=True)
    if one.is_over_open and one.invoice:
        return replace(one.row.decided, amount=written(one.invoice.open, way))
    return _of_same_amount(one)


def _of_same_amount(one: Judged) -> Decision:
    same = [each for each in one.candidates if one.row.amount in (each.open, each.payable)]
    if one.verdict is Verdict.AMBIGUOUS and len(same) == 1:
        return replace(one.row.decided, invoice=same[0].code)
    return one.row.decided


_ACTS: Final[Mapping[str, Callable[[Judged, Way], Decision]]] = {
    "drop": lambda one, _: replace(one.row.decided, is_dropped=True),
    "restore": lambda one, _: AS_PASTED,
    "take": _take,
}


def _line(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _code(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
