"""Faults that can be planted in a generated file: a closed list, and what a format adds to it. Pure.

A fault changes the written text of one bill, or the way the file ends; everything else in the file stays true, so
that what a reader finds is what was planted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing_sources.generator.format import Spoil

UNKNOWN_TERM = "Orbital relay levy"

FAULTS = {
    "truncated": "the file ends in the middle of a bill",
    "wrong_trailer": "the trailer declares one bill more than the file holds",
    "wrong_total": "one bill's total is 100.00 more than its charges",
    "unknown_term": "one charge has a term that no vocabulary knows",
    "duplicate_bill": "one bill stands in the file twice",
    "bad_date": "one bill is dated the 41st of the 13th month",
    "bad_amount": "one bill has an amount that is no number",
    "reissue": "a second file follows: bills of the month before, the same numbers with lowered amounts",
}


@dataclass(frozen=True)
class PlantedFault:
    """What was planted and which rule is to fire. `number` is the bill's, "" where the whole file is at fault."""

    fault: str
    number: str
    rule: str


EVERYWHERE = {"unknown_term": "VOCAB-01", "duplicate_bill": "DUP-01"}
"""Fault → the first rule that fires, whatever the system. A reissue is no error: it makes new revisions."""
FILE_FAULTS = frozenset({"truncated", "wrong_trailer", "reissue"})
"""Faults of the whole file rather than of one bill."""


def check_faults(faults: tuple[str, ...], own: Mapping[str, str]) -> None:
    """Raises ValueError for a fault that is neither on the list nor the system's own."""
    known = {**FAULTS, **own}
    unknown = sorted(set(faults) - known.keys())
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; choose from {', '.join(known)}")


def substitute(pattern: bytes, replacement: bytes) -> Spoil:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub(replacement, text, count=1)


def hundred_more(pattern: bytes) -> Spoil:
    """Adds 100.00 to the amount that group 2 of the pattern finds, in cents with or without a point."""
    compiled = re.compile(pattern)

    def change(match: re.Match[bytes]) -> bytes:
        text = match[2].decode()
        raised = str(int(text.replace(".", "")) + 10000)
        return match[1] + (f"{raised[:-2]}.{raised[-2:]}" if "." in text else raised).encode()

    return lambda text: compiled.sub(change, text, count=1)
