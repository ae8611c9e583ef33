"""A disputed bill was corrected: the dispute goes on about the new revision, as far as that leaves something open. What
it does not was credited by the correction itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from billing_sources.models import Invoice
from payments.domain.dispute import DisputeMove
from payments.models import Dispute
from payments.operations.dispute_ledger import PORTAL, append
from payments.operations.dispute_steps import take_step
from portal.money import format_amount


def carry_disputes(old: Invoice, new: Invoice, room: Decimal, what_happened: str, now: datetime) -> None:
    """`room` is what is open of the new revision. The caller holds both, and lets the new one take its place next."""
    disputes = Dispute.objects.select_for_update(no_key=True).filter(invoice=old, standing__gt=0).order_by("pk")
    for dispute in disputes:
        kept = min(dispute.standing, max(room, Decimal(0)))
        room -= kept
        append(_moves(dispute, kept, new), reason=f"revision {new.revision} of the bill", by=None, now=now)
        step = f"{what_happened} {_outcome(dispute, kept)}"
        take_step(dispute, dispute.state if kept else "settled", PORTAL, step=step, now=now)


def _moves(dispute: Dispute, kept: Decimal, new: Invoice) -> list[DisputeMove]:
    gone = dispute.standing - kept
    promised = dispute.credited - dispute.settled
    moves = []
    if gone > promised:
        moves.append(DisputeMove("credited", dispute.pk, dispute.invoice_id, gone - promised))
    if gone:
        moves.append(DisputeMove("settled", dispute.pk, dispute.invoice_id, gone))
    if kept:
        moves.append(DisputeMove("lifted", dispute.pk, dispute.invoice_id, kept))
        moves.append(DisputeMove("carried", dispute.pk, new.pk, kept))
    return moves


def _outcome(dispute: Dispute, kept: Decimal) -> str:
    def money(amount: Decimal) -> str:
        return f"{format_amount(amount, dispute.currency)} {dispute.currency}"

    gone = dispute.standing - kept
    if not gone:
        return f"{money(kept)} is disputed as before."
    if not kept:
        return f"With it the disputed {money(gone)} is credited."
    return f"With it {money(gone)} of what was disputed is credited; {money(kept)} goes on being disputed."
