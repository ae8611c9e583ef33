"""The heading and summary of a bill, read by the rows of its source's mapping. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_sources.canonical import Issue
from billing_sources.readers.values import ZERO, Unreadable
from billing_sources.readers.x12 import Segment
from billing_sources.readers.x12_envelope import element
from billing_sources.readers.x12_table import Rule, Table
from billing_sources.readers.x12_values import Value

_ADDRESS = frozenset({"N2", "N3", "N4"})
_WITH_ADDRESS = frozenset({"name and address lines", "address lines"})
_IN_PARTY = _ADDRESS | {"PER", "REF"}  # a REF behind an N1 is the party's (its bank account, say), not the bill's
_NOTHING: tuple[int, dict[str, tuple[Rule, ...]]] = (0, {})


class BillRefused(Exception):
    """One bill cannot be read; the issue says why."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.rule)
        self.issue = issue


class Heading:
    """Texts the mapping asks for, the first of each kind, and their values."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._stated: dict[str, list[Rule]] = {}  # by canonical field
        self._texts: dict[int, str] = {}  # by row of the mapping
        self._positions: dict[int, int] = {}
        self._in_party = False
        self._addresses: list[int] = []

    def collect(self, segment: Segment, position: int) -> None:
        """Keep what the mapping asks for of one segment."""
        tag = segment[0]
        if self._in_party and tag in _IN_PARTY:
            if tag in _ADDRESS:
                self._extend_addresses(segment)
            return
        self._in_party = tag == "N1"
        self._addresses = []
        count, by_qualifiers = self._table.heading.get(tag, _NOTHING)
        for rule in by_qualifiers.get("*".join(segment[1 : 1 + count]), ()):
            if text := element(segment, rule.element):
                self._keep(rule, text, position)

    def texts(self, field: str) -> dict[str, str]:
        """Everything stated for a canonical field, as it stands, by source."""
        return {rule.source: self._texts[rule.row] for rule in sorted(self._stated.get(field, ()))}

    def word(self, field: str) -> str:
        value = self.value(field)
        return value if isinstance(value, str) else ""

    def money(self, field: str) -> Decimal | None:
        value = self.value(field)
        return value if isinstance(value, Decimal) else None

    def day(self, field: str, billed_on: date = date.min) -> date | None:
        value = self.value(field, billed_on)
        return value if isinstance(value, date) else None

    def lines(self, field: str) -> tuple[str, ...]:
        value = self.value(field)
        return value if isinstance(value, tuple) else ()

    def value(self, field: str, billed_on: date = date.min) -> Value:
        """The first value stated for a canonical field, or their sum where the mapping adds them up.

        Raises `BillRefused` where a text is not what its row says.
        """
        total = None
        for rule in sorted(self._stated.get(field, ())):  # by row: in order of preference
            value = self._transformed(rule, billed_on)
            if value is None:
                continue
            if rule.transform != "amount, added up":
                return value
            if isinstance(value, Decimal):
                total = (total or ZERO) + value
        return total

    def _keep(self, rule: Rule, text: str, position: int) -> None:
        if rule.row not in self._texts:
            self._texts[rule.row], self._positions[rule.row] = text, position
            self._stated.setdefault(rule.field, []).append(rule)
            if rule.transform in _WITH_ADDRESS:
                self._addresses.append(rule.row)
        elif rule.transform == "joined lines":
            self._texts[rule.row] += f"\n{text}"

    def _extend_addresses(self, segment: Segment) -> None:
        line = " ".join(filter(None, segment[1:]))
        for row in self._addresses:
            self._texts[row] += f"\n{line}" if line else ""

    def _transformed(self, rule: Rule, billed_on: date = date.min) -> Value:
        text = self._texts[rule.row]
        try:
            return rule.apply(text, billed_on)
        except Unreadable as problem:
            position = f"segment {self._positions[rule.row]}"
            raise BillRefused(Issue("X12-VALUE", position, rule.source, str(problem), text[:80])) from problem
