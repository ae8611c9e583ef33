"""A pay run's lines, lanes and sums as its page shows them: every cell is text before the template sees it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from payments.domain.allocation import PaymentFacts
from payments.domain.reasons import reason
from payments.domain.references import payment_code
from payments.invoices.rows import Figure, Sum, account_path, minor_units
from payments.runs.edits import Cell
from payments.runs.lines import NOT_PAID, Line, Totals
from portal.money import ZERO, exponent, format_amount

VERDICTS: Final = {
    "sent": ("sent to AR", "info"),
    "accepted": ("accepted by AR", "info"),
    "posted": ("posted", "good"),
    "rejected": ("rejected by AR", "bad"),
}


PAYMENT_STATES: Final = {
    "planned": ("Planned", "off"),
    "released": ("On its way to AR", "info"),
    "sent": ("Sent to AR", "info"),
    "accepted": ("Accepted by AR", "info"),
    "posted": ("Posted", "good"),
    "partly_posted": ("Posted in part", "warn"),
    "rejected": ("Rejected by AR", "bad"),
    "cancelled": ("Cancelled", "off"),
}


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """A payment of the run with what its lane says beside the figures."""

    facts: PaymentFacts
    code: UUID
    method: str
    method_label: str
    value_on: date
    note: str
    state: str
    invoices: int


@dataclass(frozen=True)
class Lane:
    """components/lane.html."""

    number: int
    method: str
    value_on: str
    reference: str
    currency: str
    exponent: int
    amount_minor: int | None
    placed_minor: int
    placed: str
    left: str
    left_tone: str
    invoices: str
    edit_url: str
    url: str


@dataclass(frozen=True, slots=True)
class Part:
    """What of an invoice goes to one payment: words to read, and a field to change it. `is_spare`: nothing yet."""

    number: int
    name: str
    value: str
    words: str
    is_spare: bool
    is_changed: bool
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One row of the page; `minor` is what the run can place of it, in minor units."""

    code: str
    url: str
    number: str
    account: str
    billed_by: str
    due_on: str
    currency: str
    exponent: int
    minor: int
    available: str
    parts: Sequence[Part]
    state: str
    tone: str
    short: str
    short_reason: str
    is_left_open: bool
    left: str
    left_tone: str
    note: str
    first_field: str
    is_checked: bool


@dataclass(frozen=True)
class Posted:
    """What a refused form held, so that nothing of it is lost: checked rows, and amounts as they were typed."""

    checked: frozenset[UUID] = frozenset()
    typed: Mapping[Cell, str] = field(default_factory=dict)


def lane(payment: PlannedPayment, run_number: int, edit_url: str, url: str) -> Lane:
    facts, currency = payment.facts, payment.facts.currency
    planned = facts.planned if payment.state == "planned" else None
    left = None if planned is None else planned - facts.placed
    said = [payment_code(run_number, facts.position), payment.note, PAYMENT_STATES[payment.state][0] if url else ""]
    return Lane(
        number=facts.position,
        method=payment.method_label,
        value_on=payment.value_on.isoformat(),
        reference=" · ".join(filter(None, said)),
        currency=currency,
        exponent=exponent(currency),
        amount_minor=None if planned is None else minor_units(planned, currency),
        placed_minor=minor_units(facts.placed, currency),
        placed=format_amount(facts.placed, currency),
        left="" if left is None else format_amount(left, currency),
        left_tone="warn" if left else "muted",
        invoices=f"{payment.invoices:,}",
        edit_url=edit_url,
        url=url,
    )


def line_row(
    line: Line, payments: Sequence[PlannedPayment], posted: Posted, url: str, *, why: str = "", is_over: bool = False
) -> LineRow:
    """`url` is the list of invoices; an invoice lives below it. `is_over`: what is not placed by now was not paid."""
    item, currency = line.item, line.item.currency
    state, tone = _state(line, is_over)
    left = item.unexplained
    known = reason(item.reason)
    parts = _parts(line, payments, posted)
    return LineRow(
        code=str(line.code),
        url="" if line.is_on_account else f"{url}{line.code}/",
        number=item.number,
        account=account_path(line.account, line.parent, line.grandparent),
        billed_by=line.system,
        due_on=line.due_on.isoformat() if line.due_on else "",
        currency=currency,
        exponent=exponent(currency),
        minor=minor_units(line.available, currency),
        available=format_amount(line.available, currency),
        parts=parts,
        state=state,
        tone=tone,
        short=format_amount(line.short, currency) if line.short else "",
        short_reason=known.words if known else "",
        is_left_open=item.left_open,
        left=format_amount(left, currency),
        left_tone="bad" if left < 0 < line.available else "warn" if left and not item.left_open else "muted",
        note=" · ".join(filter(None, (_note(line, payments), why))),
        first_field=parts[0].name if parts else "",
        is_checked=line.code in posted.checked,
    )


def sums(totals: Sequence[Totals], *, is_over: bool) -> list[Sum]:
    """The sum bar: a row a currency, over all lines of the run whatever the page shows."""
    return [Sum(total.currency, exponent(total.currency), _figures(total, is_over)) for total in totals]


def _figures(total: Totals, is_over: bool) -> tuple[Figure, ...]:
    def figure(label: str, amount: Decimal, tone: str = "", name: str = "") -> Figure:
        minor = minor_units(amount, total.currency)
        return Figure(label, format_amount(amount, total.currency), tone if amount else "", name=name, minor=minor)

    return (
        figure("Chosen", total.chosen),
        figure("Placed", total.placed, name="placed"),
        figure("Credits used", total.credits, "good", name="credits"),
        figure("Short-paid", total.short),
        figure("Left open on purpose", total.left_open),
        figure(NOT_PAID if is_over else "Still to place", total.to_place, "warn", name="left"),
    )


def _state(line: Line, is_over: bool) -> tuple[str, str]:
    """What the row says beside its parts; nothing where every cent is placed."""
    if not line.item.is_current:
        return "Replaced by a later bill", "bad"
    if line.item.left_open:
        return ("Left open", "info") if not line.placed else ("rest left open", "info")
    if not line.available:
        return "Placed elsewhere", "bad"
    if not line.placed and not line.short:
        return (NOT_PAID, "bad") if is_over else ("Credit not used" if line.is_credit else "Not placed", "off")
    return "", ""


def _parts(line: Line, payments: Sequence[PlannedPayment], posted: Posted) -> list[Part]:
    """A part for each payment in the line's currency: those that carry some of it first."""
    standing = dict(line.item.placed)
    verdicts = {position: (verdict, why) for position, verdict, why in line.verdicts}
    parts = []
    for payment in payments:
        if payment.facts.currency != line.item.currency:
            continue
        number = payment.facts.position
        stands = standing.get(number, ZERO)
        value = format_amount(stands, line.item.currency) if stands else ""
        typed = posted.typed.get((line.code, number), value)
        word, tone = VERDICTS.get(verdicts.get(number, ("", ""))[0], ("", ""))
        parts.append(
            Part(
                number=number,
                name=f"amount-{line.code}-{number}",
                value=typed,
                words="in full" if stands == line.available > 0 else format_amount(stands, line.item.currency),
                is_spare=not stands and typed == value and not word,
                is_changed=typed != value,
                verdict=word,
                tone=tone,
            )
        )
    return sorted(parts, key=lambda part: part.is_spare)


def _note(line: Line, payments: Sequence[PlannedPayment]) -> str:
    """What to mind: AR's reason, the payer's own, or a payment that comes after the invoice is due."""
    said = [why for _, _, why in line.verdicts if why]
    if said:
        return said[0]
    if line.to_pay is not None and not line.placed:
        said.append(f"to pay {format_amount(line.to_pay, line.item.currency)}")
    if line.item.note:
        return " · ".join([*said, line.item.note])
    carrying = dict(line.item.placed)
    late = [
        p.facts.position for p in payments if p.facts.position in carrying and p.value_on > (line.due_on or date.max)
    ]
    return " · ".join([*said, *(f"due before payment {position}" for position in late[:1])])
