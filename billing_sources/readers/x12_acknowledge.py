"""TA1 and 997: what the sender of an X12 file hears of it. Pure. X12 004010, elements I17, I18, 715, 717, 718, 720.

Each interchange is answered by one with the sender's delimiters and control numbers: a TA1, and behind it a 997 for
each group. A set is accepted where its bill was published, rejected where it is held; so the counts of AK9 are those
of the file's proof. An interchange that cannot be read gets a TA1 alone. Acknowledgements are never acknowledged.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from sys import intern
from typing import BinaryIO, TypeVar

import msgspec

from billing_sources.adapter import Outcome, Reply
from billing_sources.canonical import FileRejected, Issue
from billing_sources.readers.x12 import Delimiters, Segment, read_delimiters, sought
from billing_sources.readers.x12_envelope import element

_NOTES = {
    "X12-IEA": "023",  # improper (premature) end of file
    "X12-IEA01": "021",  # invalid number of included groups
    "X12-IEA02": "001",  # control numbers of header and trailer do not match
    "X12-ENVELOPE": "022",  # invalid control structure
    "X12-ISA": "022",
    "X12-SEGMENT": "004",  # invalid segment terminator
    "X12-GE": "024",  # invalid interchange content
    "X12-GE01": "024",
    "X12-GE02": "024",
    "X12-NUL": "024",
}
"""Rules that leave an interchange unread, and the note (I18) that fits."""

_SET_ERRORS = {"X12-ST01": "1", "X12-SE": "2", "X12-SE02": "3", "X12-SE01": "4"}
_SEGMENTS_IN_ERROR, _HAS_ELEMENT_ERRORS = "5", "8"
_SEGMENT = re.compile(r"segment (\d+)")
_HEAD_BYTES = 1_000
_AROUND = " \t\r\n\ufeff"


class _Set(msgspec.Struct, gc=False):
    """ST … SE: where it begins, and what is wrong with it. A large file has a hundred thousand of them."""

    kind: str
    control: str
    first: int
    verdict: str = "A"
    error: str = ""
    notes: tuple[str, ...] = ()  # AK3, without its terminator


class _Group(msgspec.Struct):
    header: Segment
    first: int
    sets: list[_Set] = []
    declared: str = ""


class _Interchange(msgspec.Struct):
    header: Segment
    first: int
    groups: list[_Group] = []
    note: str = "000"


_Placed = TypeVar("_Placed", _Set, _Interchange)


def acknowledge(stream: BinaryIO, outcome: Outcome) -> list[Reply]:
    """One file of answers; none where not even the beginning of an interchange could be read."""
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    encoding = _encoding(head)
    text = head.decode(encoding, "ignore").lstrip(_AROUND)
    delimiters = read_delimiters(text)
    if delimiters is None or not text.startswith("ISA"):
        return []
    located = [(place, issue) for issue in outcome.issues if (place := _place(issue))]
    interchanges, tags = _walk(stream, {place for place, _ in located})
    interchanges = interchanges or [_Interchange(text.split(delimiters.terminator)[0].split(delimiters.element), 1)]
    _judge(interchanges, outcome, located, tags, delimiters.element)
    lines = [line for one in interchanges for line in _answer(one, delimiters, outcome.ended_at)]
    content = "".join(f"{line}{delimiters.terminator}\n" for line in lines)
    control = element(interchanges[0].header, 13)
    return [Reply(f"{outcome.name}.{control if control.isalnum() else 0}.997", content.encode(encoding, "replace"))]


def _walk(stream: BinaryIO, places: Collection[int]) -> tuple[list[_Interchange], dict[int, str]]:
    """The envelopes as far as they can be read, and the tags of the segments that issues speak of."""
    interchanges: list[_Interchange] = []
    tags: dict[int, str] = {}
    try:
        for place, segment in sought(stream, _ENVELOPE, places):
            if place in places:
                tags[place] = segment[0]
            _enter(interchanges, segment, place)
    except FileRejected:
        pass  # as the reader found before us: it is among the issues
    return interchanges, tags


_ENVELOPE = ("ISA", "GS", "ST", "GE")


def _enter(interchanges: list[_Interchange], segment: Segment, position: int) -> None:
    """What stands outside of its envelope is left out; the reader has rejected the file for it."""
    groups = interchanges[-1].groups if interchanges else []
    if segment[0] == "ISA":
        interchanges.append(_Interchange(segment, position))
    elif segment[0] == "GS" and interchanges:
        groups.append(_Group(segment, position))
    elif segment[0] == "ST" and groups:
        groups[-1].sets.append(_Set(intern(element(segment, 1)), element(segment, 2), position))
    elif segment[0] == "GE" and groups:
        groups[-1].declared = element(segment, 1)


def _judge(
    interchanges: list[_Interchange],
    outcome: Outcome,
    located: Iterable[tuple[int, Issue]],
    tags: dict[int, str],
    mark: str,
) -> None:
    sets = [one for interchange in interchanges for group in interchange.groups for one in group.sets]
    for place, issue in located:
        if found := _last(sets, place):
            _note(found, issue, place - found.first + 1, tags.get(place, ""), mark)
    if not outcome.is_accepted:
        for one in sets:
            one.verdict = "R"
        unread = next((issue for issue in outcome.issues if issue.rule in _NOTES), None)
        if unread:
            broken = _last(interchanges, _place(unread)) or interchanges[-1]
            broken.note, broken.groups = _NOTES[unread.rule], []


def _note(found: _Set, issue: Issue, place: int, tag: str, mark: str) -> None:
    """What of an issue concerns the sender: bills that are held, and X12 that is not as it should be."""
    is_syntax = issue.rule.startswith("X12-")
    if issue.is_fatal:
        found.verdict, found.error = "R", _SET_ERRORS.get(issue.rule, _SEGMENTS_IN_ERROR)
    elif is_syntax and found.verdict == "A":
        found.verdict = "E"
    if is_syntax and issue.rule not in _SET_ERRORS and place > 1 and tag:
        found.notes += (mark.join(("AK3", tag, str(place), "", _HAS_ELEMENT_ERRORS)),)


def _answer(one: _Interchange, delimiters: Delimiters, at: datetime) -> Iterator[str]:
    """ISA TA1 (GS ST AK1 (AK2 (AK3) AK5) AK9 SE GE) IEA."""
    join = delimiters.element.join
    groups = [group for group in one.groups if element(group.header, 1) != "FA"]
    yield join(_isa(one.header, delimiters.component, at))
    stamp = (element(one.header, number) for number in (13, 9, 10))
    yield join(("TA1", *stamp, "A" if one.note == "000" else "R", one.note))
    for number, group in enumerate(groups, 1):
        control = element(group.header, 6)
        body = list(_functional(group, delimiters.element))
        yield join(_gs(group.header, at))
        yield join(("ST", "997", f"{number:04}"))
        yield from body
        yield join(("SE", str(len(body) + 2), f"{number:04}"))
        yield join(("GE", "1", control))
    yield join(("IEA", str(len(groups)), element(one.header, 13)))


def _functional(group: _Group, mark: str) -> Iterator[str]:
    verdicts = [one.verdict for one in group.sets]
    accepted = len(verdicts) - verdicts.count("R")
    yield mark.join(("AK1", element(group.header, 1), element(group.header, 6)))
    for one in group.sets:
        yield mark.join(("AK2", one.kind, one.control))
        yield from one.notes
        yield mark.join(("AK5", one.verdict, one.error)).rstrip(mark)
    declared = group.declared or str(len(verdicts))
    yield mark.join(("AK9", _group_verdict(verdicts, accepted), declared, str(len(verdicts)), str(accepted)))


def _group_verdict(verdicts: list[str], accepted: int) -> str:
    if accepted < len(verdicts):
        return "P" if accepted else "R"
    return "E" if "E" in verdicts else "A"


def _isa(sent: Segment, component: str, at: datetime) -> Iterator[str]:
    """From its receiver to its sender, at the widths that ISA keeps."""
    yield from ("ISA", "00", " " * 10, "00", " " * 10)
    for number, width in ((7, 2), (8, 15), (5, 2), (6, 15)):
        yield f"{element(sent, number):{width}}"
    yield from (f"{at:%y%m%d}", f"{at:%H%M}")
    yield from (element(sent, number) for number in (11, 12, 13))
    yield from ("0", element(sent, 15), component)


def _gs(sent: Segment, at: datetime) -> Iterator[str]:
    """The date as long as the sender writes it: six digits before 004010."""
    day = f"{at:%y%m%d}" if len(element(sent, 4)) == 6 else f"{at:%Y%m%d}"
    yield from ("GS", "FA", element(sent, 3), element(sent, 2), day, f"{at:%H%M}")
    yield from (element(sent, number) for number in (6, 7, 8))


def _place(issue: Issue) -> int:
    """The segment that an issue speaks of, 0 for none. A missing SE is noticed one segment too late."""
    found = _SEGMENT.search(issue.position)
    return int(found[1]) - (issue.rule == "X12-SE") if found else 0


def _last(things: list[_Placed], place: int) -> _Placed | None:
    """The one that a segment stands in."""
    return next((one for one in reversed(things) if one.first <= place), None)


def _encoding(head: bytes) -> str:
    """As the reader takes it: UTF-8 where it can be, else Latin-1."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
