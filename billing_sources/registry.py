"""The billing sources there are, by key. Pure."""

from __future__ import annotations

from billing_sources.adapter import Adapter
from billing_sources.adapters.atlas import ATLAS
from billing_sources.adapters.boreal import BOREAL
from billing_sources.adapters.castle import CASTLE
from billing_sources.adapters.delta import DELTA
from billing_sources.adapters.echo import ECHO
from billing_sources.adapters.ferry import FERRY

ADAPTERS: dict[str, Adapter] = {adapter.key: adapter for adapter in (ATLAS, BOREAL, CASTLE, DELTA, ECHO, FERRY)}


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
