"""Lines → sheets of paper, each with what it brings forward and carries forward. Pure.

A page break that the renderer chooses cannot be added up, so the sheets are cut here, by a cautious estimate of each
row's height. Should an estimate ever be too low, the renderer breaks a sheet once more and repeats its column heads:
the subtotals still belong to the lines above them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from remittance.advice import AdviceLine, RemittanceAdvice, Totals, add_up

# Points, as static/css/paper.css sets them; A4 less its margins is 728 high.
PAGE_HEIGHT = 720
ROW, TEXT_LINE, NOTE_LINE = 13, 11, 10
FIRST_HEAD, LATER_HEAD = 150, 72
FOOT = 196  # totals and the part to tear off
CARRIED = 24
INVOICE_WIDTH, ACCOUNT_WIDTH = 98, 175
TEXT_SIZE, NOTE_SIZE = 8.6, 7.2
_BLANK = 0.3  # ems


@dataclass(frozen=True)
class Sheet:
    """One sheet. `brought` is the sum of the sheets before, `carried` the same with this one's lines."""

    number: int
    lines: tuple[AdviceLine, ...]
    brought: Totals
    carried: Totals
    is_last: bool


def cut(advice: RemittanceAdvice) -> list[Sheet]:
    """The advice's lines on as many sheets as they need; the last also has room for totals and the tear-off part."""
    sheets: list[Sheet] = []
    running = Totals()
    groups = list(_groups(advice))
    for number, lines in enumerate(groups, start=1):
        after = add_up(lines, running)
        sheets.append(Sheet(number, lines, running, after, is_last=number == len(groups)))
        running = after
    return sheets


def note_of(line: AdviceLine) -> str:
    """The small print under a line: why it is short-paid, and what else there is to say."""
    reason = f"426\u00b7{line.x12_reason} {line.reason}" if line.short_paid else ""
    disputed = f"disputed as {line.disputes}" if line.disputes else ""
    return " \u00b7 ".join(part for part in (reason, disputed, line.note) if part)


def _groups(advice: RemittanceAdvice) -> Iterator[tuple[AdviceLine, ...]]:
    left = list(advice.lines)
    room = PAGE_HEIGHT - FIRST_HEAD - _address_height(advice)
    while sum(map(_height, left)) > room - FOOT:
        fits = min(_how_many_fit(left, room - CARRIED), len(left) - 1) or 1
        yield tuple(left[:fits])
        left = left[fits:]
        room = PAGE_HEIGHT - LATER_HEAD
        if not left:
            return
    yield tuple(left)


def _how_many_fit(lines: Sequence[AdviceLine], room: float) -> int:
    used = 0.0
    for count, line in enumerate(lines):
        used += _height(line)
        if used > room:
            return count
    return len(lines)


def _address_height(advice: RemittanceAdvice) -> float:
    return TEXT_LINE * sum(_rows(line, ACCOUNT_WIDTH, TEXT_SIZE) for line in (*advice.payee.lines, *advice.payer.lines))


def _height(line: AdviceLine) -> float:
    account = _rows(f"{line.account_label} {line.system}", ACCOUNT_WIDTH, TEXT_SIZE)
    text = max(_rows(line.invoice, INVOICE_WIDTH, TEXT_SIZE), account)
    note = note_of(line)
    return ROW + TEXT_LINE * text + (NOTE_LINE * _rows(note, ACCOUNT_WIDTH, NOTE_SIZE) if note else 0)


def _rows(text: str, width: float, size: float) -> int:
    """How many rows the text takes: words are filled in one after the other, and one too long for a row is broken."""
    rows, used = 1, 0.0
    for word in text.split():
        needed = size * sum(map(_em, word))
        if used and used + needed > width:
            rows, used = rows + 1, 0.0
        while needed > width:
            rows, needed = rows + 1, needed - width + size
        used += needed + size * _BLANK
    return rows


def _em(sign: str) -> float:
    """A sign's width in ems, on the wide side; what is not Latin is taken as square."""
    if sign in "MWmw@%" or sign > "\u024f":
        return 1.1
    return 0.8 if sign.isupper() else 0.62
