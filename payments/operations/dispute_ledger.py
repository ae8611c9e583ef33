"""What every step of a dispute is made of: events for the ledger, words in the conversation, and the short pays of
runs in preparation that repeat what is disputed. The caller holds the runs, the invoices and the disputes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from django.db import connection

from payments.dispute_clock import promise
from payments.domain.dispute import DisputeMove
from payments.models import Dispute, DisputeCharge, DisputeFile, DisputeMessage

_APPEND: Final = """
    INSERT INTO payments_disputeevent (customer_id, dispute_id, invoice_id, currency, kind, amount, reason, by_id, at)
    SELECT d.customer_id, d.id, moved.invoice_id, d.currency, moved.kind, moved.amount, %s, %s, %s
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::numeric[]) AS moved (kind, dispute_id, invoice_id, amount)
    JOIN payments_dispute d ON d.id = moved.dispute_id
"""

# Disputed and chosen for a run in preparation: short-paid there, without anybody typing it again. What somebody stated
# by hand stays, unless it is less than what is disputed.
_FILL_IN: Final = """
    INSERT INTO payments_shortpay
        (run_id, customer_id, invoice_id, amount, reason, note, stated_by_id, stated_at, is_filled_in)
    SELECT r.id, r.customer_id, i.id, i.disputed, d.reason, d.note, d.opened_by_id, %(now)s, true
    FROM payments_payrunitem t
    JOIN payments_payrun r ON r.id = t.run_id AND r.state = 'draft'
    JOIN billing_sources_invoice i ON i.id = t.invoice_id AND i.disputed > 0
    JOIN LATERAL (
        SELECT (array_agg(reason ORDER BY standing DESC, id))[1] AS reason,
               (array_agg(opened_by_id ORDER BY standing DESC, id))[1] AS opened_by_id,
               left(string_agg('D-' || number, ', ' ORDER BY number), 200) AS note
        FROM payments_dispute WHERE invoice_id = i.id AND standing > 0) d ON true
    WHERE t.invoice_id = ANY(%(invoices)s)
    ON CONFLICT (run_id, invoice_id) DO UPDATE
        SET amount = EXCLUDED.amount, reason = EXCLUDED.reason, note = EXCLUDED.note,
            stated_by_id = EXCLUDED.stated_by_id, stated_at = EXCLUDED.stated_at, is_filled_in = true
        WHERE (payments_shortpay.is_filled_in
               AND (payments_shortpay.amount, payments_shortpay.note) <> (EXCLUDED.amount, EXCLUDED.note))
           OR payments_shortpay.amount < EXCLUDED.amount
"""
_TAKE_BACK: Final = """
    DELETE FROM payments_shortpay s USING payments_payrun r, billing_sources_invoice i
    WHERE r.id = s.run_id AND r.state = 'draft' AND i.id = s.invoice_id AND i.disputed = 0
      AND s.is_filled_in AND s.invoice_id = ANY(%(invoices)s)
"""


@dataclass(frozen=True)
class Speaker:
    """Whose words: `side` is of DisputeMessage.Side; the carrier's jobs have no user."""

    side: str
    user_id: int | None
    name: str


PORTAL: Final = Speaker(DisputeMessage.Side.PORTAL, None, "Tributary")


@dataclass(frozen=True)
class Evidence:
    """A file whose bytes are kept already; `name` is for people only."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ChargePart:
    """What is disputed of one charge."""

    position: int
    description: str
    charged: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Opening:
    """A dispute about to be opened."""

    customer_id: int
    invoice_id: int
    currency: str
    amount: Decimal
    reason: str
    note: str
    opened_by_id: int
    charges: Sequence[ChargePart] = ()
    run_id: int | None = None
    split_from: Dispute | None = None


def append(moves: Sequence[DisputeMove], *, reason: str, by: int | None, now: datetime) -> None:
    """One statement: the database judges and counts all of them together."""
    if not moves:
        return
    columns = zip(*((m.kind, m.dispute_id, m.invoice_id, m.amount) for m in moves), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [reason[:120], by, now, *map(list, columns)])


def insert_disputes(openings: Sequence[Opening], now: datetime) -> list[Dispute]:
    """Opened and still empty; numbers rise and may have gaps. Their first events are the caller's to append."""
    promised = promise()
    disputes = [
        Dispute(
            code=uuid4(),
            customer_id=each.customer_id,
            number=number,
            invoice_id=each.invoice_id,
            currency=each.currency,
            reason=each.reason,
            note=each.note,
            opened_by_id=each.opened_by_id,
            opened_at=each.split_from.opened_at if each.split_from else now,
            answer_due_on=each.split_from.answer_due_on if each.split_from else promised.answer_due_on(now),
            resolve_due_on=each.split_from.resolve_due_on if each.split_from else promised.resolve_due_on(now),
            answered_at=now if each.split_from else None,
            changed_at=now,
            run_id=each.run_id,
            split_from=each.split_from,
        )
        for number, each in zip(_numbers(len(openings)), openings, strict=True)
    ]
    Dispute.objects.bulk_create(disputes)
    DisputeCharge.objects.bulk_create(
        DisputeCharge(
            dispute=dispute,
            customer_id=dispute.customer_id,
            invoice_id=dispute.invoice_id,
            position=part.position,
            description=part.description[:200],
            charged=part.charged,
            amount=part.amount,
        )
        for dispute, each in zip(disputes, openings, strict=True)
        for part in each.charges
    )
    return disputes


def open_all(openings: Sequence[Opening], *, step: str, speaker: Speaker, now: datetime) -> list[Dispute]:
    """Disputes with their amounts, and the first lines of their conversations."""
    disputes = insert_disputes(openings, now)
    moves = [
        DisputeMove("opened", dispute.pk, dispute.invoice_id, each.amount)
        for dispute, each in zip(disputes, openings, strict=True)
    ]
    append(moves, reason=step, by=speaker.user_id, now=now)
    messages = [message(dispute, speaker, step=step, words=dispute.note, now=now) for dispute in disputes]
    DisputeMessage.objects.bulk_create(messages)
    return disputes


def message(
    dispute: Dispute, speaker: Speaker, *, step: str, words: str, now: datetime, is_internal: bool = False
) -> DisputeMessage:
    """A line of the conversation, not saved yet."""
    return DisputeMessage(
        dispute=dispute,
        customer_id=dispute.customer_id,
        version=dispute.version,
        side=speaker.side,
        name=speaker.name[:120],
        step=step[:200],
        words=words,
        is_internal=is_internal,
        by_id=speaker.user_id,
        at=now,
    )


def attach(said: DisputeMessage, evidence: Sequence[Evidence]) -> None:
    """Files to a line that is saved."""
    DisputeFile.objects.bulk_create(
        DisputeFile(
            code=uuid4(),
            dispute_id=said.dispute_id,
            customer_id=said.customer_id,
            message=said,
            name=each.name,
            content_type=each.content_type,
            size=each.size,
            sha256=each.sha256,
        )
        for each in evidence
    )


def refresh_short_pays(invoice_ids: Sequence[int], now: datetime) -> None:
    """Drafts short-pay what is disputed of these invoices, and no more of it once it no longer is."""
    asked: dict[str, Any] = {"invoices": list(invoice_ids), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, asked)
        cursor.execute(_FILL_IN, asked)


def _numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_dispute_number') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]
