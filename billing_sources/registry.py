"""The billing sources there are, by key. Pure."""

from __future__ import annotations

from importlib import import_module

from billing_sources.adapter import Adapter

SYSTEMS = (
    "atlas",
    "boreal",
    "castle",
    "delta",
    "echo",
    "ferry",
)
"""One line a system: `atlas` is the value `ATLAS` of `billing_sources/adapters/atlas.py`."""


def _adapter(key: str) -> Adapter:
    adapter: Adapter = getattr(import_module(f"billing_sources.adapters.{key}"), key.upper())
    return adapter


ADAPTERS: dict[str, Adapter] = {key: _adapter(key) for key in SYSTEMS}


class UnknownSystem(LookupError):
    """No billing source has this key; the message names those that there are."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no billing source {key!r}; there are {', '.join(sorted(ADAPTERS))}")


def adapter_for(key: str) -> Adapter:
    """Raises `UnknownSystem`."""
    try:
        return ADAPTERS[key]
    except KeyError:
        raise UnknownSystem(key) from None
