"""A paste, and the invoices that its numbers call: one statement for all of them, however many.

Called inside `acting(actor)`; row security shows a person their own pastes alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from payments.domain.pasting.columns import Layout
from payments.domain.pasting.rows import Decision, Reading, Row, read_rows
from payments.domain.pasting.table import Table, read_table
from payments.domain.pasting.verdicts import Candidate, Judged, RunSeen, judge
from payments.models import Paste
from portal.actor import Actor
from portal.customers import access

_CALLED: Final = "SELECT * FROM invoices_called(%s)"
MOST_SHOWN: Final = 20
_ACCOUNT: Final = 3  # where the account stands among the facts


@dataclass(frozen=True)
class Matched:
    """A paste as it stands at this moment: what was pasted, how it is read, and the verdict on each row."""

    paste: Paste
    table: Table
    layout: Layout
    reading: Reading
    judged: Sequence[Judged]


def get_paste_for(actor: Actor, code: UUID) -> Paste | None:
    pastes = Paste.objects.filter(code=code, customer_id=actor.customer_id, user_id=actor.user_id)
    return pastes.select_related("run").first()


def pastes_of(actor: Actor) -> list[Paste]:
    """What the actor pasted, newest first, without the texts."""
    own = Paste.objects.filter(customer_id=actor.customer_id, user_id=actor.user_id)
    return list(own.select_related("run").defer("text", "decisions", "listed").order_by("-changed_at")[:MOST_SHOWN])


def matched(actor: Actor, paste: Paste) -> Matched:
    """Raises nothing: what was kept could be read when it came."""
    table = read_table(paste.text)
    layout, decisions = layout_of(paste), decisions_of(paste)
    reading = read_rows(table, layout, decisions)
    return Matched(paste, table, layout, reading, judge(reading.rows, called(actor, reading.rows)))


def layout_of(paste: Paste) -> Layout:
    return msgspec.convert(paste.layout, Layout)


def decisions_of(paste: Paste) -> dict[int, Decision]:
    return msgspec.convert(paste.decisions, dict[int, Decision], strict=False)


def called(actor: Actor, rows: Iterable[Row]) -> Mapping[str, Sequence[Candidate]]:
    """The customer's invoices by each of the numbers, those out of the actor's sight marked as such."""
    numbers = list(dict.fromkeys(row.number for row in rows if row.number and not row.decided.is_dropped))
    reach = access.scope(actor, "see")
    found: dict[str, list[Candidate]] = defaultdict(list)
    if not numbers:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [numbers])
        for at, *facts in cursor.fetchall():
            found[numbers[at - 1]].append(_candidate(facts, reach))
    return found


def _candidate(facts: list[Any], reach: access.AccountScope) -> Candidate:
    """In the order in which the statement names the facts."""
    *plain, earlier, runs, replaced_by = facts
    seen = tuple(RunSeen(UUID(code), number, state) for code, number, state in msgspec.json.decode(runs or "[]"))
    names = (*plain, tuple(earlier or ()), seen, replaced_by or "", plain[_ACCOUNT] in reach)
    return Candidate(*names)
