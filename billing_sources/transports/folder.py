"""A folder that the billing system writes into. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from billing_sources.transports.place import Payload, Place


@dataclass(frozen=True)
class WatchedFolder:
    """A folder below the carrier's inbound root.

    A file still being written carries one of `unfinished` as its suffix until it is renamed. Where the system writes
    a control file behind each bill file, `control` is its suffix: a bill file without one is not finished. Answers
    go into `answers`, a folder beside it.
    """

    folder: str
    patterns: tuple[str, ...]
    unfinished: tuple[str, ...] = (".part", ".tmp")
    control: str = ""
    answers: str = ""

    def fetch(self, place: Place) -> Iterator[Payload]:
        """Finished files whose name matches, oldest name first. A missing folder offers nothing."""
        inbound = place.inbound / self.folder
        if not inbound.is_dir():
            return
        for path in sorted(inbound.iterdir()):
            if self._is_finished(path):
                control = self._control(path).read_bytes() if self.control else b""
                yield replace(Payload.of(path), control=control)

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        folder = place.inbound / (self.answers or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)

    def describe(self) -> str:
        control = f", each with its {self.control}" if self.control else ""
        return f"watched folder {self.folder}/ ({', '.join(self.patterns)}{control})"

    def _is_finished(self, path: Path) -> bool:
        return (
            path.is_file()
            and not path.is_symlink()
            and path.suffix not in self.unfinished
            and any(fnmatch(path.name, pattern) for pattern in self.patterns)
            and (not self.control or self._control(path).is_file())
        )

    def _control(self, path: Path) -> Path:
        return path.with_name(path.name + self.control)
