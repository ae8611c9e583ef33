"""Place amounts of invoices on the payments of a run. A hold is taken when placed, already in the draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts, Move, PaymentFacts, Placement, check, taking_off
from payments.domain.eligibility import why_not_on
from payments.domain.refusals import Refusal, Rule, refuse, refuse_any
from payments.facts import lock_payments, method_rules, payment_facts, standing
from payments.models import Payment
from payments.operations.choose import lock_chosen
from payments.operations.editing import begin_edit, subject
from payments.operations.ledger import append
from payments.operations.plan import payment_of
from portal.actor import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """What shall stand of an invoice on a payment from now on: `amount`, or `percent` of, or all that is open to it."""

    invoice: UUID
    payment: UUID
    amount: Decimal | None = None
    percent: Decimal | None = None


@command
def allocate(actor: Actor, *, run: UUID, placements: Sequence[Place], key: UUID, now: datetime) -> Done:
    """Bring the placements about, all or none: thousands in one call. Saying the same again changes nothing."""
    draft, voided = begin_edit(actor, run, now)
    payments = lock_payments(draft)
    by_code = {payment.code: payment for payment in payments}
    found = lock_chosen(actor, draft, [place.invoice for place in placements])
    wanted = [
        Placement(
            (by_code.get(place.payment) or payment_of(payments, place.payment)).pk,
            found[place.invoice].id,
            place.amount,
            place.percent,
        )
        for place in placements
    ]
    invoices = {invoice.id: invoice for invoice in found.values()}
    facts = {payment.pk: payment_facts(payment) for payment in payments}
    verdict = check(invoices, facts, standing(payments, list(invoices)), wanted)
    refuse_any([*verdict.refusals, *not_taken(verdict.moves, invoices, facts)])
    append(verdict.moves, reason="", by=actor.user_id, now=now)
    message = placed_in_words(verdict.moves, payments) + voided
    detail = detail_of(verdict.moves, payments, found.values())
    return Done(message, "invoices placed", subject(draft), str(draft.code), detail)


@command
def unallocate(
    actor: Actor, *, run: UUID, invoices: Sequence[UUID], payment: UUID | None = None, key: UUID, now: datetime
) -> Done:
    """Take the invoices off one payment, or off all of the run's."""
    draft, voided = begin_edit(actor, run, now)
    payments = lock_payments(draft)
    chosen = payments if payment is None else [payment_of(payments, payment)]
    found = lock_chosen(actor, draft, invoices)
    held = standing(chosen, [invoice.id for invoice in found.values()])
    if not held:
        raise refuse(Rule.EMPTY, "Nothing of these invoices stands there.")
    append(
        taking_off(held),
        reason="taken off",
        by=actor.user_id,
        now=now,
    )
    message = f"{len({invoice for _, invoice in held})} taken off.{voided}"
    return Done(message, "invoices taken off", subject(draft), str(draft.code), {"allocations": len(held)})


def not_taken(
    moves: Sequence[Move], invoices: Mapping[int, InvoiceFacts], payments: Mapping[int, PaymentFacts]
) -> Iterator[Refusal]:
    """What would newly stand on a payment whose method the carrier does not take for it."""
    rules = method_rules()
    for move in moves if rules else ():
        invoice = invoices[move.invoice_id]
        why = why_not_on(invoice, payments[move.payment_id], rules) if move.kind == "held" else ""
        if why:
            yield Refusal(Rule.METHOD, f"{invoice.number}: {why}.")


def placed_in_words(moves: Sequence[Move], payments: Sequence[Payment]) -> str:
    position = {payment.pk: payment.position for payment in payments}
    counts = Counter(position[move.payment_id] for move in moves)
    if not counts:
        return "Nothing changed."
    return " ".join(f"{count} placed on payment {at}." for at, count in sorted(counts.items()))


def detail_of(
    moves: Sequence[Move], payments: Sequence[Payment], invoices: Iterable[InvoiceFacts]
) -> dict[str, dict[str, str | int]]:
    """Counts and sums by payment: the ledger has the single amounts."""
    sides = {invoice.id: invoice.side for invoice in invoices}
    detail: dict[str, dict[str, str | int]] = {}
    for payment in payments:
        own = [move for move in moves if move.payment_id == payment.pk]
        if own:
            rises = (sides[m.invoice_id] * (m.amount if m.kind == "held" else -m.amount) for m in own)
            signed = sum(rises, Decimal(0))
            detail[str(payment.position)] = {"invoices": len(own), "amount": str(signed)}
    return detail
