"""What an answer of AR means for one payment: which amounts are booked, which come back, what a person must look at.

Pure. AR's word is evidence: what contradicts our ledger becomes a difference, never a silent overwrite (I16, I26).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from payments.ar.acknowledgements import Acknowledgement, InvoiceVerdict, Level, Verdict
from portal.money import ZERO, format_amount, is_exact

_TAKEN = frozenset({Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_ERRORS})


@dataclass(frozen=True, slots=True)
class Line:
    """What stands of one invoice on the payment, below zero of a credit. `verdict` is the one AR gave before: "", sent,
    accepted, posted, rejected."""

    invoice_id: int
    number: str
    system: str
    currency: str
    held: Decimal
    verdict: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """AR's last word on a line: `settled` is booked, `released` is open again; both below zero of a credit."""

    invoice_id: int
    settled: Decimal
    released: Decimal
    reason: str

    @property
    def verdict(self) -> str:
        return "posted" if self.settled else "rejected"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that a person must explain."""

    kind: str
    subject: str
    expected: str
    found: str
    amount: Decimal | None = None


@dataclass(frozen=True)
class Judgement:
    """`is_accepted`: AR could read it and looks at it; no money moves for that."""

    outcomes: tuple[Outcome, ...] = ()
    differences: tuple[Difference, ...] = ()
    is_accepted: bool = False


def judge(lines: Sequence[Line], answer: Acknowledgement) -> Judgement:
    """The meaning of one answer, whatever arrived before it: TA1, 997 and 824 come in any order."""
    if answer.level is Level.APPLICATION:
        return _application(lines, answer)
    if answer.verdict is Verdict.REJECTED:
        return _judgement([_whole_line(line, answer) for line in lines])
    if answer.verdict is Verdict.PARTIALLY:
        return Judgement(differences=(_unclear(answer.level.value, answer.verdict),))
    return Judgement(is_accepted=answer.level is Level.SYNTAX)


def _application(lines: Sequence[Line], answer: Acknowledgement) -> Judgement:
    found = [_listed(lines, verdict) for verdict in answer.invoices]
    listed = {line.invoice_id for line in lines if any(is_meant(line, verdict) for verdict in answer.invoices)}
    if answer.reference:
        found += _unlisted([line for line in lines if line.invoice_id not in listed], answer)
    return _judgement(found)


def _unlisted(lines: Sequence[Line], answer: Acknowledgement) -> Iterator[tuple[Outcome | None, Difference | None]]:
    """What is said of the whole payment reaches the invoices that are not named, if it is clear."""
    speaks_for_all = answer.verdict in (Verdict.ACCEPTED, Verdict.REJECTED) or not answer.invoices
    if not speaks_for_all:
        return
    if answer.verdict is Verdict.PARTIALLY:
        yield None, _unclear("payment", answer.verdict)
        return
    for line in lines:
        yield _whole_line(line, answer)


def _whole_line(line: Line, answer: Acknowledgement) -> tuple[Outcome | None, Difference | None]:
    return _line(line, InvoiceVerdict(line.number, answer.verdict, line.system, None, answer.reasons))


def _listed(lines: Sequence[Line], verdict: InvoiceVerdict) -> tuple[Outcome | None, Difference | None]:
    meant = [line for line in lines if is_meant(line, verdict)]
    if len(meant) == 1:
        return _line(meant[0], verdict)
    kind = "ambiguous_invoice" if meant else "unknown_invoice"
    return None, Difference(kind, f"invoice {verdict.invoice}", "one invoice of the payment", f"{len(meant)}")


def is_meant(line: Line, verdict: InvoiceVerdict) -> bool:
    return line.number == verdict.invoice and verdict.system in ("", line.system)


def _line(line: Line, verdict: InvoiceVerdict) -> tuple[Outcome | None, Difference | None]:
    reason = "; ".join(verdict.reasons)
    if not line.held:
        return None, _contradiction(line, verdict)
    if verdict.verdict is Verdict.REJECTED:
        outcome = Outcome(line.invoice_id, ZERO, line.held, reason or "rejected by AR without a reason")
        return outcome, _credit_sent_back(line) if line.held < 0 else None
    if verdict.amount is None and verdict.verdict is Verdict.PARTIALLY:
        return None, _unclear(f"invoice {line.number}", verdict.verdict)
    booked = line.held if verdict.amount is None else verdict.amount
    side = -1 if line.held < 0 else 1
    if booked * side <= 0 or not is_exact(booked, line.currency):
        return None, _amount_differs(line, booked)
    settled = side * min(booked * side, line.held * side)
    outcome = Outcome(line.invoice_id, settled, line.held - settled, reason)
    return outcome, None if booked == line.held else _amount_differs(line, booked)


def _contradiction(line: Line, verdict: InvoiceVerdict) -> Difference | None:
    """The same word again is nothing new; another one is."""
    said = "rejected" if verdict.verdict is Verdict.REJECTED else "posted"
    if line.verdict == said:
        return None
    return Difference("contradiction", f"invoice {line.number}", line.verdict or "no verdict", said)


def _credit_sent_back(line: Line) -> Difference:
    """The customer paid less by a credit that AR does not take: that much of the invoices has no money behind it."""
    expected = f"{format_amount(line.held, line.currency)} {line.currency} used"
    return Difference("credit_sent_back", f"credit {line.number}", expected, "rejected", -line.held)


def _amount_differs(line: Line, booked: Decimal) -> Difference:
    expected = f"{format_amount(line.held, line.currency)} {line.currency}"
    return Difference("amount_differs", f"invoice {line.number}", expected, str(booked), booked - line.held)


def _unclear(subject: str, verdict: Verdict) -> Difference:
    return Difference("unclear_verdict", subject, "accepted or rejected", verdict.value)


def _judgement(found: Sequence[tuple[Outcome | None, Difference | None]]) -> Judgement:
    return Judgement(
        outcomes=tuple(outcome for outcome, _ in found if outcome),
        differences=tuple(difference for _, difference in found if difference),
    )
