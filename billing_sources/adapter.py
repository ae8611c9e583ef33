"""A billing source as a value: transport + reader + mapping + vocabulary. Pure.

There is no base class to override and nothing is discovered: an adapter is one `Adapter(...)` in one file,
named in `billing_sources.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from billing_sources.canonical import CanonicalInvoice, Category, ControlTotals, Issue
from billing_sources.transports import Transport

Parsed = CanonicalInvoice | Issue | ControlTotals
"""What reading yields, in file order. An `Issue` with a number stands for a bill that could not be read;
`ControlTotals` may come at any time (a header, a trailer) and more than once: they are added up."""

Read = Callable[[BinaryIO, "Adapter"], Iterator[Parsed]]
"""Streams a file. Raises `FileRejected` when the file as a whole cannot be read."""


@dataclass(frozen=True)
class FieldMap:
    """One line of the mapping, as `describe_source` prints it."""

    canonical: str
    source: str
    transform: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Source term → category. Terms are compared case-folded, with runs of white space as one blank."""

    version: int
    terms: dict[str, Category]

    def category(self, term: str) -> Category | None:
        """The category, or None: an unknown term is the caller's to report, never to guess."""
        return self.terms.get(" ".join(term.casefold().split()))


class Cell(NamedTuple):
    """One field of a raw record. `source` is the field's name as the mapping writes it (`FieldMap.source`)."""

    source: str
    text: str


class Excerpt(NamedTuple):
    """A raw record as a person reads it: its text decoded, and its fields in order."""

    text: str
    cells: tuple[Cell, ...]


Locate = Callable[[BinaryIO, str], Excerpt]
"""The raw record behind an `origin` that this source's reader wrote. Raises LookupError where there is none."""


class Outcome(NamedTuple):
    """What became of a file, for the system that sent it."""

    name: str
    is_accepted: bool  # False: held whole
    bills: int
    amount: Decimal
    held: int
    issues: tuple[Issue, ...]
    ended_at: datetime


class Reply(NamedTuple):
    """A file for the system that sent ours."""

    name: str
    content: bytes


Acknowledge = Callable[[BinaryIO, Outcome], list[Reply]]
"""The source's acknowledgements of a file (TA1 and 997, a count file), from its bytes and what became of it."""


@dataclass(frozen=True)
class Adapter:
    """One billing system."""

    key: str
    title: str
    plays: str  # one sentence: what kind of system this is
    default_currency: str
    transport: Transport
    read: Read
    mapping: tuple[FieldMap, ...]
    vocabulary: Vocabulary
    level_names: tuple[str, ...]  # what its account tiers are called, top first
    mapping_version: int = 1
    read_control: Callable[[bytes], ControlTotals] | None = None  # its control file, beside the bill file
    control_suffix: str = ""  # behind the bill file's name
    locate: Locate | None = None
    has_relative_origins: bool = False  # a charge's origin is within its bill's: asked for as "bill, charge"
    acknowledge: Acknowledge | None = None
