"""The proof of a file as a person reads it: declared = read = loaded + held, by count and by money. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing_sources.staff.figures import exact


@dataclass(frozen=True)
class Figures:
    """One side of a proof, count or money; `declared` is None where the file declares nothing."""

    declared: Decimal | int | None
    read: Decimal | int
    loaded: Decimal | int
    held: Decimal | int


@dataclass(frozen=True)
class FileFacts:
    """`undecided` and `discarded` count the bills of the file that a person has not, or has, left out."""

    state: str
    bills: Figures
    amount: Figures
    undecided: int = 0
    discarded: int = 0


@dataclass(frozen=True)
class ProofRow:
    """One line of the proof, in texts."""

    label: str
    declared: str
    read: str
    loaded: str
    held: str
    word: str
    tone: str
    is_broken: bool


def proof_rows(file: FileFacts) -> tuple[ProofRow, ProofRow]:
    """Bills, then money."""
    return _row(file, "Bills", file.bills), _row(file, "Total due", file.amount)


def verdict(file: FileFacts) -> tuple[str, str]:
    """(word, tone) of the file as a whole."""
    return _STATES.get(file.state) or _verdict(file, file.bills)


_STATES = {
    "received": ("Waiting", "info"),
    "loading": ("Being read", "info"),
    "seen": ("Seen before", "off"),
    "quarantined": ("Held whole", "bad"),
    "discarded": ("Discarded", "off"),
}


def _row(file: FileFacts, label: str, figures: Figures) -> ProofRow:
    word, tone = _verdict(file, figures)
    return ProofRow(
        label=label,
        declared=_text(figures.declared),
        read=_text(figures.read),
        loaded=_text(figures.loaded),
        held=_text(figures.held),
        word=word,
        tone=tone,
        is_broken=tone in ("warn", "bad"),
    )


def _verdict(file: FileFacts, figures: Figures) -> tuple[str, str]:
    if file.state in ("received", "loading"):
        return "Not yet read", "info"
    if figures.declared not in (None, figures.read):
        return "Read is not what is declared", "bad"
    if file.state in ("quarantined", "discarded"):
        return "Nothing loaded", "bad" if file.state == "quarantined" else "off"
    if figures.read != figures.loaded + figures.held:
        return "Loaded and held are not what was read", "bad"
    return _held_verdict(file, figures)


def _held_verdict(file: FileFacts, figures: Figures) -> tuple[str, str]:
    if file.undecided:
        return (_held_words(figures), "warn") if figures.held else ("Ties", "good")
    if figures.held:
        return f"{_text(figures.held)} left out", "off"
    return "Ties" if figures.declared is not None else "Ties; none declared", "good"


def _held_words(figures: Figures) -> str:
    return f"{figures.held:,} held" if isinstance(figures.held, int) else f"{exact(figures.held)} held with them"


def _text(figure: Decimal | int | None) -> str:
    if figure is None:
        return "not declared"
    return f"{figure:,}" if isinstance(figure, int) else exact(figure)
