"""Text that was copied out of a spreadsheet, or typed as a list, as a table of cells. Pure.

Nothing is left out but empty lines: every row keeps the number of its line, and a row that is shorter than others is
filled up with empty cells.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 40
LONGEST_TEXT: Final = 4_000_000  # characters
_DECIMALS: Final = re.compile(r"\d[.,]\d{1,2}\)?-?$")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\ufeff]")


class TooMuch(Exception):
    """More than can be worked on at once; the words are for people."""


@dataclass(frozen=True)
class Table:
    """`rows` are of one width; `lines` names each by the line of the text where it began, counted from 1 (by its place
    where the text is a list in one line)."""

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0


def read_table(text: str) -> Table:
    """Tabs, semicolons, commas or one column, as it comes. Raises `TooMuch`."""
    if len(text) > LONGEST_TEXT:
        raise TooMuch(f"This text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be pasted at once.")
    plain = _plain(text)
    found = _listed(plain) or _parted(plain, _delimiter(plain))
    filled = [(at, cells) for at, cells in found if any(cells)]
    width = max((_width(cells) for _, cells in filled), default=0)
    _refuse_too_much(len(filled), width)
    rows = tuple(tuple((cells + [""] * width)[:width]) for _, cells in filled)
    return Table(rows, tuple(at for at, _ in filled))


def _plain(text: str) -> str:
    """Every kind of space is a space, and full-width figures are figures; what cannot be seen is left out."""
    one_end = text.replace("\r\n", "\n").replace("\r", "\n")
    if one_end.isascii():
        return _CONTROL.sub("", one_end)
    return _CONTROL.sub("", unicodedata.normalize("NFKC", one_end.replace("\x85", "\n").replace("\u2028", "\n")))


def _listed(text: str) -> list[tuple[int, list[str]]]:
    """Numbers in one line, with commas or semicolons between them, are a column; nothing where it is anything else."""
    line = text.strip()
    mark = next((mark for mark in ";," if mark in line), "\n")
    parts = [part.strip() for part in line.split(mark) if part.strip()]
    is_list = len(parts) > 2 and not any(sign in line for sign in '\n\t"') and _are_alike(parts)
    return [(at, [part]) for at, part in enumerate(parts, 1)] if is_list else []


def _are_alike(parts: list[str]) -> bool:
    """All with figures, none an amount, none more than twice as long as another."""
    lengths = [len(part) for part in parts]
    numbers = all(any(sign.isdigit() for sign in part) and not _DECIMALS.search(part) for part in parts)
    return numbers and max(lengths) <= 2 * min(lengths)


def _delimiter(text: str) -> str:
    """What parts the cells: a tab wherever there is one, else what parts most lines into equally many."""
    if "\t" in text:
        return "\t"
    lines = [line for line in text.split("\n", 400)[:400] if line.strip()]
    return next((mark for mark in (";", ",", "|") if _parts_evenly(lines, mark)), "\t")


def _parts_evenly(lines: list[str], mark: str) -> bool:
    counts = Counter(len(cells) for _, cells in _parted("\n".join(lines), mark))
    widest, how_often = counts.most_common(1)[0] if counts else (0, 0)
    if widest < 2 or how_often * 10 < len(lines) * 8:
        return False
    return mark != "," or not all(_is_amount_alone(line) for line in lines[1:] or lines)


def _is_amount_alone(line: str) -> bool:
    """1,234.56 in a column of its own: its commas part nothing."""
    return bool(re.fullmatch(r"[-(]?[^\w\"]?\s?\d{1,3}(,\d{2,3})*(\.\d+)?[-)]?|[-(]?\d+,\d{2}[-)]?", line.strip()))


def _parted(text: str, mark: str) -> list[tuple[int, list[str]]]:
    """Cells in quotes may hold anything; where the quotes do not pair up they are signs like all others."""
    lines = text.split("\n")
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=mark, strict=True)
    rows, began = [], 1
    try:
        for cells in reader:
            rows.append((began, [" ".join(cell.split()) for cell in cells]))
            began = reader.line_num + 1
    except csv.Error:
        return [(at, [" ".join(cell.split()) for cell in line.split(mark)]) for at, line in enumerate(lines, 1)]
    return rows


def _width(cells: list[str]) -> int:
    return max((at for at, cell in enumerate(cells, 1) if cell), default=0)


def _refuse_too_much(rows: int, width: int) -> None:
    if rows > MOST_ROWS:
        raise TooMuch(f"These are {rows:,} rows; at most {MOST_ROWS:,} can be pasted at once. Paste them in parts.")
    if width > MOST_COLUMNS:
        raise TooMuch(f"These are {width} columns; at most {MOST_COLUMNS} can be pasted at once. Leave some out.")
