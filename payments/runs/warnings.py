"""What whoever prepares or approves a run should look at twice. Nothing of it forbids anything. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from payments.runs.lines import Line
from payments.runs.rows import PlannedPayment
from portal.money import format_amount

EARLY: Final = timedelta(days=30)
MOST_NAMED: Final = 3
REISSUED: Final = "billed anew since this run was opened"


@dataclass(frozen=True)
class Remark:
    """Something that the database knows of an invoice of the run."""

    invoice_id: int
    words: str


@dataclass(frozen=True)
class Caution:
    """One thing to look at, the bills that it is about, and how many more there are."""

    words: str
    numbers: Sequence[str]
    more: int


def cautions_of(lines: Sequence[Line], payments: Sequence[PlannedPayment], remarks: Iterable[Remark]) -> list[Caution]:
    """One for each kind: due dates by payment, then what is remarked, then payments that their cap leaves no room."""
    found: dict[str, list[str]] = defaultdict(list)
    for payment in payments:
        for line in lines:
            words = _about_due(line, payment)
            if words:
                found[words].append(line.item.number)
    numbers = {line.item.invoice_id: line.item.number for line in lines}
    for remark in remarks:
        found[remark.words].append(numbers[remark.invoice_id])
    is_waiting = {line.item.currency for line in lines if line.is_to_place and not line.is_credit}
    full = [_cap(payment) for payment in payments if payment.facts.currency in is_waiting and _is_full(payment)]
    of_bills = [Caution(words, names[:MOST_NAMED], len(names[MOST_NAMED:])) for words, names in found.items()]
    return [*of_bills, *(Caution(words, (), 0) for words in full)]


def _about_due(line: Line, payment: PlannedPayment) -> str:
    """Whether the payment that carries the bill comes late for it, or long before it must."""
    at = payment.facts.position
    if line.due_on is None or line.is_credit or at not in dict(line.item.placed):
        return ""
    if line.due_on < payment.value_on:
        return f"due before payment {at} arrives on {payment.value_on}"
    return f"due more than {EARLY.days} days after payment {at}" if line.due_on > payment.value_on + EARLY else ""


def _is_full(payment: PlannedPayment) -> bool:
    return payment.facts.planned is not None and payment.facts.placed >= payment.facts.planned


def _cap(payment: PlannedPayment) -> str:
    amount = format_amount(payment.facts.placed, payment.facts.currency)
    return f"payment {payment.facts.position} is full at {amount} {payment.facts.currency}, and more is waiting"
