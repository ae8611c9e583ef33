"""What is done with a paste as a whole: its invoices are listed, given amounts to pay, put into a pay run.

Every form carries a command key, and what its page showed; a form of a page that is out of date is refused, with what
has changed since.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid5

from django.db import transaction

from payments import operations
from payments.commands import Done
from payments.domain.pasting.verdicts import IDENTIFIED, Judged
from payments.domain.pasting.wishes import Wishes, wishes_of
from payments.domain.refusals import Rule, refuse
from payments.matching.queries import Matched, matched
from payments.matching.rows import WORDS
from payments.models import Command
from payments.operations.paste import list_invoices, paste_of, refuse_stale
from payments.runs.commands import Step
from portal.actor import Actor


@dataclass(frozen=True)
class Asked:
    """A posted form: which paste, what its page showed (`seen_of`), and its command key."""

    paste: UUID
    seen: str
    key: UUID
    now: datetime


def seen_of(found: Matched) -> str:
    """The version of the paste, how many rows have which verdict, and a sum over what is open of their invoices."""
    standing = [(one.invoice.id, one.invoice.open) for one in found.judged if one.invoice]
    counted = ",".join(f"{verdict}={count}" for verdict, count in sorted(_counts(found.judged).items()))
    return f"{found.paste.version} {counted} {zlib.crc32(repr(standing).encode()):08x}"


def version_of(seen: str) -> int:
    """The version that a page showed; 0 is none's."""
    text = seen.partition(" ")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def list_found(actor: Actor, asked: Asked) -> Done:
    """The invoices that the rows mean become what the list of invoices shows under this paste."""

    def plan(found: Matched) -> list[Step]:
        ids = list(dict.fromkeys(one.invoice.id for one in found.judged if one.invoice and one.verdict in IDENTIFIED))
        if not ids:
            raise refuse(Rule.EMPTY, "No row is found yet.")
        return [Step(list_invoices, {"paste": asked.paste, "invoices": ids})]

    return _perform(actor, asked, plan)


def set_amounts(actor: Actor, asked: Asked) -> Done:
    """The pasted amounts become what is to be paid of the found invoices."""
    return _perform(actor, asked, lambda found: [_amounts(_payable(found))])


def add_to_run(actor: Actor, asked: Asked, *, run: UUID | None, title: str) -> Done:
    """The found invoices go into the run, or into a new one of this title, with the amounts that were pasted."""

    def plan(found: Matched) -> list[Step]:
        wishes = _payable(found)
        if not wishes.invoices:
            raise refuse(Rule.EMPTY, "No found row can be paid.")
        choose = (
            Step(operations.choose_invoices, {"run": run, "invoices": wishes.invoices})
            if run
            else Step(operations.open_run, {"title": title, "invoices": wishes.invoices})
        )
        return [_amounts(wishes), choose] if wishes.wishes else [choose]

    return _perform(actor, asked, plan)


def _payable(found: Matched) -> Wishes:
    way = found.reading.way
    if way and way.example:
        words = f"Say first how the amounts are written: {way.example} may be thousands or decimals."
        raise refuse(Rule.TEXT, words)
    return wishes_of(found.judged)


def _amounts(wishes: Wishes) -> Step:
    if not wishes.wishes:
        raise refuse(Rule.EMPTY, "No found row has an amount that can be paid.")
    return Step(operations.set_to_pay, {"wishes": wishes.wishes})


def _perform(actor: Actor, asked: Asked, plan: Callable[[Matched], Sequence[Step]]) -> Done:
    """All steps or none; the paste is held while they are planned, so that they rest on what its reader saw."""
    with transaction.atomic():
        paste = paste_of(actor, asked.paste)
        before = Command.objects.filter(customer_id=actor.customer_id, key=asked.key, user_id=actor.user_id).first()
        if before and before.answer:
            return Done(**cast(dict[str, Any], before.answer))
        refuse_stale(paste, version_of(asked.seen))
        found = matched(actor, paste)
        _refuse_moved(found, asked.seen)
        return _carry_out(actor, plan(found), asked)


def _refuse_moved(found: Matched, seen: str) -> None:
    """Invoices move on while a paste lies there: what was seen of them must still be so."""
    if seen == seen_of(found):
        return
    before = dict(part.split("=", 1) for part in seen.split(" ")[1].split(",") if "=" in part) if " " in seen else {}
    now = _counts(found.judged)
    moved = [
        f"{word}: {before.get(verdict.value, '0')} before, {now.get(verdict.value, 0)} now"
        for verdict, (word, _) in WORDS.items()
        if before.get(verdict.value, "0") != str(now.get(verdict.value, 0))
    ]
    told = "; ".join(moved) or "what is open of them is another amount now"
    words = f"Invoices of this paste have moved on since you opened the page: {told}. Nothing was done: look again."
    raise refuse(Rule.CHANGED_SINCE, words)


def _carry_out(actor: Actor, steps: Sequence[Step], asked: Asked) -> Done:
    """The last step has the form's own key, those before it one derived from it."""
    last = len(steps) - 1
    keys = [asked.key if number == last else uuid5(asked.key, str(number)) for number in range(len(steps))]
    done = [
        step.operation(actor, **step.request, key=key, now=asked.now) for step, key in zip(steps, keys, strict=True)
    ]
    return done[-1]


def _counts(judged: Sequence[Judged]) -> Counter[str]:
    return Counter(one.verdict.value for one in judged)
