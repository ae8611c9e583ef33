"""What every form about a pay run carries: a command key, and which state of the run its page showed.

A form posted twice acts once; a form of a page that is out of date is refused, with what has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from payments.commands import Done
from payments.domain.refusals import Rule, refuse
from payments.facts import lock_run
from payments.invoices.selection import read_code
from payments.models import Command, PayRun
from payments.runs.queries import acts_on
from portal.actor import Actor
from portal.requests import CustomerRequest


@dataclass(frozen=True)
class Step:
    """An operation and its request, without the actor, key and time that `perform` adds."""

    operation: Callable[..., Done]
    request: Mapping[str, Any]


def seen_of(run: PayRun) -> str:
    """What a page puts into its forms so that `perform` knows what its reader saw."""
    return f"{run.version} {run.state} {run.edited_at.isoformat()}"


def perform(request: CustomerRequest, code: UUID, plan: Callable[[PayRun], Iterable[Step]]) -> str:
    """All steps of the plan or none of them; what they answered, in words.

    The run is held while the plan is made, so that it rests on what it sees. Raises `Refused`.
    """
    key = key_of(request)
    with transaction.atomic():
        run = lock_run(request.actor, code)
        before = answered_before(request.actor, key)
        if before is not None:
            return before
        _refuse_stale(run, request.POST.get("seen", ""))
        return carry_out(request.actor, list(plan(run)), key, timezone.now())


def key_of(request: CustomerRequest) -> UUID:
    key = read_code(request.POST.get("key", ""))
    if key is None:
        raise refuse(Rule.COMMAND_REUSED, "This form carries no key; reload the page.")
    return key


def answered_before(actor: Actor, key: UUID) -> str | None:
    """What this person's form of this key was told, if it was posted before."""
    used = Command.objects.filter(customer_id=actor.customer_id, key=key, user_id=actor.user_id).first()
    return cast(str, used.answer["message"]) if used and used.answer else None


def _refuse_stale(run: PayRun, seen: str) -> None:
    if seen == seen_of(run):
        return
    told = " ".join(f"{act.at:%H:%M} {act.name}: {act.words}" for act in _since(run, seen)[-3:])
    words = f"Pay run {run.number} has changed since you opened this page. {told or run.returned_reason}".strip()
    raise refuse(Rule.CHANGED_SINCE, f"{words} Nothing of yours was done yet: look again, and repeat it.")


def moment_of(seen: str) -> datetime | None:
    """When the run was last changed, as a page showed it; None where that cannot be read."""
    try:
        moment = datetime.fromisoformat(seen.rpartition(" ")[2])
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _since(run: PayRun, seen: str) -> list[Any]:
    moment = moment_of(seen)
    return list(acts_on(run, moment)) if moment else []


def carry_out(actor: Actor, steps: list[Step], key: UUID, now: datetime) -> str:
    """The last step has the form's own key, those before it one derived from it."""
    if not steps:
        return "All of it stood so already."
    last = len(steps) - 1
    keys = [key if number == last else uuid5(key, str(number)) for number in range(len(steps))]
    done = [step.operation(actor, **step.request, key=own, now=now) for step, own in zip(steps, keys, strict=True)]
    return " ".join(dict.fromkeys(each.message for each in done))
