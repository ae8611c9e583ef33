"""Which category a charge has, by the words of its source. Pure."""

from __future__ import annotations

import re

from billing_sources.adapter import Vocabulary
from billing_sources.canonical import Category

_WORD = re.compile(r"\w+")
_REMEMBERED = 1 << 16


class Terms:
    """Looks candidates up in a vocabulary, best first: the class code, the item name, its longest declared prefix of
    whole words, and last the unit of measure as `unit XYZ`. Item names repeat, so verdicts are remembered.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._verdicts: dict[tuple[str, str, str], Category | None] = {}

    def category(self, class_code: str, name: str, unit: str) -> Category | None:
        """None when the vocabulary declares no candidate."""
        key = (class_code, name, unit)
        if key not in self._verdicts:
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            self._verdicts[key] = self._look_up(class_code, name, unit)
        return self._verdicts[key]

    def _look_up(self, class_code: str, name: str, unit: str) -> Category | None:
        prefixes = [name[: word.end()] for word in _WORD.finditer(name)]
        for candidate in (class_code, name, *reversed(prefixes), f"unit {unit}"):
            category = self._vocabulary.category(candidate)
            if category is not None:
                return category
        return None
