"""Where bill files come from, one kind of transport a file. A transport is a value beside the reader. Pure."""

from __future__ import annotations

from billing_sources.transports.folder import WatchedFolder
from billing_sources.transports.place import NotReached, Payload, Place, Transport

__all__ = ["NotReached", "Payload", "Place", "Transport", "WatchedFolder"]
