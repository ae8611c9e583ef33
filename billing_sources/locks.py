"""One worker at a time on a run or on a file: PostgreSQL's advisory locks.

Such a lock belongs to a connection and ends with it. So a killed worker needs no lease to run out, and no clocks are
compared: whoever gets the lock knows that nobody else is at work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone_on(thing: str, key: int) -> Iterator[None]:
    """Wait until nobody else works on it."""
    _call("SELECT pg_advisory_lock(hashtextextended(%s, 0))", thing, key)
    try:
        yield
    finally:
        _release(thing, key)


@contextmanager
def alone_or_not(thing: str, key: int) -> Iterator[bool]:
    """Whether nobody else works on it; does not wait."""
    is_ours = _call("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", thing, key)
    try:
        yield is_ours
    finally:
        if is_ours:
            _release(thing, key)


def together_until_commit(thing: str, key: int) -> None:
    """Shared with others who call this; whoever calls `apart_until_commit` waits for all of them, and they for it."""
    _lock("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", thing, key)


def apart_until_commit(thing: str, key: int) -> None:
    _lock("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", thing, key)


def _release(thing: str, key: int) -> None:
    if connection.is_usable():  # a lost connection has released it already
        _call("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", thing, key)


def _lock(statement: str, thing: str, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [f"{thing} {key}"])


def _call(statement: str, thing: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [f"{thing} {key}"])
        return bool(cursor.fetchone()[0])
