"""Read X12 that partners exchange about payments (820, 824, 997, TA1) into documents of addressable segments. Pure.

Delimiters, counts and control numbers are the business of `billing_sources.readers`; here every document must be whole.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from billing_sources.canonical import FileRejected
from billing_sources.readers.x12_envelope import InterchangeAck, TransactionSet, element, transaction_sets


class UnreadableX12(ValueError):
    """A file that cannot be read whole. The message names file, segment and reason; nothing of it counts as read."""


@dataclass(frozen=True)
class Segment:
    """One segment and where it stands: `elements` without the tag, `position` 1-based over the file."""

    tag: str
    elements: tuple[str, ...]
    position: int
    file: str

    def get(self, number: int) -> str:
        """Element `number` from 1, or "" where the segment is shorter."""
        return self.elements[number - 1] if number <= len(self.elements) else ""

    def number(self, number: int) -> int:
        """The element as a control number; raises `UnreadableX12`."""
        text = self.get(number)
        if not (text.isascii() and text.isdigit()):
            raise unreadable(self, f"{text!r} is not a control number")
        return int(text)


@dataclass(frozen=True)
class Document:
    """A transaction set, or a TA1 by itself (`set_id` TA1, its one segment, no controls of its own)."""

    set_id: str
    segments: tuple[Segment, ...]
    opening: Segment
    sender: str = ""
    interchange_control: str = ""
    group_control: str = ""
    control: str = ""

    def first(self, tag: str) -> Segment:
        """The first segment of the tag; raises `UnreadableX12` where there is none."""
        for found in self.segments:
            if found.tag == tag:
                return found
        raise unreadable(self.opening, f"{self.set_id} without {tag}")


def read_documents(payload: bytes, file: str) -> list[Document]:
    """Every TA1 and transaction set of the file. Raises `UnreadableX12` on anything truncated or miscounted."""
    try:
        walked = list(transaction_sets(io.BytesIO(payload)))
    except FileRejected as error:
        raise UnreadableX12(f"{file}: {error}") from error
    found = [one for one in walked if isinstance(one, TransactionSet | InterchangeAck)]
    if not found:
        raise UnreadableX12(f"{file}: envelopes without a document")
    return [_ta1(one, file) if isinstance(one, InterchangeAck) else _document(one, file) for one in found]


def unreadable(found: Segment, why: str) -> UnreadableX12:
    """The error for a segment, naming its file and place."""
    return UnreadableX12(f"{found.file}, segment {found.position} ({found.tag}): {why}")


def _ta1(ack: InterchangeAck, file: str) -> Document:
    segment = _segment(ack.segment, ack.position, file)
    return Document("TA1", (segment,), segment)


def _document(read: TransactionSet, file: str) -> Document:
    if read.fault:
        raise UnreadableX12(
            f"{file}, {read.fault.position}: {read.fault.rule} expected {read.fault.expected}, found {read.fault.found}"
        )
    return Document(
        set_id=read.set_id,
        segments=tuple(_segment(one, place, file) for place, one in enumerate(read.segments, start=read.position + 1)),
        opening=Segment("ST", (read.set_id, read.control), read.position, file),
        sender=element(read.interchange, 6),
        interchange_control=element(read.interchange, 13),
        group_control=element(read.group, 6),
        control=read.control,
    )


def _segment(raw: list[str], position: int, file: str) -> Segment:
    return Segment(raw[0].strip(), tuple(text.strip() for text in raw[1:]), position, file)
