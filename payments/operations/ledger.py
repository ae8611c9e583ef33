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
        (customer_id, payment_id, invoice_id, currency, kind, amount, reason, by_id, at)
    SELECT p.customer_id, p.id, moved.invoice_id, p.currency, %s, moved.amount, %s, %s, %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[]) AS moved (payment_id, invoice_id, amount)
    JOIN payments_payment p ON p.id = moved.payment_id
"""


def append(moves: Sequence[Move], *, reason: str, by: int | None, now: datetime) -> None:
    """One statement for all moves of a kind, what frees money first. `by` is a user, or None for the carrier's jobs.

    Customer and currency are those of the payment; an invoice of others is refused by the database. The caller holds
    the payments and the invoices.
    """
    for kind in FREEING_FIRST:
        chosen = [move for move in moves if move.kind == kind]
        if not chosen:
            continue
        columns = zip(*((move.payment_id, move.invoice_id, move.amount) for move in chosen), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_APPEND, [kind, reason[:120], by, now, *map(list, columns)])
