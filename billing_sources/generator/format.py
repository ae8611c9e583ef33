"""What the generator knows of one billing system, as a value. Pure.

A further system is one file: its writer and its `Format`, named in `formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from billing_sources.generator.bill import Bill
    from billing_sources.generator.carrier import RemitTo
    from billing_sources.generator.plan import CycleOrder

Spoil = Callable[[bytes], bytes]
"""Puts a fault into the written bytes of one bill."""


class Market(StrEnum):
    """Whose sites a system serves; products and taxes follow."""

    AMERICA = "America"  # sales taxes by jurisdiction, surcharges
    EUROPE = "Europe"  # value added tax by category


class Writer(Protocol):
    """Writes one file: `head`, then `bill` for each bill, then `tail`."""

    def head(self) -> bytes: ...

    def bill(self, bill: Bill) -> bytes: ...

    def tail(self, false_count: int = 0) -> bytes:
        """What ends the file; `false_count` is added to the number of bills it declares."""
        ...


class Numbering(NamedTuple):
    """Bill numbers: (letter of the system and cycle, bill date, counter) written, and date and counter read back.

    `read` raises ValueError for any other text.
    """

    write: Callable[[str, date, int], str]
    read: Callable[[str], tuple[date, int]]


class AccountIds(NamedTuple):
    """External ids: of an account (cycle in two digits, digits of the customer's number, ordinal; 0 is the customer's
    own node), and of a site below one (the account's id, position of the site from 1, its name)."""

    account: Callable[[str, str, int], str]
    site: Callable[[str, int, str], str]


@dataclass(frozen=True, eq=False)
class Format:
    """One billing system's files. Rules and spoils are by fault: which rule is to fire, and how a bill is spoilt."""

    key: str
    suffix: str  # of its files
    writer: Callable[[CycleOrder], Writer]
    market: Market
    currencies: tuple[str, ...]
    remit_to: RemitTo
    numbering: Numbering
    account_ids: AccountIds
    charges_per_line: int  # hundredths: its month, often use, at times equipment or set-up
    rules: Mapping[str, str]
    spoils: Mapping[str, Spoil]
    own_faults: Mapping[str, str] = field(default_factory=dict)  # faults that no other system has → what they mean
    file_faults: frozenset[str] = frozenset()  # those of them that the writer plants in the file, not in one bill
    carries_balances: bool = False  # most of its bills are statements, balance forward
    credits_are_positive: bool = False  # a credit note prints what it gives back without a sign
    has_document_terms: bool = False  # allowances and charges on the whole bill, prepaid amounts, rounded payables
    calls: int = 0  # usage records behind a usage charge, on average; 0: it writes none
    control: Callable[[Writer, str], bytes] | None = None  # its control file, from the writer and the file's sha256
    control_suffix: str = ""  # behind the bill file's name

    @property
    def letter(self) -> str:
        return self.key[0].upper()
