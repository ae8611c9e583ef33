"""A folder that files are dropped into: which of them are finished bill files, wherever the folder is. Pure."""

from __future__ import annotations

import tempfile
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import BinaryIO, NamedTuple

from billing_sources.transports.place import NotReached

LONGEST_NAME = 200  # bytes
CHUNK_BYTES = 1 << 20
LARGEST_CONTROL = 1 << 20  # bytes
MOST_FILES = 100_000  # in a folder
USUAL_TIMEOUT = 60  # seconds
Known = Callable[[Collection[str]], Collection[str]]


class Found(NamedTuple):
    """A file as a listing shows it. `version` is another whenever the bytes are: a time of change, an etag."""

    name: str
    size: int
    version: str

    @property
    def stamp(self) -> str:
        return f"{self.name} {self.size} {self.version}"


Look = Callable[[], Iterable[Found]]


@dataclass(frozen=True)
class DropFolder:
    """What a transport of files knows of its folder, which lies below the root of its place.

    A file still being written carries one of `unfinished` as its suffix until it is renamed. Where the system writes
    a control file behind each bill file, `control` is its suffix, and `controlled` the patterns of those that have
    one; where it writes an empty marker, `done` is: a bill file without them is not finished. Where it does none of
    this, a file has to look the same twice, `settle_seconds` apart. Answers go into `answers`, a folder below the same
    root.
    """

    folder: str
    patterns: tuple[str, ...]
    unfinished: tuple[str, ...] = (".part", ".tmp")
    control: str = ""
    done: str = ""
    answers: str = ""
    settle_seconds: float = 0
    controlled: tuple[str, ...] = ("*",)

    def offered(self, look: Look, known: Known) -> list[Found]:
        """The finished files of a folder that are not known, in the order of their names."""
        first = self._new(list(look()), known)
        if not first or not self.settle_seconds:
            return first
        time.sleep(self.settle_seconds)
        again = {found.stamp for found in look()}
        return [found for found in first if found.stamp in again]

    def markings(self) -> str:
        """The rest of what `describe` says: patterns, and what has to stand beside a file."""
        beside = " and ".join(suffix for suffix in (self.control, self.done) if suffix)
        return ", ".join(self.patterns) + (f", each with its {beside}" if beside else "")

    def _new(self, listed: Collection[Found], known: Known) -> list[Found]:
        names = {found.name for found in listed}
        finished = sorted(found for found in listed if self._is_finished(found.name, names))
        kept = known([found.stamp for found in finished])
        return [found for found in finished if found.stamp not in kept]

    def _is_finished(self, name: str, names: Collection[str]) -> bool:
        return (
            is_safe(name)
            and not name.endswith(self.unfinished)
            and _matches(name, self.patterns)
            and all(f"{name}{suffix}" in names for suffix in self._beside(name))
        )

    def _beside(self, name: str) -> list[str]:
        control = self.control if _matches(name, self.controlled) else ""
        return [suffix for suffix in (control, self.done) if suffix]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_safe(name: str) -> bool:
    """Whether a name that somebody else chose names one visible file in a folder, and nothing else anywhere."""
    is_plain = not any(sign in "/\\" or unicodedata.category(sign).startswith("C") for sign in name)
    return is_plain and name == name.strip() and not name.startswith(".") and 0 < len(name.encode()) <= LONGEST_NAME


def require_few(files: Sized, folder: str) -> None:
    """Raises `NotReached`: a listing that was cut would hide what came last."""
    if len(files) > MOST_FILES:
        raise NotReached(f"more than {MOST_FILES:,} files in {folder}")


def require_safe(name: str) -> None:
    """Raises `NotReached`."""
    if not is_safe(name):
        raise NotReached(f"{name[:LONGEST_NAME]!r} cannot be the name of a file")


@contextmanager
def spool() -> Iterator[BinaryIO]:
    """A temporary file for a download, rewound for its reader; where the download fails it is gone."""
    with ExitStack() as undo:
        file = undo.enter_context(tempfile.TemporaryFile(prefix="tributary-"))
        yield file
        file.seek(0)
        undo.pop_all()
