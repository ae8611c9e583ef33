"""The one place that says whose rows a transaction sees.

Every read and write of tenant tables happens inside one of these, each of which opens a transaction (or joins the
one that is open for the same purpose). They take on a database role and set the customer with SET LOCAL, so that
nothing leaks to whoever gets the connection next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection, transaction

from portal import roles
from portal.actor import Actor

T = TypeVar("T")

_scope: ContextVar[tuple[str, int, int, bool] | None] = ContextVar("tenancy scope", default=None)
_seen: ContextVar[dict[Any, Any] | None] = ContextVar("what a read-only transaction has seen", default=None)


class TenancyError(RuntimeError):
    """A transaction for one customer or role tried to open another inside itself."""


@contextmanager
def acting(actor: Actor, *, read_only: bool = False) -> Iterator[None]:
    """A transaction that sees the actor's customer only. Support sessions can read, never write."""
    support = actor.support_session_id is not None
    role = roles.SUPPORT if support else roles.TENANT
    with _as_role(role, actor.customer_id, actor.user_id, read_only or support):
        yield


@contextmanager
def carrier(user_id: int = 0, *, read_only: bool = False) -> Iterator[None]:
    """A transaction of the carrier's own people and jobs: all customers."""
    with _as_role(roles.STAFF, 0, user_id, read_only):
        yield


@contextmanager
def ingest() -> Iterator[None]:
    """A transaction of the nightly import. Workers only: the web login is not a member of the role."""
    with _as_role(roles.INGEST, 0, 0, read_only=False):
        yield


@contextmanager
def identified(user_id: int) -> Iterator[None]:
    """A read-only transaction that sees what belongs to this user alone: memberships, before a customer is chosen."""
    with _as_role("", 0, user_id, read_only=True):
        yield


def seen(key: Any, ask: Callable[[], T]) -> T:
    """What `ask` answers; in a read-only transaction it is asked once, because nothing in it can change."""
    memory = _seen.get()
    if memory is None:
        return ask()
    if key not in memory:
        memory[key] = ask()
    return memory[key]  # type: ignore[no-any-return]  # what `ask` gave


@contextmanager
def _as_role(role: str, customer_id: int, user_id: int, read_only: bool) -> Iterator[None]:
    wanted = (role, customer_id, user_id, read_only)
    current = _scope.get()
    if current is not None:
        if current[:3] != wanted[:3] or (current[3] and not read_only):
            raise TenancyError(f"inside a transaction as {current}, cannot act as {wanted}")
        with nullcontext() if current[3] else transaction.atomic():  # where nothing is written, nothing is undone
            yield
        return
    if connection.in_atomic_block and not _is_test_transaction():
        raise TenancyError("a tenant transaction must be the outermost one")
    token, memory = _scope.set(wanted), _seen.set({} if read_only else None)
    try:
        with transaction.atomic():
            _set_local(role, customer_id, user_id, read_only)
            yield
    finally:
        _scope.reset(token)
        _seen.reset(memory)


def _is_test_transaction() -> bool:
    return any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def _set_local(role: str, customer_id: int, user_id: int, read_only: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('transaction_read_only', %s, true), set_config('tributary.customer', %s, true),"
            " set_config('tributary.user', %s, true), set_config('role', %s, true)",
            ["on" if read_only else "off", str(customer_id or ""), str(user_id or ""), role or "none"],
        )
