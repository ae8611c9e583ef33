"""What the carrier's desk does in a dispute: takes it, asks, answers, splits, proposes a credit, decides, settles.

The customer sees each step at once. Every step says which version of the dispute its page showed: of two people at
once the second is refused with what the first did, and a form that is sent twice does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing_sources.models import Invoice
from payments.domain.dispute import (
    DECIDED,
    OPEN,
    DisputeMove,
    number_of,
    why_not_credit,
    why_not_split,
)
from payments.domain.refusals import NotFound, Rule, refuse, refuse_any
from payments.models import Dispute, DisputeMessage, PayRun
from payments.operations.dispute_ledger import (
    Evidence,
    Opening,
    Speaker,
    append,
    insert_disputes,
    message,
    refresh_short_pays,
)
from payments.operations.dispute_steps import check_seen, check_words, runs_in_preparation, take_step, undecided
from payments.operations.editing import back_to_draft, subject
from portal.actor import CarrierActor
from portal.audit.record import record
from portal.money import ZERO, format_amount
from portal.tenancy import carrier


def take_dispute(actor: CarrierActor, *, dispute: UUID, seen: int, now: datetime) -> str:
    """The actor sees to it from now on, whoever did before."""
    with _held(actor, dispute, seen) as held:
        held.owner_id = actor.user_id
        held.save(update_fields=["owner"])
        take_step(held, held.state, _speaker(actor), step="Took it on", is_internal=True, now=now)
        return _written(actor, held, "dispute taken", "It is yours now.", now)


def answer_dispute(
    actor: CarrierActor, *, dispute: UUID, words: str, evidence: Sequence[Evidence] = (), seen: int, now: datetime
) -> str:
    """Words for the customer; where a decision is out, they are no more than that."""
    with _held(actor, dispute, seen) as held:
        check_words(words, is_needed=not evidence)
        _first_answer(held, now)
        after = "answered" if held.state in OPEN else held.state
        take_step(held, after, _speaker(actor), words=words, evidence=evidence, now=now)
        return _written(actor, held, "dispute answered", "The customer sees your answer.", now)


def ask_in_dispute(actor: CarrierActor, *, dispute: UUID, words: str, seen: int, now: datetime) -> str:
    """What the customer should show; it is their turn then."""
    with _held(actor, dispute, seen) as held:
        _refuse_unless_open(held)
        check_words(words, is_needed=True)
        _first_answer(held, now)
        take_step(held, "asked", _speaker(actor), step="Asked for evidence", words=words, now=now)
        return _written(actor, held, "dispute evidence asked", "The customer is asked for it.", now)


def note_in_dispute(actor: CarrierActor, *, dispute: UUID, words: str, seen: int, now: datetime) -> str:
    """For the carrier's people alone."""
    with _held(actor, dispute, seen) as held:
        check_words(words, is_needed=True)
        take_step(held, held.state, _speaker(actor), words=words, is_internal=True, now=now)
        return _written(actor, held, "dispute noted", "Noted; the customer does not see it.", now)


def propose_credit(
    actor: CarrierActor, *, dispute: UUID, credit: Decimal, words: str = "", seen: int, now: datetime
) -> str:
    """A credit that settles the dispute if the customer agrees; the rest is owed."""
    with _held(actor, dispute, seen) as held:
        _refuse_unless_open(held)
        check_words(words, is_needed=False)
        _check_credit(held, credit)
        if not credit:
            raise refuse(Rule.NOT_POSITIVE, "A proposed credit is above zero.")
        _first_answer(held, now)
        held.proposed = credit
        held.save(update_fields=["proposed"])
        step = f"Proposed a credit of {_money(held, credit)}"
        take_step(held, "proposed", _speaker(actor), step=step, words=words, now=now)
        return _written(actor, held, "dispute credit proposed", f"{step}; the customer agrees or declines.", now)


def decide_dispute(
    actor: CarrierActor, *, dispute: UUID, credit: Decimal, words: str = "", seen: int, now: datetime
) -> str:
    """Accept `credit` of what is disputed and uphold the rest: all, part or nothing. A refusal needs words."""
    with _held_with_money(actor, dispute, seen) as held:
        _refuse_unless_open(held)
        _check_credit(held, credit)
        rest = undecided(held) - credit
        check_words(words, is_needed=bool(rest))
        _return_runs(held, f"{held} was decided: {_money(held, rest)} of {held.invoice.number} is owed.", now)
        moves = [DisputeMove("credited", held.pk, held.invoice_id, credit)] if credit else []
        moves += [DisputeMove("upheld", held.pk, held.invoice_id, rest)] if rest else []
        append(moves, reason="decided", by=actor.user_id, now=now)
        _first_answer(held, now)
        step = _decision(held, credit, rest)
        after = _after_decision(held)
        take_step(held, after, _speaker(actor), step=step, words=words, now=now)
        refresh_short_pays([held.invoice_id], now)
        return _written(actor, held, "dispute decided", f"{step}.", now)


def split_dispute(
    actor: CarrierActor, *, dispute: UUID, parts: Sequence[Decimal], words: str = "", seen: int, now: datetime
) -> str:
    """Each part becomes a dispute of its own, to be decided by itself; this one keeps the rest."""
    with _held_with_money(actor, dispute, seen) as held:
        _refuse_unless_open(held)
        check_words(words, is_needed=False)
        refuse_any(filter(None, [why_not_split(parts, undecided(held), held.currency)]))
        _return_runs(held, f"{held} was split; what is disputed is the same.", now)
        speaker = _speaker(actor)
        made = insert_disputes([_part_of(held, amount) for amount in parts], now)
        moves = [DisputeMove("reduced", held.pk, held.invoice_id, sum(parts, ZERO))]
        moves += [
            DisputeMove("opened", each.pk, each.invoice_id, amount) for each, amount in zip(made, parts, strict=True)
        ]
        append(moves, reason="split", by=actor.user_id, now=now)
        for each in made:
            message(each, speaker, step=f"Split off {held}", words=held.note, now=now).save()
        _first_answer(held, now)
        named = ", ".join(f"{each} ({_money(each, amount)})" for each, amount in zip(made, parts, strict=True))
        after = "answered" if held.state != "answered" else held.state
        take_step(held, after, speaker, step=f"Split off {named}", words=words, now=now)
        refresh_short_pays([held.invoice_id], now)
        return _written(actor, held, "dispute split", f"Split off {named}.", now)


def settle_dispute(
    actor: CarrierActor, *, dispute: UUID, credit_note: str, words: str = "", seen: int, now: datetime
) -> str:
    """The promised credit came with this bill: a credit note, or the corrected bill itself."""
    with _held_with_money(actor, dispute, seen) as held:
        if held.state != DECIDED:
            raise refuse(Rule.CHANGED_SINCE, f"{held} waits for no credit note.")
        check_words(words, is_needed=False)
        note = _credit_note(held, credit_note)
        _return_runs(held, f"{held} is settled by {note.number}; what it kept back is owed less the credit.", now)
        settle(held, note, _speaker(actor), words, now)
        return _written(actor, held, "dispute settled", f"{held} is settled by {note.number}.", now)


# --- Also what the night does (meet_credit_notes.py) --------------------------------------------------------------


def settle(held: Dispute, note: Invoice, speaker: Speaker, words: str, now: datetime) -> None:
    """The credit note is here. The caller holds the invoice and the decided dispute."""
    held.credit_note = note
    held.save(update_fields=["credit_note"])
    append(
        [DisputeMove("settled", held.pk, held.invoice_id, held.standing)],
        reason=f"credit note {note.number}",
        by=speaker.user_id,
        now=now,
    )
    step = f"Credit note {note.number} settles {_money(held, held.standing)}"
    take_step(held, "settled", speaker, step=step, words=words, now=now)
    refresh_short_pays([held.invoice_id], now)


def return_runs(invoice_id: int, reason: str, now: datetime) -> None:
    """Runs in preparation that short-pay what is disputed are drafts again. The caller holds them."""
    for run in PayRun.objects.filter(pk__in=[pk for pk, _ in runs_in_preparation(invoice_id)]).order_by("pk"):
        if run.state != PayRun.State.DRAFT:
            back_to_draft(run, reason)
            record(None, "run met a dispute", subject(run), {"reason": reason}, now=now, customer_id=run.customer_id)


def hold_runs(invoice_id: int) -> None:
    """Lock them before the invoice, as everything else does."""
    ids = [pk for pk, _ in runs_in_preparation(invoice_id)]
    list(PayRun.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


# --- Holding ------------------------------------------------------------------------------------------------------


@contextmanager
def _held(actor: CarrierActor, code: UUID, seen: int) -> Iterator[Dispute]:
    with carrier(actor.user_id):
        found = Dispute.objects.select_for_update(no_key=True, of=("self",)).select_related("invoice")
        held = found.filter(code=code).first()
        if held is None:
            raise NotFound("dispute")
        check_seen(held, seen)
        yield held


@contextmanager
def _held_with_money(actor: CarrierActor, code: UUID, seen: int) -> Iterator[Dispute]:
    """Runs, the invoice, the dispute: the order that everybody locks in."""
    with carrier(actor.user_id):
        invoice_id = Dispute.objects.filter(code=code).values_list("invoice_id", flat=True).first()
        if invoice_id is None:
            raise NotFound("dispute")
        hold_runs(invoice_id)
        Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)
        with _held(actor, code, seen) as held:
            if held.invoice_id != invoice_id:
                raise refuse(Rule.BUSY, f"The bill of {held} was just revised; please try again.")
            yield held


def _refuse_unless_open(held: Dispute) -> None:
    if held.state not in OPEN:
        raise refuse(Rule.CHANGED_SINCE, f"{held} is {held.state} already.")


def _return_runs(held: Dispute, reason: str, now: datetime) -> None:
    return_runs(held.invoice_id, reason, now)


# --- Words and figures --------------------------------------------------------------------------------------------


def _check_credit(held: Dispute, credit: Decimal) -> None:
    refuse_any(filter(None, [why_not_credit(credit, undecided(held), held.currency)]))


def _after_decision(held: Dispute) -> str:
    """A promised credit is awaited; where none is, the dispute is over."""
    held.refresh_from_db()
    if held.standing:
        return DECIDED
    return "settled" if held.credited else "upheld"


def _decision(held: Dispute, credit: Decimal, rest: Decimal) -> str:
    if not rest:
        return f"Accepted: {_money(held, credit)} will be credited"
    if not credit:
        return f"Refused: {_money(held, rest)} is owed"
    return f"Accepted in part: {_money(held, credit)} will be credited, {_money(held, rest)} is owed"


def _part_of(held: Dispute, amount: Decimal) -> Opening:
    return Opening(
        customer_id=held.customer_id,
        invoice_id=held.invoice_id,
        currency=held.currency,
        amount=amount,
        reason=held.reason,
        note=held.note,
        opened_by_id=held.opened_by_id,
        run_id=held.run_id,
        split_from=held,
    )


def _credit_note(held: Dispute, number: str) -> Invoice:
    """The customer's credit note of this number, or the disputed bill itself where a correction credited it."""
    same = {"customer_id": held.customer_id, "currency": held.currency, "is_current": True}
    found = Invoice.objects.filter(number=number.strip(), state=Invoice.State.PUBLISHED, **same).order_by("-pk")
    for bill in found:
        if bill.payable < 0 or (bill.pk == held.invoice_id and bill.revision > 1):
            return bill
    raise refuse(Rule.NOT_FOUND, "This customer has no credit note of that number in this currency.")


def _first_answer(held: Dispute, now: datetime) -> None:
    if held.answered_at is None:
        held.answered_at = now
        held.save(update_fields=["answered_at"])


def _speaker(actor: CarrierActor) -> Speaker:
    return Speaker(DisputeMessage.Side.CARRIER, actor.user_id, actor.name)


def _money(held: Dispute, amount: Decimal) -> str:
    return f"{format_amount(amount, held.currency)} {held.currency}"


def _written(actor: CarrierActor, held: Dispute, verb: str, words: str, now: datetime) -> str:
    detail = {"state": held.state, "words": words}
    record(actor, verb, f"dispute {number_of(held.number)}", detail, now=now, customer_id=held.customer_id)
    return words
