"""What groups and tags hold, for all of them in one statement. Called inside `acting(actor)`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing_sources.models import Invoice
from payments.groups.membership import asked
from payments.groups.rules import Condition
from payments.invoices.queries import visible_to
from portal.actor import Actor
from portal.money import format_amount

_HELD: Final = """
    SELECT held.holder, i.currency, count(*), sum(i.payable), sum(i.open)
    FROM ({pairs}) AS held (holder, invoice_id)
    JOIN billing_sources_invoice i ON i.id = held.invoice_id
    WHERE i.id IN ({visible}) GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Held:
    """What something holds of one currency."""

    currency: str
    count: int
    billed: Decimal
    open: Decimal


def held_by(actor: Actor, pairs: Condition) -> dict[int, list[Held]]:
    """Holder → what it holds of what the actor may see. `pairs` selects (holder, invoice id), each once."""
    visible, seen = Invoice.objects.filter(visible_to(actor)).values("pk").query.sql_with_params()
    held: dict[int, list[Held]] = defaultdict(list)
    for holder, *rest in asked(_HELD.format(pairs=pairs[0], visible=visible), (*pairs[1], *seen)):
        held[holder].append(Held(*rest))
    return held


def count_of(held: Iterable[Held]) -> str:
    return f"{sum(each.count for each in held):,}"


def open_of(held: Iterable[Held]) -> tuple[str, ...]:
    """A text a currency, such as "USD 1,234.56"."""
    return tuple(f"{each.currency} {format_amount(each.open, each.currency)}" for each in held)
