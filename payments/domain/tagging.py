"""Names of tags as people type them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from payments.domain.refusals import Refusal, Rule

LONGEST_TAG: Final = 40
MOST_TAGS: Final = 20  # on one invoice, by hand


def read_tags(text: str) -> tuple[str, ...]:
    """“CC 4410, Mobile” as names in their order, each once."""
    names = (" ".join(part.split()) for part in text.split(","))
    return tuple(dict.fromkeys(filter(None, names)))


def why_not_tags(names: Iterable[str]) -> Refusal | None:
    names = tuple(names)
    if any(len(name) > LONGEST_TAG or "\x00" in name or "," in name for name in names):
        return Refusal(Rule.TEXT, f"A tag has a name of at most {LONGEST_TAG} characters, without a comma.")
    if len(names) > MOST_TAGS:
        return Refusal(Rule.TEXT, f"An invoice has at most {MOST_TAGS} tags of its own.")
    return None
