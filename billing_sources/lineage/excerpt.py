"""The raw record out of the archive: read as far as the record, for as long as a page may take."""

from __future__ import annotations

import io
import logging
import time
from typing import BinaryIO, cast

from billing_sources import archive
from billing_sources.adapter import Adapter, Excerpt

PATIENCE_SECONDS = 8.0
_log = logging.getLogger(__name__)


class NoRecord(LookupError):
    """Why there is no record to show, in words for the page."""


def excerpt_of(adapter: Adapter, sha256: str, bill: str, origin: str) -> Excerpt:
    """The record at `origin` of a kept file; `bill` is the position of its bill. Raises `NoRecord`."""
    if adapter.locate is None:
        raise NoRecord(f"Records of {adapter.title} cannot be shown yet.")
    asked = f"{bill}, {origin}" if adapter.has_relative_origins and origin != bill else origin
    try:
        with archive.open_bytes(sha256) as kept:
            return adapter.locate(cast(BinaryIO, io.BufferedReader(_Patient(kept))), asked)
    except FileNotFoundError:
        raise NoRecord("The file is not in the archive of this installation.") from None
    except _OutOfPatience:
        raise NoRecord("The record lies so deep in a large file that this page does not wait for it.") from None
    except LookupError:
        raise NoRecord("The file has no such record at this position.") from None
    except Exception as error:  # whatever a reader meets in the bytes: the page says so
        _log.exception("no record of %s at %s", adapter.key, asked)
        raise NoRecord("The record could not be read again.") from error


class _OutOfPatience(Exception):
    """Reading took too long."""


class _Patient(io.RawIOBase):
    """A kept file that can be read for some seconds."""

    def __init__(self, kept: BinaryIO) -> None:
        self._kept = kept
        self._until = time.monotonic() + PATIENCE_SECONDS

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        if time.monotonic() > self._until:
            raise _OutOfPatience
        read = self._kept.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._kept.seek(offset, whence)
        return self._kept.tell()

    def tell(self) -> int:
        return self._kept.tell()
