"""What stands in a column: how full it is, its codes, days, signs and sum. Pure.

Memory is bounded: a file's columns share one allowance of remembered texts; a column that would go beyond it, or beyond
its own, is said to have "more than" so many, and its figures go on being counted.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

from billing_sources.profiling.values import days, figure

MOST_VALUES = 20_000  # remembered of one column
MOST_OF_ALL = 300_000  # of all columns of a file
LONGEST_KEPT = 60  # characters


class Allowance:
    """How many texts may still be remembered."""

    def __init__(self, left: int = MOST_OF_ALL) -> None:
        self.left = left


class Column:
    """One column, or one field of a record."""

    def __init__(self, name: str, allowance: Allowance) -> None:
        self.name = name
        self.rows = self.filled = self.longest = 0
        self.values: Counter[str] = Counter()
        self.is_counted_whole = True
        self.is_repeated = False
        self.first = ""
        self.total = Decimal(0)
        self.figures = 0
        self.signs: Counter[str] = Counter()
        self.has_decimals = False
        self.days: dict[str, tuple[date, date]] | None = None
        self._allowance = allowance

    def add(self, text: str) -> None:
        self.rows += 1
        text = text.strip()
        if not text:
            return
        self.filled += 1
        self.first = self.first or text[:LONGEST_KEPT]
        self.longest = max(self.longest, len(text))
        self._remember(text)
        self._as_figure(text)
        self._as_day(text)

    @property
    def is_key(self) -> bool:
        """Full, and never the same twice."""
        return self.rows > 1 and self.filled == self.rows and self.is_counted_whole and not self.is_repeated

    @property
    def is_figure(self) -> bool:
        return self.filled > 0 and self.figures == self.filled

    @property
    def is_money(self) -> bool:
        """Figures with decimals, or with a sign: a plain whole number may be anything."""
        return self.is_figure and not self.patterns and (self.has_decimals or bool(self.signs))

    @property
    def patterns(self) -> dict[str, tuple[date, date]]:
        """The patterns that every filled value fits, with the first and the last day."""
        return self.days or {}

    def options(self) -> list[str]:
        """The options of an amount that reads these figures."""
        known = ("decimal comma", "thousands", "minus behind", "CR behind")
        return [option for option in known if self.signs[option]]

    def _remember(self, text: str) -> None:
        if text in self.values:
            self.values[text] += 1
            self.is_repeated = True
        elif len(self.values) < MOST_VALUES and self._allowance.left > 0 and len(text) <= LONGEST_KEPT:
            self.values[text] = 1
            self._allowance.left -= 1
        else:
            self.is_counted_whole = False

    def _as_figure(self, text: str) -> None:
        if found := figure(text):
            self.figures += 1
            self.total += found.value
            self.signs.update(found.signs)
            self.has_decimals = self.has_decimals or found.value != found.value.to_integral_value() or "." in text

    def _as_day(self, text: str) -> None:
        if self.days == {}:
            return
        found = days(text)
        before = self.days if self.days is not None else {pattern: (on, on) for pattern, on in found.items()}
        self.days = {
            pattern: (min(before[pattern][0], on), max(before[pattern][1], on))
            for pattern, on in found.items()
            if pattern in before
        }
