"""Records of a mainframe file, by their framing. Pure.

A record descriptor word (RDW) stands before each record: two bytes of its length, two of zeros; whether the length
counts the word itself, and its byte order, differ by how the file was transferred. Memory is one record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO, Literal

from billing_sources.canonical import FileRejected, Issue

_WORD = 4
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Rdw:
    """Framing by record descriptor words. `is_inclusive`: the length counts the word's own four bytes."""

    order: Literal["big", "little"] = "big"
    is_inclusive: bool = True

    def halves(self, word: bytes, at: int = 0) -> tuple[int, int]:
        """Length of the record behind the word, below 1 where it frames nothing, and the half that must be zero."""
        pair = self.unpack(word, at)
        return pair[self.place] - self.counted, pair[1 - self.place]

    @property
    def unpack(self) -> Callable[[bytes, int], tuple[int, ...]]:
        return Struct(">HH" if self.order == "big" else "<HH").unpack_from

    @property
    def place(self) -> int:
        """Of the length among the word's two halves."""
        return 0 if self.order == "big" else 1

    @property
    def counted(self) -> int:
        return _WORD if self.is_inclusive else 0


def framed(stream: BinaryIO, rdw: Rdw) -> Iterator[tuple[int, bytes]]:
    """(offset of its word, record) for each record. Raises `FileRejected` where the frames do not hold together."""
    buffer, at, base = stream.read(_CHUNK), 0, 0
    unpack, place, counted = rdw.unpack, rdw.place, rdw.counted
    while True:
        whole = len(buffer)
        while at + _WORD <= whole:
            word = unpack(buffer, at)
            begin = at + _WORD
            end = begin + word[place] - counted
            if end <= begin or word[1 - place]:
                raise _broken(base + at, buffer[at:begin])
            if end > whole:
                break
            yield base + at, buffer[begin:end]
            at = end
        more = stream.read(_CHUNK)
        if not more:
            break
        buffer, base, at = buffer[at:] + more, base + at, 0
    if at < len(buffer):
        raise _cut(base + at, len(buffer) - at)


def fixed(stream: BinaryIO, length: int) -> Iterator[tuple[int, bytes]]:
    """(offset, record) of a file whose records have one length. Raises `FileRejected` for a last one that is cut."""
    offset = 0
    while record := stream.read(length):
        if len(record) < length:
            raise FileRejected(Issue("EBC-CUT", f"byte {offset}", "record", f"{length} bytes", f"{len(record)}"))
        yield offset, record
        offset += length


def _broken(offset: int, word: bytes) -> FileRejected:
    return FileRejected(Issue("EBC-RDW", f"byte {offset}", "RDW", "the length of a record, then zeros", word.hex()))


def _cut(offset: int, left: int) -> FileRejected:
    return FileRejected(Issue("EBC-CUT", f"byte {offset}", "record", "a whole record", f"{left} bytes before the end"))
