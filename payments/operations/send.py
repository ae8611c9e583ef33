"""Send invoices to a payment: what it cannot take goes to another one that can, opened if need be, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from payments.commands import Done, command
from payments.domain.allocation import Placement, Verdict, check
from payments.domain.eligibility import Diversion, Diverted, divert, fitting
from payments.domain.refusals import refuse_any
from payments.facts import lock_payments, method_rules, payment_facts, standing
from payments.models import Payment, PayRun
from payments.operations.allocate import Place
from payments.operations.choose import lock_chosen
from payments.operations.editing import begin_edit, subject
from payments.operations.ledger import append
from payments.operations.plan import payment_of
from portal.actor import Actor


@command
def send_invoices(
    actor: Actor, *, run: UUID, placements: Sequence[Place], credits_last: bool = False, key: UUID, now: datetime
) -> Done:
    """As `allocate`, with amounts, but for what a payment cannot take: an invoice of another currency or method goes
    to a payment that can take it, a new one where there is none; what does not fit under a planned amount stays open.

    What went where and why is in the message. With `credits_last`, credits do not make room for invoices.
    """
    draft, voided = begin_edit(actor, run, now)
    payments = lock_payments(draft)
    by_code = {payment.code: payment for payment in payments}
    found = lock_chosen(actor, draft, [place.invoice for place in placements])
    invoices = {invoice.id: invoice for invoice in found.values()}
    facts = [payment_facts(payment) for payment in payments]
    stands = standing(payments, list(invoices))
    asked = [
        Placement(
            (by_code.get(place.payment) or payment_of(payments, place.payment)).pk,
            found[place.invoice].id,
            place.amount,
            place.percent,
        )
        for place in placements
    ]
    diverted = divert(invoices, facts, stands, asked, method_rules())
    opened = _open(actor, draft, diverted)
    payments += opened.values()
    moved = [replace(each, payment_id=_real(each.payment_id, opened)) for each in diverted.placements]
    facts = [payment_facts(payment) for payment in payments]
    kept, full = fitting(invoices, facts, stands, moved, credits_last=credits_last)
    verdict = check(invoices, {each.id: each for each in facts}, stands, kept)
    refuse_any(verdict.refusals)
    append(verdict.moves, reason="", by=actor.user_id, now=now)
    said = _in_words(verdict, payments, [*diverted.diversions, *full], opened) + voided
    detail = {"invoices": len(verdict.moves), "payments opened": [payment.position for payment in opened.values()]}
    return Done(said, "invoices sent", subject(draft), str(draft.code), detail)


def _open(actor: Actor, draft: PayRun, diverted: Diverted) -> dict[int, Payment]:
    """The payments that diverting asks for, by their ids there."""
    return {
        wanted.id: Payment.objects.create(
            code=uuid4(),
            run=draft,
            customer_id=actor.customer_id,
            position=wanted.position,
            method=wanted.method,
            currency=wanted.currency,
            value_on=wanted.value_on,
        )
        for wanted in diverted.opened
    }


def _real(payment_id: int, opened: Mapping[int, Payment]) -> int:
    return opened[payment_id].pk if payment_id < 0 else payment_id


def _in_words(
    verdict: Verdict, payments: Iterable[Payment], diversions: Sequence[Diversion], opened: Mapping[int, Payment]
) -> str:
    """Counts by payment, then what did not go where it was sent."""
    by_id = {payment.pk: payment for payment in payments}
    counts = Counter(by_id[move.payment_id].position for move in verdict.moves)
    said = [f"{count} placed on payment {at}." for at, count in sorted(counts.items())]
    said += [_diversion(each, by_id, opened) for each in diversions]
    return " ".join(said) or "Nothing changed."


def _diversion(each: Diversion, by_id: Mapping[int, Payment], opened: Mapping[int, Payment]) -> str:
    if each.payment_id is None:
        return f"{each.count} not placed, as no payment is left that can take them: {each.why}."
    payment = opened.get(each.payment_id) or by_id[each.payment_id]
    if each.why.startswith("cap of"):
        return f"{each.count} not wholly placed: {each.why}."
    new = "the new payment" if each.payment_id in opened else "payment"
    return f"{each.count} went to {new} {payment.position} ({payment.get_method_display()}): {each.why}."
