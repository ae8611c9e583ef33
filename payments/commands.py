"""A command: one transaction, one key, one act. The same key twice is once; two at once wait for each other.

Operations are written as plain functions and wrapped by `command`, which opens the actor's transaction, claims the
key, writes the act down, and turns what the database forbids into words.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast
from uuid import UUID

import msgspec
from django.db import DatabaseError, connection

from payments.domain.refusals import Conflict, Rule, refuse
from payments.models import Command
from portal.actor import Actor
from portal.audit.record import record
from portal.tenancy import acting

P = ParamSpec("P")
ATTEMPTS: Final = 5
_TRANSIENT: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock: nothing happened, ask again

# What the database forbids whatever the code does, said in words. Checked before, so only a race comes here.
_FORBIDDEN: Final = {
    "invoice_never_over_allocated": (Rule.OVER_INVOICE, "An invoice has less open than this."),
    "disputed_is_open": (Rule.OVER_INVOICE, "Part of an invoice is disputed, and not asked for."),
    "placed_within_plan": (Rule.OVER_PAYMENT, "A payment has less room than this."),
    "event_in_whole_minor_units": (Rule.NOT_MINOR_UNITS, "An amount is finer than its currency can pay."),
    "event_invoice": (Rule.CURRENCY, "An invoice is in another currency than its payment."),
    "approved_within_limit": (Rule.OVER_LIMIT, "Together with what was approved just now it is above the limit."),
    "one_policy_per_version": (Rule.CHANGED_SINCE, "Somebody proposed another policy just now: look at it first."),
    "event_payment": (Rule.CURRENCY, "An invoice is in another currency than its payment."),
    "one_view_per_name": (Rule.TWICE, "You have a view of this name already."),
    "one_default_view": (Rule.TWICE, "Your default view was changed at the same time; look again."),
}
_RESTRICTED: Final = "23001"  # raised by the triggers of migration 0010_ledger


@dataclass(frozen=True)
class Done:
    """What an operation answers: `message` for the page, `code` of what it made or changed.

    `verb`, `subject` and `detail` are the act that is written down.
    """

    message: str
    verb: str
    subject: str
    code: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


def command(operation: Callable[Concatenate[Actor, P], Done]) -> Callable[Concatenate[Actor, P], Done]:
    """The operation as a command. It must take the keyword arguments `key` (UUID) and `now`; all others are the
    request. Raises `Refused` (nothing changed), `NotFound`, `Conflict`, or `access.Denied`.
    """

    @wraps(operation)
    def perform(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> Done:
        if actor.is_support:
            raise refuse(Rule.SUPPORT_READS_ONLY, "A support visit can look, and change nothing.")
        claim = _Claim(
            actor=actor,
            key=cast(UUID, kwargs["key"]),
            operation=operation.__name__,
            request_sha256=_digest(actor, kwargs),
            now=cast(datetime, kwargs["now"]),
        )
        return _again_if_transient(lambda: _once(claim, lambda: operation(actor, *args, **kwargs)))

    return cast(Callable[Concatenate[Actor, P], Done], perform)


@dataclass(frozen=True)
class _Claim:
    actor: Actor
    key: UUID
    operation: str
    request_sha256: str
    now: datetime


def _digest(actor: Actor, given: Mapping[str, object]) -> str:
    """A replay is the same person asking for the same thing."""
    request = {name: value for name, value in given.items() if name not in ("key", "now")}
    body = msgspec.json.encode([actor.user_id, request], order="deterministic")
    return hashlib.sha256(body).hexdigest()


def _once(claim: _Claim, work: Callable[[], Done]) -> Done:
    with acting(claim.actor):
        if not _take(claim):
            return _answered_before(claim)
        done = work()
        record(claim.actor, done.verb, done.subject, {**done.detail, "words": done.message}, now=claim.now)
        answer = {"message": done.message, "verb": done.verb, "subject": done.subject, "code": done.code}
        Command.objects.filter(customer_id=claim.actor.customer_id, key=claim.key).update(answer=answer)
        return done


def _take(claim: _Claim) -> bool:
    """Insert the key; waits for whoever is inserting the same, and is False once that one has committed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_command (customer_id, key, operation, request_sha256, user_id, at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (customer_id, key) DO NOTHING",
            [
                claim.actor.customer_id,
                claim.key,
                claim.operation,
                claim.request_sha256,
                claim.actor.user_id,
                claim.now,
            ],
        )
        return bool(cursor.rowcount == 1)


def _answered_before(claim: _Claim) -> Done:
    before = Command.objects.get(customer_id=claim.actor.customer_id, key=claim.key)
    if (before.operation, before.request_sha256) != (claim.operation, claim.request_sha256):
        raise Conflict
    return Done(**cast(dict[str, Any], before.answer))


def _again_if_transient(attempt: Callable[[], Done]) -> Done:
    """A deadlock's victim asks again after a random moment. Safe, because a command has no effect but its commit."""
    joins_another = connection.in_atomic_block
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except DatabaseError as error:
            if _sqlstate(error) not in _TRANSIENT or joins_another:
                raise _in_words(error) from error
            time.sleep(random.uniform(0, 0.02 * 2**number))  # noqa: S311 - a pause, not a secret
    raise refuse(Rule.BUSY, "Too many people are changing the same invoices right now; please try again.")


def _in_words(error: DatabaseError) -> Exception:
    """The refusal behind a violated rule of the ledger; any other error stays what it is."""
    if _sqlstate(error) == _RESTRICTED:
        return refuse(Rule.FORBIDDEN_BY_LEDGER, f"Not possible: {_diagnosis(error, 'message_primary')}.")
    known = _FORBIDDEN.get(_diagnosis(error, "constraint_name"))
    return refuse(*known) if known else error


def _sqlstate(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _diagnosis(error: DatabaseError, name: str) -> str:
    return getattr(getattr(error.__cause__, "diag", None), name, None) or ""
