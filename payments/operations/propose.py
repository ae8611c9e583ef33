"""Keep a proposal for a pay run, and accept it, or the rows of it that were chosen. Its facts are its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

import msgspec

from payments.commands import Done, command
from payments.domain.allocation import (
    LARGEST,
    InvoiceFacts,
    Move,
    Placement,
    as_if_off,
    check,
    moves_between,
)
from payments.domain.lifecycle import EDITABLE
from payments.domain.proposing.changes import changed
from payments.domain.proposing.engine import ENGINE, propose
from payments.domain.proposing.inputs import Cap, Inputs, Rules, canonical, read_inputs, sha256_of
from payments.domain.proposing.result import Placed, Result
from payments.domain.refusals import NotFound, Refusal, Refused, Rule, refuse, refuse_any
from payments.facts import lock_items, lock_payments, lock_run, payment_facts, standing
from payments.models import Payment, Proposal, ProposedPlacement
from payments.operations.allocate import detail_of, not_taken, placed_in_words
from payments.operations.choose import lock_chosen
from payments.operations.editing import begin_edit, subject
from payments.operations.ledger import append
from payments.proposals.facts import gather
from portal.actor import Actor
from portal.customers import access
from portal.money import ZERO, is_exact

Target = dict[tuple[str, int], Decimal]  # a bill's code and a payment's position, what shall stand there


@command
def make_proposal(actor: Actor, *, run: UUID, rules: Rules, key: UUID, now: datetime) -> Done:
    """What the rules make of the run as it stands now. Nothing is placed yet. `Done.code` is the proposal's."""
    held = lock_run(actor, run)
    if held.state not in EDITABLE:
        raise refuse(Rule.RUN_IS_FROZEN, f"Pay run {held.number} is {held.state} and cannot be changed.")
    refuse_any(_why_not(rules))
    payments = lock_payments(held)
    items = lock_items(held)
    if not payments or not items:
        raise refuse(Rule.NO_PAYMENT, "A proposal needs invoices, and at least one payment to place them on.")
    access.require(actor, "prepare", {item.account_id for item in items})
    inputs = gather(held, payments, rules)
    result = propose(inputs)
    made = Proposal.objects.create(
        code=uuid4(),
        customer_id=actor.customer_id,
        run=held,
        engine=ENGINE,
        inputs=(text := canonical(inputs)),
        inputs_sha256=sha256_of(text),
        result=(answer := canonical(result)),
        result_sha256=sha256_of(answer),
        made_by_id=actor.user_id,
        made_at=now,
    )
    message = f"{len({each.code for each in result.placed})} of {len(items)} would be placed. Nothing is changed yet."
    detail = {"proposal": str(made.code), "result": made.result_sha256}
    return Done(message, "placements proposed", subject(held), str(made.code), detail)


@command
def accept_proposal(
    actor: Actor, *, proposal: UUID, invoices: Sequence[UUID] | None = None, key: UUID, now: datetime
) -> Done:
    """Bring about what it says, of these invoices or (None) of all: everything or nothing, and only as long as the run
    is as it was when it was made."""
    kept = Proposal.objects.select_related("run").filter(code=proposal, customer_id=actor.customer_id).first()
    if kept is None:
        raise NotFound("proposal")
    draft, voided = begin_edit(actor, kept.run.code, now)
    payments = lock_payments(draft)
    lock_items(draft)
    before, result = read_inputs(kept.inputs), msgspec.json.decode(kept.result, type=Result)
    _refuse_moved(before, gather(draft, payments, before.rules))
    target = _target(before, result, invoices)
    found = lock_chosen(actor, draft, sorted({UUID(code) for code, _ in target}))
    moves = _judged(found, payments, target)
    append(moves, reason="proposed", by=actor.user_id, now=now)
    accepted = [each for each in result.placed if (each.code, each.position) in target]
    places = {payment.position: payment for payment in payments}
    claims = {str(code): invoice.id for code, invoice in found.items()}
    ProposedPlacement.objects.bulk_create(
        _reason(kept, each, places[each.position], claims[each.code], by=actor.user_id, at=now) for each in accepted
    )
    message = f"Proposal accepted. {_in_words(moves, payments)}{voided}"
    detail = {"proposal": str(kept.code), **detail_of(moves, payments, found.values())}
    return Done(message, "proposal accepted", subject(draft), str(draft.code), detail)


def _why_not(rules: Rules) -> list[Refusal]:
    """Amounts that no payment can carry; what else there is to choose is a closed list."""
    words = "A cap is an amount above zero that its currency can pay."
    wrong = [cap for cap in rules.caps if not _can_be_paid(cap)]
    return [Refusal(Rule.NOT_POSITIVE, words)] if wrong else []


def _can_be_paid(cap: Cap) -> bool:
    return cap.amount.is_finite() and 0 < cap.amount < LARGEST and is_exact(cap.amount, cap.currency)


def _refuse_moved(before: Inputs, now: Inputs) -> None:
    words = changed(before, now)
    if words or canonical(before) != canonical(now):
        said = "The run has changed since this was proposed. Nothing of it was done: propose again."
        raise Refused(*(Refusal(Rule.CHANGED_SINCE, each) for each in (said, *words)))


def _target(inputs: Inputs, result: Result, chosen: Sequence[UUID] | None) -> Target:
    """What shall stand where of the chosen bills; zero where what stands comes off."""
    known = {bill.code for bill in inputs.bills}
    wanted = known if chosen is None else {str(code) for code in chosen}
    if not wanted <= known:
        raise NotFound("invoice")
    target: Target = {}
    for bill in inputs.bills if inputs.rules.is_anew else ():
        if bill.code in wanted and not bill.fixed:
            target |= {(bill.code, position): ZERO for position, _ in bill.stands}
    target |= {(each.code, each.position): each.amount for each in result.placed if each.code in wanted}
    if not target:
        raise refuse(Rule.EMPTY, "Nothing of these is proposed: choose rows that would change.")
    return target


def _judged(found: Mapping[UUID, InvoiceFacts], payments: Sequence[Payment], target: Target) -> list[Move]:
    """The events that bring the target about, if `allocate` would place it; raises `Refused`."""
    invoices = {invoice.id: invoice for invoice in found.values()}
    facts = {payment.pk: payment_facts(payment) for payment in payments}
    by_position = {payment.position: payment.pk for payment in payments}
    before = standing(payments, list(invoices))
    after = {(by_position[at], found[UUID(code)].id): amount for (code, at), amount in target.items()}
    anew = {pair: amount for pair, amount in after.items() if amount != before.get(pair, ZERO)}
    freed = as_if_off(invoices, facts, before, anew.keys() & before.keys())
    verdict = check(*freed, [Placement(*pair, amount) for pair, amount in anew.items() if amount])
    moves = moves_between(before, anew)
    refuse_any([*verdict.refusals, *not_taken(moves, invoices, facts)])
    return moves


def _reason(
    proposal: Proposal, placed: Placed, payment: Payment, claim: int, *, by: int, at: datetime
) -> ProposedPlacement:
    return ProposedPlacement(
        customer_id=proposal.customer_id,
        proposal=proposal,
        payment=payment,
        invoice_id=claim if claim > 0 else None,
        credit_id=-claim if claim < 0 else None,
        currency=payment.currency,
        amount=placed.amount,
        why=placed.why,
        accepted_by_id=by,
        accepted_at=at,
    )


def _in_words(moves: Sequence[Move], payments: Sequence[Payment]) -> str:
    held = [move for move in moves if move.kind == "held"]
    less = f" {len(moves) - len(held)} taken off or lowered." if len(held) < len(moves) else ""
    return placed_in_words(held, payments) + less
