"""Where bill files come from. A transport is a value; it lists payloads and opens them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Payload:
    """One file on offer. `name` is its bare name, for people; never used as a path of ours."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")


class Transport(Protocol):
    @property
    def folder(self) -> str: ...

    def fetch(self, root: Path) -> Iterator[Payload]: ...

    def describe(self) -> str: ...


@dataclass(frozen=True)
class WatchedFolder:
    """A folder that the billing system writes into, below the carrier's inbound root.

    A file still being written carries one of `unfinished` as its suffix until it is renamed.
    """

    folder: str
    patterns: tuple[str, ...]
    unfinished: tuple[str, ...] = (".part", ".tmp")

    def fetch(self, root: Path) -> Iterator[Payload]:
        """Finished files whose name matches, oldest name first. A missing folder offers nothing."""
        inbound = root / self.folder
        if not inbound.is_dir():
            return
        for path in sorted(inbound.iterdir()):
            if self._is_finished(path):
                yield Payload(path.name, path)

    def describe(self) -> str:
        return f"watched folder {self.folder}/ ({', '.join(self.patterns)})"

    def _is_finished(self, path: Path) -> bool:
        return (
            path.is_file()
            and not path.is_symlink()
            and path.suffix not in self.unfinished
            and any(fnmatch(path.name, pattern) for pattern in self.patterns)
        )
