"""How far a collection has been read, and values out of its records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """The newest `lastUpdate` that was read, as the server prints it, and how many records bear it."""

    since: str = ""
    bearers: int = 0

    @classmethod
    def read(cls, text: str) -> Mark:
        since, _, count = text.rpartition(" ")
        return cls(since, int(count or 0)) if since else cls()

    @classmethod
    def after(cls, updates: Iterable[str]) -> Mark:
        """Instants are compared as they are printed: one server prints them all alike."""
        found = list(updates)
        newest = max(found, default="")
        return cls(newest, found.count(newest)) if newest else cls()

    def text(self) -> str:
        return f"{self.since} {self.bearers}" if self.since else ""


def values_at(value: Any, path: str) -> Iterator[str]:
    """The texts at a path, through lists and their absence: "billCycle.id"."""
    if isinstance(value, list):
        for part in value:
            yield from values_at(part, path)
    elif not path:
        yield str(value)
    elif isinstance(value, dict):
        head, _, rest = path.partition(".")
        if value.get(head) is not None:
            yield from values_at(value[head], rest)
