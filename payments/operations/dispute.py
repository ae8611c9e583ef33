"""Dispute an invoice, single charges of it, or many invoices in one act. What is disputed is not asked for any more:
runs in preparation give it back and short-pay it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum

from billing_sources.models import Charge
from payments.commands import Done, command
from payments.domain.allocation import InvoiceFacts, Move, Pair
from payments.domain.dispute import OVER, Claim, Part, claimed, number_of, why_not_part
from payments.domain.lifecycle import EDITABLE
from payments.domain.reasons import reason as reason_of
from payments.domain.refusals import Refusal, Rule, refuse, refuse_any
from payments.facts import lock_invoices, lock_payments, standing
from payments.models import Dispute, DisputeCharge, DisputeMessage, Payment, PayRun, PayRunItem
from payments.operations.dispute_ledger import (
    ChargePart,
    Evidence,
    Opening,
    Speaker,
    attach,
    open_all,
    refresh_short_pays,
)
from payments.operations.editing import begin_edit
from payments.operations.ledger import append
from portal.actor import Actor
from portal.customers import access
from portal.money import ZERO, format_amount

LONGEST_NOTE: Final = 1000


@dataclass(frozen=True, slots=True)
class ChargeClaim:
    """A charge, by its position, and how much of it is disputed."""

    position: int
    amount: Decimal


@command
def dispute_invoice(
    actor: Actor,
    *,
    invoice: UUID,
    reason: str,
    note: str = "",
    amount: Decimal | None = None,
    charges: Sequence[ChargeClaim] = (),
    evidence: Sequence[Evidence] = (),
    key: UUID,
    now: datetime,
) -> Done:
    """Dispute the charges, or the amount, or (neither) all that can be. `Done.code` is the dispute's."""
    stated = _Statement(actor, reason, note, now)
    held = _hold(stated, [invoice])
    found = held.invoices[invoice]
    parts = _parts(found, charges)
    whole = sum((part.amount for part in parts), ZERO) if parts else amount
    (dispute,) = _open(stated, held, {invoice: Claim(whole)}, {invoice: parts})
    if evidence:
        attach(DisputeMessage.objects.get(dispute=dispute), evidence)
    disputed = format_amount(_amount_of(dispute), found.currency)
    message = f"{disputed} {found.currency} of {found.number} is disputed as {number_of(dispute.number)}.{held.voided}"
    detail = {"invoice": found.number, "reason": reason, "files": len(evidence)}
    return Done(message, "invoice disputed", f"dispute {number_of(dispute.number)}", str(dispute.code), detail)


@command
def dispute_invoices(
    actor: Actor,
    *,
    invoices: Sequence[UUID],
    reason: str,
    note: str = "",
    percent: Decimal | None = None,
    key: UUID,
    now: datetime,
) -> Done:
    """A dispute for each of them, for one reason: all that can be disputed, or a percentage of it."""
    stated = _Statement(actor, reason, note, now)
    held = _hold(stated, invoices)
    opened = _open(stated, held, dict.fromkeys(held.invoices, Claim(percent=percent)), {})
    first, last = number_of(opened[0].number), number_of(opened[-1].number)
    which = f"as {first}" if len(opened) == 1 else f"as {first} to {last}"
    message = f"{len(opened):,} invoice{'' if len(opened) == 1 else 's'} disputed {which}.{held.voided}"
    return Done(message, "invoices disputed", f"disputes {first} to {last}", "", {"disputes": len(opened)})


def check_reason(reason: str, note: str) -> None:
    """A reason for a dispute, from the closed list, and a note that fits."""
    known = reason_of(reason)
    if known is None or not known.is_disputing:
        raise refuse(Rule.UNKNOWN_REASON, "Choose a reason from the list.")
    if known.needs_note and not note.strip():
        raise refuse(Rule.TEXT, f"“{known.words}” needs a note.")
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise refuse(Rule.TEXT, f"A note has at most {LONGEST_NOTE} characters.")


@dataclass(frozen=True)
class _Statement:
    actor: Actor
    reason: str
    note: str
    now: datetime

    def __post_init__(self) -> None:
        check_reason(self.reason, self.note)


@dataclass(frozen=True)
class _Held:
    """What is locked: the runs in preparation that chose the invoices, their payments, and the invoices."""

    payments: Sequence[Payment]
    invoices: Mapping[UUID, InvoiceFacts]
    planned: Mapping[Pair, Decimal]
    voided: str

    def planned_of(self, invoice_id: int) -> Decimal:
        return sum((amount for (_, of), amount in self.planned.items() if of == invoice_id), ZERO)


def _hold(stated: _Statement, codes: Sequence[UUID]) -> _Held:
    """Runs by id, payments by id, invoices by id. A submitted run is a draft again: what it asks for changes."""
    if not codes:
        raise refuse(Rule.EMPTY, "Choose at least one invoice.")
    chosen_by = _runs_with(codes)
    begun = [begin_edit(stated.actor, code, stated.now) for code in chosen_by.values()]
    payments = [payment for run, _ in begun for payment in lock_payments(run)]
    invoices = lock_invoices(codes)
    access.require(stated.actor, "prepare", {invoice.account_id for invoice in invoices.values()})
    if not _runs_with(codes).keys() <= chosen_by.keys():
        raise refuse(Rule.BUSY, "Somebody chose one of these invoices for a pay run just now; please try again.")
    planned = standing(payments, [invoice.id for invoice in invoices.values()])
    return _Held(payments, invoices, planned, "".join(dict.fromkeys(voided for _, voided in begun)))


def _runs_with(codes: Sequence[UUID]) -> dict[int, UUID]:
    """Runs in preparation that chose one of the invoices, by id."""
    chosen = PayRunItem.objects.filter(invoice__code__in=codes).values("run")
    runs = PayRun.objects.filter(pk__in=chosen, state__in=EDITABLE).order_by("pk")
    return dict(runs.values_list("pk", "code"))


def _open(
    stated: _Statement,
    held: _Held,
    claims: Mapping[UUID, Claim],
    parts: Mapping[UUID, Sequence[ChargePart]],
) -> list[Dispute]:
    """Judge all claims, make room for them in the runs, open the disputes, and let the runs short-pay them."""
    actor, now = stated.actor, stated.now
    judged = {
        code: claimed(held.invoices[code], held.planned_of(held.invoices[code].id), claims[code]) for code in claims
    }
    refuse_any(amount for amount in judged.values() if isinstance(amount, Refusal))
    amounts = {code: amount for code, amount in judged.items() if not isinstance(amount, Refusal)}
    append(_make_room(held, amounts), reason="disputed", by=actor.user_id, now=now)
    openings = [
        Opening(
            customer_id=actor.customer_id,
            invoice_id=held.invoices[code].id,
            currency=held.invoices[code].currency,
            amount=amount,
            reason=stated.reason,
            note=stated.note.strip(),
            opened_by_id=actor.user_id,
            charges=parts.get(code, ()),
        )
        for code, amount in amounts.items()
    ]
    speaker = Speaker(DisputeMessage.Side.CUSTOMER, actor.user_id, actor.name)
    disputes = open_all(openings, step="Opened", speaker=speaker, now=now)
    refresh_short_pays([opening.invoice_id for opening in openings], now)
    return disputes


def _make_room(held: _Held, amounts: Mapping[UUID, Decimal]) -> list[Move]:
    """What is disputed comes off the runs' payments, the last one first, as far as it was placed there already."""
    moves = []
    for code, amount in amounts.items():
        invoice = held.invoices[code]
        missing = amount - invoice.asked_for
        stands = sorted((pair for pair in held.planned if pair[1] == invoice.id), reverse=True)
        for payment_id, invoice_id in stands:
            taken = min(missing, held.planned[payment_id, invoice_id])
            if taken > 0:
                moves.append(Move("released", payment_id, invoice_id, taken))
                missing -= taken
    return moves


def _parts(invoice: InvoiceFacts, claims: Sequence[ChargeClaim]) -> list[ChargePart]:
    """The charges as they are disputed; raises `Refused` with all that is wrong with them."""
    wanted = {claim.position: claim.amount for claim in claims}
    if len(wanted) != len(claims):
        raise refuse(Rule.TWICE, "A charge is named twice.")
    charges = {each.position: each for each in Charge.objects.filter(invoice_id=invoice.id, position__in=wanted)}
    if charges.keys() != wanted.keys():
        raise refuse(Rule.NOT_FOUND, f"{invoice.number} has no such charge.")
    known = _disputed_already(invoice.id)
    parts = [
        Part(at, charges[at].description or charges[at].source_term, charges[at].amount, known.get(at, ZERO), amount)
        for at, amount in sorted(wanted.items())
    ]
    refuse_any(refusal for part in parts if (refusal := why_not_part(part, invoice.currency)))
    return [ChargePart(part.position, part.description, part.charged, part.amount) for part in parts]


def _disputed_already(invoice_id: int) -> dict[int, Decimal]:
    live = DisputeCharge.objects.filter(invoice_id=invoice_id).exclude(dispute__state__in=OVER)
    return dict(live.values_list("position").annotate(amount=Sum("amount")))


def _amount_of(dispute: Dispute) -> Decimal:
    amount: Decimal = Dispute.objects.values_list("amount", flat=True).get(pk=dispute.pk)
    return amount
