"""X12 segments out of a byte stream. Pure.

Delimiters are never assumed: the fourth character of an ISA separates its elements, the character after the sixteenth
separator is the component separator, and the one after that ends a segment (positions 4, 105 and 106 of an ISA that
keeps its widths; some real files do not keep them). Text is read as characters, so a delimiter may be non-ASCII.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Generator, Iterator
from functools import lru_cache
from itertools import chain
from typing import BinaryIO, NamedTuple

from billing_sources.canonical import FileRejected, Issue

Segment = list[str]
"""A segment's tag and elements, without blanks around them: `segment[0]` is the tag, `segment[n]` element n."""

CHUNK_BYTES = 1 << 14  # its segments stay in the processor's cache: twice as fast as 1 << 17
LONGEST_SEGMENT = 1 << 20  # characters; no real segment comes near, a file without terminators does
_ISA_ELEMENTS = 16
_LONGEST_ISA = 1_000
_BLANK = " \t\r\n"
_AROUND = _BLANK + "\ufeff\x1a"  # byte order mark before, end-of-file mark of old systems behind


class Delimiters(NamedTuple):
    element: str
    component: str
    terminator: str


class Stretch(NamedTuple):
    """Whole segments as they stand in the file, each with its terminator behind it; without line ends."""

    text: str
    delimiters: Delimiters


def segments(stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Segment]:
    """Every segment of every interchange in the stream; blank ones are left out and not counted.

    Memory is one chunk and one unfinished segment. A last segment may lack its terminator.
    Raises `FileRejected`: X12-ISA (no interchange where one must start), X12-NUL, X12-SEGMENT (no terminator in sight).
    """
    return chain.from_iterable(batches(stream, chunk_bytes))


def batches(stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> Iterator[list[Segment]]:
    """The same, those of a chunk at once."""
    return map(_split, _stretches(_characters(stream, chunk_bytes)))


def sought(stream: BinaryIO, tags: tuple[str, ...], places: Collection[int]) -> Iterator[tuple[int, Segment]]:
    """Those segments alone that have one of these tags or stand at one of these places, with their places, from 1.

    Several times faster than looking at each. Raises `FileRejected` as `segments`.
    """
    first = 1
    for stretch in _stretches(_characters(stream, CHUNK_BYTES)):
        text, delimiters = _without_blank_ones(stretch)
        count = text.count(delimiters.terminator) - 1
        found = _tagged(text, delimiters, tags) | _standing(text, delimiters, {place - first for place in places})
        for index in sorted(found):
            yield first + index, _split(Stretch(found[index], delimiters))[0]
        first += count


def read_delimiters(isa: str) -> Delimiters | None:
    """The delimiters that a text starting with ISA declares; None while it is too short to say."""
    element = isa[3:4]
    at = 3
    for _ in range(_ISA_ELEMENTS - 1):
        at = isa.find(element, at + 1)
        if at < 0:
            return None
    if len(isa) < at + 3:
        return None
    return Delimiters(element, isa[at + 1], isa[at + 2])


def _stretches(chunks: Iterator[str]) -> Iterator[Stretch]:
    text = _to_interchange("", chunks)
    if not text:
        raise _rejected("X12-ISA", "ISA", "an empty file")
    while text:
        text = yield from _interchange(text, chunks)
        text = _to_interchange(text, chunks)


def _to_interchange(text: str, chunks: Iterator[str]) -> str:
    """Skip what may stand between interchanges."""
    text = text.lstrip(_AROUND)
    while not text and (chunk := next(chunks, None)) is not None:
        text = chunk.lstrip(_AROUND)
    return text


def _interchange(text: str, chunks: Iterator[str]) -> Generator[Stretch, None, str]:
    """One interchange, a stretch per chunk. Returns the text behind its IEA."""
    text, delimiters = _opening(text, chunks)
    terminator = delimiters.terminator
    line_ends = [mark for mark in "\r\n" if mark != terminator]
    last = _pattern(delimiters, ("IEA",))
    while True:
        for mark in line_ends:  # indentation and lines wrapped at any column are layout, not data
            text = text.replace(mark, "")
        if "IEA" in text and (iea := last.search(terminator + text)):
            end = iea.end()  # with its own terminator, as one stands before
            yield Stretch(text[:end], delimiters)
            return text[end:]
        complete, _, tail = text.rpartition(terminator)
        yield Stretch(complete + terminator, delimiters)
        if len(tail) > LONGEST_SEGMENT:
            raise _rejected("X12-SEGMENT", f"terminator {terminator!r}", f"{len(tail)} characters without one")
        chunk = next(chunks, None)
        if chunk is None:
            yield Stretch(tail.strip(_AROUND) + terminator, delimiters)
            return ""
        text = tail + chunk


def _split(stretch: Stretch) -> list[Segment]:
    text, (element, _, terminator) = stretch
    if f" {element}" in text or f"{element} " in text:
        text = re.sub(f" *{re.escape(element)} *", lambda _: element, text)
    return [part.split(element) for line in text.split(terminator) if (part := line.strip(_BLANK))]


def _without_blank_ones(stretch: Stretch) -> Stretch:
    """With a terminator before the first segment as well: then each stands between two."""
    text, delimiters = stretch
    terminator = re.escape(delimiters.terminator)
    text = re.sub(f"{terminator}[{_BLANK}]*(?={terminator})", "", delimiters.terminator + text)
    return Stretch(text, delimiters)


def _tagged(text: str, delimiters: Delimiters, tags: tuple[str, ...]) -> dict[int, str]:
    """Index from 0 → segment."""
    found, index, at = {}, 0, 0
    for match in _pattern(delimiters, tags).finditer(text):
        index, at = index + text.count(delimiters.terminator, at, match.start()), match.start()
        found[index] = match[1]
    return found


@lru_cache(maxsize=16)
def _pattern(delimiters: Delimiters, tags: tuple[str, ...]) -> re.Pattern[str]:
    """A segment of one of these tags between two terminators. It begins with a plain character, which is fast."""
    element, _, terminator = map(re.escape, delimiters)
    elements = f" *(?:{element}[^{terminator}]*)?"
    return re.compile(f"{terminator}[{_BLANK}]*((?:{'|'.join(tags)}){elements})(?={terminator})")


def _standing(text: str, delimiters: Delimiters, indexes: Collection[int]) -> dict[int, str]:
    """The same of those that stand at these places."""
    lines = text.split(delimiters.terminator)[1:-1] if indexes else []
    return {index: lines[index] for index in indexes if 0 <= index < len(lines)}


def _opening(text: str, chunks: Iterator[str]) -> tuple[str, Delimiters]:
    delimiters = None
    while len(text) < _LONGEST_ISA and (delimiters := read_delimiters(text)) is None:
        chunk = next(chunks, None)
        if chunk is None:
            break
        text += chunk
    delimiters = delimiters or read_delimiters(text[:_LONGEST_ISA])
    if not text.startswith("ISA") or delimiters is None or not _are_usable(delimiters):
        raise _rejected("X12-ISA", "ISA with its sixteen elements", repr(text[:20]))
    return text, delimiters


def _are_usable(delimiters: Delimiters) -> bool:
    return len(set(delimiters)) == len(delimiters) and not any(mark.isalnum() or mark == " " for mark in delimiters)


def _characters(stream: BinaryIO, chunk_bytes: int) -> Iterator[str]:
    """UTF-8, with every byte that is not read as Latin-1: X12 names no encoding and senders mix them."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="x12-latin-1")
    offset = 0
    while chunk := stream.read(chunk_bytes):
        if (nul := chunk.find(b"\0")) >= 0:
            raise FileRejected(Issue("X12-NUL", f"byte {offset + nul}", expected="text", found="a NUL byte"))
        offset += len(chunk)
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("x12-latin-1", _as_latin_1)


def _rejected(rule: str, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue(rule, expected=expected, found=found))
