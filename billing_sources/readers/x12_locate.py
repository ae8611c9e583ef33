"""From an origin back to its segments: those of a charge with the loops around it, or the heading of a bill. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from billing_sources.adapter import Cell, Excerpt, FieldMap, Locate
from billing_sources.readers.x12 import Segment, segments
from billing_sources.readers.x12_envelope import element

_ORIGIN = re.compile(r"(set [^,]*, )?segment ([0-9]{1,12})", re.ASCII)
_OPENS = frozenset({"HL", "IT1", "SLN", "SAC", "ITA", "TXI", "TDS", "CTT", "SE"})
"""What ends the description of a charge: the next of its kind, and what stands behind all of them."""
_OPENS_LINES, _SUMMARY = frozenset({"HL", "IT1"}), frozenset({"TDS", "CTT"})
_DETAIL = frozenset({"IT1", "SLN", "SAC", "ITA", "TXI"})


def locator(mapping: Sequence[FieldMap]) -> Locate:
    """Finds `segment 41` and `set 0001, segment 3`, its cells named as this mapping names them."""
    sources = frozenset(row.source for row in mapping)

    def locate(stream: BinaryIO, origin: str) -> Excerpt:
        asked = _ORIGIN.fullmatch(origin)
        if not asked:
            raise LookupError(origin)
        find = _bill if asked[1] else _charge
        return _excerpt(find(segments(stream), int(asked[2]), origin), sources)

    return locate


def _bill(walked: Iterator[Segment], position: int, origin: str) -> list[Segment]:
    """ST and the heading, and the summary behind the lines: all of the set that speaks of the whole bill."""
    header = next(islice(walked, position - 1, None), None) if position else None
    if header is None or header[0] != "ST":
        raise LookupError(origin)
    found, is_of_bill = [header], True
    for segment in walked:
        if segment[0] in _OPENS_LINES:
            is_of_bill = False
        elif segment[0] in _SUMMARY:
            is_of_bill = True
        if segment[0] == "SE":
            break
        if is_of_bill:
            found.append(segment)
    return found


def _charge(walked: Iterator[Segment], position: int, origin: str) -> list[Segment]:
    """The loops from the top down to the charge, each with what it says of itself; then the charge's own segments."""
    loops: dict[str, list[Segment]] = {}
    loop: list[Segment] = []
    for number, segment in enumerate(walked, 1):
        if number == position and segment[0] in _DETAIL:
            return [*_above(loops, loop), segment, *_description(walked)]
        if segment[0] == "ST":
            loops, loop = {}, []
        elif segment[0] == "HL":
            loop = loops[element(segment, 1)] = [segment]
        elif segment[0] in _DETAIL:
            loop = loop[:]  # what follows describes a charge of the loop, not the loop
        elif loop:
            loop.append(segment)
        if number >= position:
            break
    raise LookupError(origin)


def _above(loops: dict[str, list[Segment]], loop: list[Segment]) -> Iterator[Segment]:
    chain: list[list[Segment]] = []
    number = element(loop[0], 1) if loop else ""
    while number in loops and loops[number] not in chain:
        chain.append(loops[number])
        number = element(loops[number][0], 2)
    return (segment for one in reversed(chain) for segment in one)


def _description(walked: Iterator[Segment]) -> Iterator[Segment]:
    for segment in walked:
        if segment[0] in _OPENS:
            return
        yield segment


def _excerpt(found: Sequence[Segment], sources: Collection[str]) -> Excerpt:
    cells = (cell for segment in found for cell in _cells(segment, sources))
    return Excerpt("\n".join("*".join(segment) for segment in found), tuple(cells))


def _cells(segment: Segment, sources: Collection[str]) -> Iterator[Cell]:
    """Each element that holds something, with the qualifiers that the mapping asks for in its name."""
    tag, first, second = segment[0], element(segment, 1), element(segment, 2)
    for at, text in enumerate(segment[1:], 1):
        if text:
            plain = f"{tag}{at:02}"
            names = (f"{plain}*{first}*{second}", f"{plain}*{first}")
            yield Cell(next((name for name in names if name in sources), plain), text)
