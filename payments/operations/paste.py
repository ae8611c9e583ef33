"""Paste rows of a spreadsheet, say which column is what, and decide about single rows.

What is pasted is kept as it came; its meaning is worked out anew whenever it is looked at (payments.matching).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.commands import Done, command
from payments.domain.pasting.amounts import Way
from payments.domain.pasting.columns import Kind, Layout, recognise
from payments.domain.pasting.rows import AS_PASTED, LONGEST_AMOUNT, LONGEST_NUMBER, Decision, read_rows
from payments.domain.pasting.table import TooMuch, read_table
from payments.domain.refusals import NotFound, Rule, refuse
from payments.models import Paste, PayRun
from portal.actor import Actor
from portal.audit.models import AuditEvent

MANY: Final = frozenset({Kind.IGNORE})  # more than one column can be left out; of all other kinds there is one


@command
def keep_paste(actor: Actor, *, text: str, run: UUID | None = None, key: UUID, now: datetime) -> Done:
    """Keep the text, with what its columns seem to be. `Done.code` is the paste's."""
    try:
        table = read_table(text)
    except TooMuch as much:
        raise refuse(Rule.TOO_LARGE, str(much)) from much
    layout = recognise(table)
    rows = len(table.rows) - layout.has_header
    if rows < 1:
        raise refuse(Rule.EMPTY, "Paste at least one row.")
    paste = Paste.objects.create(
        customer_id=actor.customer_id,
        user_id=actor.user_id,
        run=_run(actor, run) if run else None,
        text=text.replace("\x00", ""),
        rows=rows,
        layout=msgspec.to_builtins(layout),
        pasted_at=now,
        changed_at=now,
    )
    return Done(f"{rows:,} rows pasted.", "rows pasted", subject(paste), str(paste.code), {"rows": rows})


@command
def read_columns(
    actor: Actor,
    *,
    paste: UUID,
    seen: int,
    kinds: Sequence[Kind],
    has_header: bool,
    way: Way | None,
    key: UUID,
    now: datetime,
) -> Done:
    """Read the paste's columns as these kinds, and its amounts in this way (None: as they themselves say)."""
    held = _held(actor, paste, seen)
    named = [kind for kind in kinds if kind not in MANY]
    if len(kinds) != len(held.layout["kinds"]) or len(set(named)) != len(named):
        raise refuse(Rule.TWICE, "Each column is one thing, and only one column is the number, the amount and so on.")
    layout = Layout(tuple(kinds), has_header, way)
    words = "Columns are read as " + ", ".join(kinds) + "."
    if _way(held.text, layout) != _way(held.text, msgspec.convert(held.layout, Layout)):
        held.decisions, words = _without_amounts(held.decisions), f"{words} Amounts are as pasted again."
    held.layout = msgspec.to_builtins(layout)
    _change(held, now)
    return Done(words, "columns of a paste set", subject(held), str(held.code))


@command
def decide_rows(
    actor: Actor, *, paste: UUID, seen: int, decisions: Sequence[tuple[int, Decision]], key: UUID, now: datetime
) -> Done:
    """Decide about rows, each named by its line; what was decided about others stays. `AS_PASTED` takes a decision
    back."""
    held = _held(actor, paste, seen)
    if not decisions:
        raise refuse(Rule.EMPTY, "Nothing was changed.")
    for _, decision in decisions:
        _refuse_overlong(decision)
    kept = {**held.decisions, **{str(line): msgspec.to_builtins(each) for line, each in decisions}}
    held.decisions = {line: each for line, each in kept.items() if each != msgspec.to_builtins(AS_PASTED)}
    _change(held, now)
    lines = sorted(line for line, _ in decisions)
    named = ", ".join(map(str, lines[:5])) + (" …" if len(lines) > 5 else "")
    words = f"{len(lines):,} row{'' if len(lines) == 1 else 's'} decided: {named}."
    return Done(words, "rows of a paste decided", subject(held), str(held.code), {"rows": len(lines)})


@command
def list_invoices(actor: Actor, *, paste: UUID, invoices: Sequence[int], key: UUID, now: datetime) -> Done:
    """Keep which invoices the rows mean now: the list of invoices shows them under the paste's code."""
    held = paste_of(actor, paste)
    held.listed = list(invoices)
    held.save(update_fields=["listed"])
    words = f"{len(invoices):,} invoice{'' if len(invoices) == 1 else 's'} of the paste listed."
    return Done(words, "paste listed", subject(held), str(held.code), {"invoices": len(invoices)})


def paste_of(actor: Actor, code: UUID) -> Paste:
    """The actor's own paste, held until the end of the transaction; raises `NotFound`."""
    own = Paste.objects.select_for_update(no_key=True).filter(code=code, customer_id=actor.customer_id)
    paste = own.filter(user_id=actor.user_id).first()
    if paste is None:
        raise NotFound("paste")
    return paste


def subject(paste: Paste) -> str:
    return f"paste {str(paste.code)[:8]}"


def refuse_stale(paste: Paste, seen: int) -> None:
    """Raise `Refused`, with what was changed since, unless the reader saw the paste as it is. The caller holds it."""
    if paste.version == seen:
        return
    acts = AuditEvent.objects.filter(customer_id=paste.customer_id, subject=subject(paste)).order_by("-at", "-pk")
    told = [f"{at:%H:%M} {detail.get('words', '')}" for at, detail in acts.values_list("at", "detail")[:3]]
    words = f"This paste has changed since you opened this page. {' '.join(reversed(told))}"
    raise refuse(Rule.CHANGED_SINCE, f"{words} Nothing of yours was done yet: look again, and repeat it.")


def _held(actor: Actor, code: UUID, seen: int) -> Paste:
    paste = paste_of(actor, code)
    refuse_stale(paste, seen)
    return paste


def _way(text: str, layout: Layout) -> Way | None:
    found = read_rows(read_table(text), layout, {}).way
    return found.way if found else None


def _without_amounts(decisions: dict[str, Any]) -> dict[str, Any]:
    """What was typed in one way of writing amounts would say something else in another."""
    return {line: {name: said for name, said in each.items() if name != "amount"} for line, each in decisions.items()}


def _change(paste: Paste, now: datetime) -> None:
    paste.version, paste.changed_at = paste.version + 1, now
    paste.save(update_fields=["layout", "decisions", "version", "changed_at"])


def _run(actor: Actor, code: UUID) -> PayRun:
    run = PayRun.objects.filter(code=code, customer_id=actor.customer_id).first()
    if run is None:
        raise NotFound("pay run")
    return run


def _refuse_overlong(decision: Decision) -> None:
    number, amount = decision.number or "", decision.amount or ""
    if len(number) > LONGEST_NUMBER or len(amount) > LONGEST_AMOUNT or "\x00" in number + amount:
        raise refuse(Rule.TEXT, f"A number has at most {LONGEST_NUMBER} characters, an amount {LONGEST_AMOUNT}.")
