"""A folder on this machine that the billing system, or whatever syncs its files, writes into. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from billing_sources.transports.drop import DropFolder, Found, require_safe
from billing_sources.transports.place import Payload, Place, nothing_known


@dataclass(frozen=True)
class WatchedFolder(DropFolder):
    """A folder below the carrier's inbound root. What lies there is offered each time: reading it costs little."""

    def fetch(self, place: Place) -> Iterator[Payload]:
        """Finished files whose name matches, in the order of their names. A missing folder offers nothing."""
        inbound = place.inbound / self.folder
        if not inbound.is_dir():
            return
        for found in self.offered(lambda: _look(inbound), nothing_known):
            yield Payload.of(inbound / found.name, self.control)

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        require_safe(name)
        folder = place.inbound / (self.answers or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)

    def describe(self) -> str:
        return f"watched folder {self.folder}/ ({self.markings()})"


def watched_instead(transport: DropFolder) -> WatchedFolder:
    """The folder of the same name on this machine: for systems whose files another tool syncs."""
    return WatchedFolder(
        transport.folder,
        transport.patterns,
        transport.unfinished,
        transport.control,
        transport.done,
        transport.answers,
        controlled=transport.controlled,
    )


def _look(folder: Path) -> Iterator[Found]:
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            status = path.stat()
            yield Found(path.name, status.st_size, str(status.st_mtime_ns))
