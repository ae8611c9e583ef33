"""Read ahead: the next batch is made in a thread while the last one is on its way into the database. Pure.

PostgreSQL works in a process of its own and its client waits for it without the interpreter's lock, so two cores are
at work on one file. At most two batches wait; whatever ends the reading, or the loading, ends both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import NamedTuple, TypeVar

T = TypeVar("T")
_MOST = 2
_SWITCH = 0.0002  # seconds after which the reader lets the loader have its turn; usually 0.005, a block of COPY each


class _End(NamedTuple):
    """No more items, and why: what was raised, if anything."""

    error: BaseException | None = None


def read_ahead(items: Iterable[T]) -> Iterator[T]:
    """The items, made in another thread; what is raised there is raised here."""
    ready: SimpleQueue[T | _End] = SimpleQueue()
    room, is_given_up = Semaphore(_MOST), Event()

    def work() -> None:
        try:
            for item in items:
                ready.put(item)
                room.acquire()
                if is_given_up.is_set():
                    return
            ready.put(_End())
        except BaseException as error:
            ready.put(_End(error))

    reader = Thread(target=copy_context().run, args=(work,), name="read ahead", daemon=True)  # decimals: same precision
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    reader.start()
    try:
        yield from _until_end(ready, room)
    finally:
        is_given_up.set()
        room.release()
        reader.join()
        sys.setswitchinterval(usual)


def _until_end(ready: SimpleQueue[T | _End], room: Semaphore) -> Iterator[T]:
    while not isinstance(item := ready.get(), _End):
        room.release()
        yield item
    if item.error:
        raise item.error
