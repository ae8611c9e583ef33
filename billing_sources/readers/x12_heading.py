"""The heading and summary of a bill, read by the rows of its source's mapping. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_sources.canonical import Issue
from billing_sources.readers.x12 import Segment
from billing_sources.readers.x12_envelope import element
from billing_sources.readers.x12_table import Rule, Table
from billing_sources.readers.x12_values import TRANSFORMS, ZERO, Unreadable, Value, amount

_ADDRESS = frozenset({"N2", "N3", "N4"})
_IN_PARTY = _ADDRESS | {"PER", "REF"}  # a REF behind an N1 is the party's (its bank account, say), not the bill's


class BillRefused(Exception):
    """One bill cannot be read; the issue says why."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.rule)
        self.issue = issue


class Heading:
    """Texts the mapping asks for, the first of each kind, and their values."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._texts: dict[Rule, str] = {}
        self._positions: dict[Rule, int] = {}
        self._in_party = False
        self._addresses: list[Rule] = []

    def collect(self, segment: Segment, position: int) -> None:
        """Keep what the mapping asks for of one segment."""
        if self._in_party and segment[0] in _IN_PARTY:
            self._extend_addresses(segment)
            return
        self._in_party = segment[0] == "N1"
        self._addresses = []
        for key in _keys(segment):
            for rule in self._table.heading.get(key, ()):
                self._keep(rule, element(segment, rule.element), position)

    def texts(self, field: str) -> dict[str, str]:
        """Everything stated for a canonical field, as it stands, by source."""
        return {rule.source: self._texts[rule] for rule in self._table.fields.get(field, ()) if rule in self._texts}

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
        stated = [rule for rule in self._table.fields.get(field, ()) if rule in self._texts]
        if stated and stated[0].transform == "amount, added up":
            return sum((amount(self._texts[rule]) for rule in stated), ZERO)
        return next((value for rule in stated if (value := self._transformed(rule, billed_on)) is not None), None)

    def _keep(self, rule: Rule, text: str, position: int) -> None:
        if not text:
            return
        if rule not in self._texts:
            self._texts[rule], self._positions[rule] = text, position
            if rule.transform == "name and address lines":
                self._addresses.append(rule)
        elif rule.transform == "joined lines":
            self._texts[rule] += f"\n{text}"

    def _extend_addresses(self, segment: Segment) -> None:
        line = " ".join(part for text in segment[1:] if (part := text.strip()))
        if segment[0] in _ADDRESS and line:
            for rule in self._addresses:
                self._texts[rule] += f"\n{line}"

    def _transformed(self, rule: Rule, billed_on: date) -> Value:
        text = self._texts[rule]
        try:
            return TRANSFORMS[rule.transform](text, billed_on)
        except Unreadable as problem:
            position = f"segment {self._positions[rule]}"
            raise BillRefused(Issue("X12-VALUE", position, rule.source, str(problem), text[:80])) from problem


def _keys(segment: Segment) -> list[str]:
    """What a segment can be asked for: its tag, with one qualifier, with two."""
    qualified = [segment[0], *(text.strip() for text in segment[1:3])]
    return ["*".join(qualified[:count]) for count in range(1, len(qualified) + 1)]
