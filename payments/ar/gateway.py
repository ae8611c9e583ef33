"""What a connector to AR is: how it words a message, and the folders through which it passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from payments.models import ArPosting

CONNECTOR: Final = "x12_820"


class Undeliverable(Exception):
    """The message cannot be worded, now or later: it waits for a person instead of another attempt."""


@dataclass(frozen=True)
class DropFolders:
    """Three folders of one file system: `staging` is ours alone, AR takes from `out` and puts into `answers`.

    A name that starts with "." or ends in ".part" or ".tmp" is a file that is still being written.
    """

    staging: Path
    out: Path
    answers: Path

    @classmethod
    def under(cls, folder: Path) -> DropFolders:
        return cls(folder / "staging", folder / "out", folder / "in")

    def make(self) -> None:
        """On a first start. A folder that vanished later is an outage, and an empty staging folder in its place would
        say that all was delivered."""
        folders = (self.staging, self.out, self.answers)
        if not any(folder.exists() for folder in folders):
            for folder in folders:
                folder.mkdir(parents=True)


@dataclass(frozen=True)
class Connector:
    """One way to AR, as a value. `name` is that of its postings.

    `render` is called inside a read-only transaction of the carrier and must give the same bytes for the same
    posting whenever it is asked; it raises `Undeliverable`. `file_name` is the posting's own.
    """

    name: str
    folders: DropFolders
    render: Callable[[ArPosting], bytes]
    file_name: Callable[[ArPosting], str]
