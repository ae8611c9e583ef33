"""The only legal moves of a pay run and of a payment. Pure.

The database holds the same two tables (migration 0010_ledger) and refuses every other move; a test compares them.
"""

from __future__ import annotations

from typing import Final

RUN_MOVES: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("draft", "submitted"),
        ("draft", "cancelled"),
        ("submitted", "draft"),
        ("submitted", "approved"),
        ("submitted", "cancelled"),
        ("approved", "draft"),
        ("approved", "released"),
        ("approved", "cancelled"),
        ("released", "closed"),
    }
)

PAYMENT_MOVES: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("planned", "released"),
        ("planned", "cancelled"),
        ("released", "sent"),
        ("sent", "accepted"),
        ("sent", "posted"),
        ("sent", "partly_posted"),
        ("sent", "rejected"),
        ("accepted", "posted"),
        ("accepted", "partly_posted"),
        ("accepted", "rejected"),
    }
)

EDITABLE: Final = frozenset({"draft", "submitted", "approved"})  # an edit takes the latter two back to draft
ANSWERED: Final = frozenset({"posted", "partly_posted", "rejected"})  # AR has said its last word on the payment
IN_FLIGHT: Final = frozenset({"released", "sent", "accepted"})  # on its way to AR, and nothing of it may be touched


def may_run_go(before: str, after: str) -> bool:
    return (before, after) in RUN_MOVES


def may_payment_go(before: str, after: str) -> bool:
    return (before, after) in PAYMENT_MOVES


def payment_outcome(*, held: bool, settled: bool, refused: bool) -> str | None:
    """What a payment became once AR judged its invoices; None while anything of it still waits for a verdict.

    `refused` says that something else was booked than what was sent.
    """
    if held:
        return None
    if not settled:
        return "rejected"
    return "partly_posted" if refused else "posted"
