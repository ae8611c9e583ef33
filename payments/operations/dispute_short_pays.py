"""A released run disputes what it short-pays: with disputes that stand already, or with new ones (I20)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from payments.domain.reasons import DISPUTING
from payments.models import Dispute, DisputeMessage, PayRun, ShortPay, ShortPayDispute
from payments.operations.dispute_ledger import Opening, Speaker, open_all
from portal.actor import Actor

_DISPUTING = [reason.key for reason in DISPUTING]


def dispute_short_pays(actor: Actor, run: PayRun, now: datetime) -> int:
    """How many disputes were opened. The caller holds the run and its invoices."""
    short_pays = list(ShortPay.objects.filter(run=run).select_related("invoice").order_by("invoice"))
    standing = _standing(short_pays)
    links: list[ShortPayDispute] = []
    openings: list[Opening] = []
    for short in short_pays:
        left = short.amount
        for dispute, stands in standing[short.invoice_id]:
            if left and (met := min(left, stands)):
                links.append(_link(short, dispute, met))
                left -= met
        if left and short.reason in _DISPUTING:
            openings.append(_opening(short, left))
    links += _opened(actor, run, openings, {short.invoice_id: short for short in short_pays}, now)
    ShortPayDispute.objects.bulk_create(links)
    return len(openings)


def _standing(short_pays: Sequence[ShortPay]) -> dict[int, list[tuple[Dispute, Decimal]]]:
    found: dict[int, list[tuple[Dispute, Decimal]]] = defaultdict(list)
    disputes = Dispute.objects.filter(invoice_id__in=[short.invoice_id for short in short_pays], standing__gt=0)
    for dispute in disputes.select_for_update(no_key=True).order_by("pk"):
        found[dispute.invoice_id].append((dispute, dispute.standing))
    return found


def _opened(
    actor: Actor, run: PayRun, openings: Sequence[Opening], by_invoice: dict[int, ShortPay], now: datetime
) -> list[ShortPayDispute]:
    if not openings:
        return []
    speaker = Speaker(DisputeMessage.Side.CUSTOMER, actor.user_id, actor.name)
    disputes = open_all(openings, step=f"Opened: short-paid in pay run {run.number}", speaker=speaker, now=now)
    return [
        _link(by_invoice[dispute.invoice_id], dispute, opening.amount)
        for dispute, opening in zip(disputes, openings, strict=True)
    ]


def _opening(short: ShortPay, amount: Decimal) -> Opening:
    return Opening(
        customer_id=short.customer_id,
        invoice_id=short.invoice_id,
        currency=short.invoice.currency,
        amount=amount,
        reason=short.reason,
        note=short.note,
        opened_by_id=short.stated_by_id,
        run_id=short.run_id,
    )


def _link(short: ShortPay, dispute: Dispute, amount: Decimal) -> ShortPayDispute:
    return ShortPayDispute(
        run_id=short.run_id,
        customer_id=short.customer_id,
        invoice_id=short.invoice_id,
        dispute=dispute,
        amount=amount,
    )
