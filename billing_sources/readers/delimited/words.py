"""The words of a file: what its codes mean, and which category its terms have. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billing_sources.adapter import Vocabulary
from billing_sources.canonical import Category
from billing_sources.readers.delimited.shapes import Cell

_REMEMBERED = 1 << 16


class Verdict(NamedTuple):
    """What the vocabulary says to a charge's terms."""

    category: Category
    term: str
    is_mapped: bool


class Words:
    """Codes as the file explains them, terms as the vocabulary does. Terms repeat, so verdicts are remembered."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._codes: dict[str, dict[str, str]] = {}
        self._verdicts: dict[tuple[str, ...], Verdict] = {}

    def learn(self, record: str, code: str, text: str) -> None:
        self._codes.setdefault(record, {})[code] = text
        self._verdicts.clear()

    def text(self, cell: Cell, fields: Sequence[str]) -> str:
        """A code that nobody explained stands for itself."""
        text = fields[cell.at].strip()
        return self._codes.get(cell.codes, {}).get(text, text) if cell.codes else text

    def verdict(self, cells: tuple[Cell, ...], fields: Sequence[str]) -> Verdict:
        """Of the first term that is not blank; one that the vocabulary does not know is unmapped."""
        raw = tuple([fields[cell.at] for cell in cells])
        verdict = self._verdicts.get(raw)
        if verdict is None:
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            term = next(filter(None, (self.text(cell, fields) for cell in cells)), "")
            category = self._vocabulary.category(term)
            verdict = Verdict(category or Category.ADJUSTMENT, term, category is not None)
            self._verdicts[raw] = verdict
        return verdict
