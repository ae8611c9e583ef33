"""What every transport speaks of: payloads, the place they are fetched from, and what may go wrong. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol


class NotReached(OSError):
    """The transport could not be reached, or refused us. The message says what to mend; it holds no secret."""


@dataclass(frozen=True)
class Payload:
    """One file on offer. `name` is its bare name, for people; never used as a path of ours.

    `control` holds the bytes of its control file, where the system sends one beside it. `mark` is how far the system
    has been read once these bytes are kept, for transports that ask for what is newer (SQL, REST). `stamp` names this
    version of the file without its bytes (name, size and time of change or etag), for transports that list files.
    """

    name: str
    opener: Callable[[], BinaryIO]
    control: bytes = b""
    mark: str = ""
    stamp: str = ""

    @classmethod
    def of(cls, path: Path, control_suffix: str = "") -> Payload:
        """A file of the disk, and its control file where one with this suffix lies beside it."""
        control = path.with_name(path.name + control_suffix)
        is_there = bool(control_suffix) and control.is_file()
        return cls(path.name, lambda: path.open("rb"), control.read_bytes() if is_there else b"")

    def open(self) -> BinaryIO:
        return self.opener()


def nothing_known(_: Collection[str]) -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Place:
    """Where one system's transport looks.

    `settings` are the environment's words for this system, without their prefix: `TRIBUTARY_ATLAS_URL` is `URL` here.
    Credentials come in no other way. `inbound` is the root of the drop folders; `mark` the last payload's. `known`
    tells which of some stamps were dealt with before: those need not be fetched again.
    """

    inbound: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    known: Callable[[Collection[str]], Collection[str]] = nothing_known

    def setting(self, name: str) -> str:
        """Raises `NotReached` where the environment does not have it."""
        try:
            return self.settings[name]
        except KeyError:
            raise NotReached(f"the environment does not say {name} of this system") from None

    def seconds(self, name: str, usual: int) -> int:
        """A time-out, in whole seconds. Raises `NotReached` for what is no such number."""
        text = self.settings.get(name, str(usual))
        if not (text.isascii() and text.isdigit() and int(text)):
            raise NotReached(f"{name} has to be a number of seconds, not {text!r}")
        return int(text)


class Transport(Protocol):
    def fetch(self, place: Place) -> Iterator[Payload]:
        """What is on offer, finished files only, oldest first. Raises `NotReached` or another OSError."""
        ...

    def deliver(self, place: Place, name: str, content: bytes) -> None:
        """Put an answer where the system looks for it; the same name again replaces it. Raises OSError."""
        ...

    def describe(self) -> str: ...
