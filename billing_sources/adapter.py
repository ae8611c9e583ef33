"""A billing source as a value: transport + reader + mapping + vocabulary. Pure.

There is no base class to override and nothing is discovered: an adapter is one `Adapter(...)` in one file,
named in `billing_sources.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

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
