"""X12 envelopes: transaction sets out of interchanges, every count and control number checked. Pure.

What is wrong with one set (SE) is that set's fault and the rest goes on; what is wrong with a group or an
interchange (GE, IEA) or missing altogether rejects the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from billing_sources.canonical import FileRejected, Issue
from billing_sources.readers.x12 import CHUNK_BYTES, Segment, batches


class TransactionSet(msgspec.Struct):
    """One ST … SE. `segments` excludes both; `segments[i]` is segment `position + 1 + i` of the file."""

    set_id: str  # ST01: 810, 811, 820, 997 …
    control: str  # ST02
    position: int  # of its ST, 1-based over the file
    group: Segment  # its GS
    interchange: Segment  # its ISA
    segments: list[Segment]
    fault: Issue | None = None  # SE missing, miscounted or of another set


class InterchangeAck(msgspec.Struct):
    """A TA1: the partner's word on an interchange of ours."""

    position: int
    segment: Segment


class GroupTotals(msgspec.Struct):
    """A GE that holds: how many sets its sender declared and we read."""

    position: int
    sets: int


Walked = TransactionSet | InterchangeAck | GroupTotals


def transaction_sets(stream: BinaryIO, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Walked]:
    """Walk the envelopes of a file in order. Memory is one set.

    Raises `FileRejected` with rule X12-IEA, X12-IEA01, X12-IEA02, X12-GE, X12-GE01, X12-GE02 or X12-ENVELOPE,
    besides those of `segments`. A truncated file is noticed at its end: undo what came before.
    """
    walk = _Walk()
    position = 0
    for batch in batches(stream, chunk_bytes):
        begin = 0
        for at in [index for index, segment in enumerate(batch) if segment[0] in _STEPS]:
            walk.body += batch[begin:at]
            yield from _STEPS[batch[at][0]](walk, batch[at], position + at + 1)
            begin = at + 1
        walk.body += batch[begin:]
        position += len(batch)
    if walk.interchange:
        raise _rejected("X12-IEA", position, "IEA", "the end of the file")


def element(segment: Segment, number: int) -> str:
    """Element `number`; "" where the segment ends before it."""
    return segment[number] if number < len(segment) else ""


class _Walk:
    """Where in the envelopes we are. An empty segment means: not inside."""

    def __init__(self) -> None:
        self.interchange: Segment = []
        self.group: Segment = []
        self.header: Segment = []  # ST
        self.header_position = 0
        self.body: list[Segment] = []
        self.groups = 0
        self.sets = 0

    def open_interchange(self, segment: Segment, position: int) -> Iterator[Walked]:
        self._expect(not self.interchange, segment, position)
        self.interchange = segment
        self.groups = 0
        return iter(())

    def acknowledge(self, segment: Segment, position: int) -> Iterator[Walked]:
        self._expect(bool(self.interchange) and not self.group, segment, position)
        yield InterchangeAck(position, segment)

    def open_group(self, segment: Segment, position: int) -> Iterator[Walked]:
        self._expect(bool(self.interchange) and not self.group, segment, position)
        self.group = segment
        self.groups += 1
        self.sets = 0
        return iter(())

    def open_set(self, segment: Segment, position: int) -> Iterator[Walked]:
        yield from self._close_open_set(segment, position)
        self._expect(bool(self.group), segment, position)
        self.header, self.header_position = segment, position
        self.sets += 1

    def close_set(self, segment: Segment, position: int) -> Iterator[Walked]:
        self._expect(bool(self.header), segment, position, with_body=True)
        count, control = len(self.body) + 2, element(self.header, 2)
        fault = None
        if not _is_count(element(segment, 1), count):
            fault = _issue("X12-SE01", position, str(count), element(segment, 1))
        elif not _is_same(element(segment, 2), control):
            fault = _issue("X12-SE02", position, control, element(segment, 2))
        yield self._set(fault)

    def close_group(self, segment: Segment, position: int) -> Iterator[Walked]:
        yield from self._close_open_set(segment, position)
        self._expect(bool(self.group), segment, position)
        _demand("X12-GE01", position, str(self.sets), element(segment, 1), _is_count(element(segment, 1), self.sets))
        control = element(self.group, 6)
        _demand("X12-GE02", position, control, element(segment, 2), _is_same(element(segment, 2), control))
        self.group = []
        yield GroupTotals(position, self.sets)

    def close_interchange(self, segment: Segment, position: int) -> Iterator[Walked]:
        yield from self._close_open_set(segment, position)
        _demand("X12-GE", position, "GE", "IEA", not self.group)
        self._expect(bool(self.interchange), segment, position)
        declared, control = element(segment, 1), element(self.interchange, 13)
        _demand("X12-IEA01", position, str(self.groups), declared, _is_count(declared, self.groups))
        _demand("X12-IEA02", position, control, element(segment, 2), _is_same(element(segment, 2), control))
        self.interchange = []

    def _close_open_set(self, segment: Segment, position: int) -> Iterator[Walked]:
        """A set whose SE is missing ends where the next envelope segment stands."""
        if self.header:
            yield self._set(_issue("X12-SE", position, "SE", segment[0]))

    def _set(self, fault: Issue | None) -> TransactionSet:
        header, body = self.header, self.body
        self.header, self.body = [], []
        return TransactionSet(
            element(header, 1), element(header, 2), self.header_position, self.group, self.interchange, body, fault
        )

    def _expect(self, is_in_place: bool, segment: Segment, position: int, with_body: bool = False) -> None:
        found = segment[0]
        if self.body and not with_body:
            found, is_in_place = self.body[0][0], False
        if not is_in_place:
            raise _rejected("X12-ENVELOPE", position, "ISA, GS, ST, SE, GE, IEA in order", found[:20])


_STEPS: dict[str, Callable[[_Walk, Segment, int], Iterator[Walked]]] = {
    "ISA": _Walk.open_interchange,
    "TA1": _Walk.acknowledge,
    "GS": _Walk.open_group,
    "ST": _Walk.open_set,
    "SE": _Walk.close_set,
    "GE": _Walk.close_group,
    "IEA": _Walk.close_interchange,
}


def _is_count(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12 and int(text) == count


def _is_same(text: str, control: str) -> bool:
    """Control numbers are numbers: some senders pad one end and not the other."""
    return text.lstrip("0") == control.lstrip("0")


def _demand(rule: str, position: int, expected: str, found: str, holds: bool) -> None:
    if not holds:
        raise _rejected(rule, position, expected, found)


def _issue(rule: str, position: int, expected: str, found: str) -> Issue:
    return Issue(rule, f"segment {position}", rule.removeprefix("X12-"), expected, found[:80])


def _rejected(rule: str, position: int, expected: str, found: str) -> FileRejected:
    return FileRejected(_issue(rule, position, expected, found))
