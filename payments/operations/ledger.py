"""Append events to the ledger of allocations; the database moves the counters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from payments.domain.allocation import Move

FREEING_FIRST: Final = ("released", "reversed", "settled", "held", "carried")

_APPEND: Final = """
    INSERT INTO payments_allocationevent
        (customer_id, payment_id, invoice_id, credit_id, currency, kind, amount, reason, by_id, at)
    SELECT p.customer_id, p.id, CASE WHEN moved.claim > 0 THEN moved.claim END,
           CASE WHEN moved.claim < 0 THEN -moved.claim END, p.currency, moved.kind, moved.amount, %s, %s, %s
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::numeric[]) WITH ORDINALITY
        AS moved (kind, payment_id, claim, amount, place)
    JOIN payments_payment p ON p.id = moved.payment_id ORDER BY moved.place
"""


def append(moves: Sequence[Move], *, reason: str, by: int | None, now: datetime) -> None:
    """One statement for all moves, so that the database judges what they come to together: a credit may leave a full
    payment with the invoice that it paid. `by` is a user, or None for the carrier's jobs.

    Customer and currency are those of the payment; an invoice of others is refused by the database. The caller holds
    the payments and the invoices.
    """
    if not moves:
        return
    in_order = sorted(moves, key=lambda move: FREEING_FIRST.index(move.kind))
    rows = ((move.kind, move.payment_id, move.invoice_id, move.amount) for move in in_order)
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [reason[:120], by, now, *map(list, zip(*rows, strict=True))])
