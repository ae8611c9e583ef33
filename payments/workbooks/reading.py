"""Bytes → the cells of a workbook, or why not (invariants §5.5). Judged by content, never by name; nothing is executed.

What the directory of the archive admits is checked before anything is unfolded; then a process with bounded memory and
time reads it (`reading_child`).
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from payments.domain.refusals import Refused, Rule, refuse
from payments.domain.round_trip.cells import Formula
from payments.workbooks.reading_child import MOST_ROWS, UNREADABLE

LARGEST_BYTES: Final = 10 << 20
MOST_MEMBERS: Final = 200
MOST_UNFOLDED: Final = 64 << 20
MOST_RATIO: Final = 100  # how many times larger a member may be unfolded; sheets of amounts come to 20
SMALL: Final = 1 << 20  # below it a member may be as dense as it likes
PATIENCE_SECONDS: Final = 40
_CHILD: Final = Path(__file__).with_name("reading_child.py")
_NESTED: Final = (".zip", ".xlsx", ".xlsm", ".xls", ".docx", ".exe", ".jar", ".7z", ".rar", ".gz")
_ACTIVE: Final = ("vbaproject", "xl/macrosheets/", "xl/embeddings/", "xl/activex/")
_NEEDED: Final = frozenset(("[Content_Types].xml", "xl/workbook.xml"))
_REFERENCE: Final = re.compile(r"([A-Z]+)([0-9]+)")

Sheets = Mapping[str, list[list[Any]]]


def read_workbook(body: bytes) -> bytes:
    """What `sheets_of` makes sheets of; it can be kept. Raises `Refused`."""
    check_archive(body)
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        done = subprocess.run(command, input=body, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise _refused("takes too long to read") from error
    if done.returncode == UNREADABLE and b"more than" in done.stderr:
        raise _refused(f"has more than {MOST_ROWS:,} rows, or too many columns; clear what lies beyond your own")
    if done.returncode not in (0, UNREADABLE):
        raise _refused("takes more memory or time than it may: clear what lies far below or beside your own rows")
    if done.returncode:
        raise _refused("cannot be read: save it once more as .xlsx")
    return done.stdout


def sheets_of(answer: bytes) -> Sheets:
    """The cells of each sheet, rows and columns counted from the first."""
    found = msgspec.msgpack.decode(answer)
    sheets: dict[str, list[list[Any]]] = found["sheets"]
    for name, marked in found["marked"].items():
        rows = sheets.get(name, [])
        for reference, why in marked.items():
            row, column = _place(reference)
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = Formula(why)
            elif row < len(rows):
                rows[row] += [""] * (column - len(rows[row])) + [Formula(why)]
    return sheets


def check_archive(body: bytes) -> None:
    """Raises `Refused` for what is no workbook, or one that was made to hurt, by its directory alone."""
    if not 0 < len(body) <= LARGEST_BYTES:
        raise _refused(f"is empty or larger than {LARGEST_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            members = book.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _refused("is no Excel workbook (.xlsx)") from error
    _check_size(members)
    _check_names([member.filename.lower() for member in members], {member.filename for member in members})


def _check_size(members: Sequence[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise _refused("has too many parts")
    if sum(member.file_size for member in members) > MOST_UNFOLDED:
        raise _refused("is too large once it is unfolded")
    if any(each.file_size > max(SMALL, MOST_RATIO * each.compress_size) for each in members):
        raise _refused("is denser than any workbook that people fill in")
    if any(member.flag_bits & 1 for member in members):
        raise _refused("is locked with a password: take it off")


def _check_names(lower: Sequence[str], names: set[str]) -> None:
    if not names >= _NEEDED or len(set(lower)) != len(lower):
        raise _refused("is no Excel workbook (.xlsx)")
    if any(mark in name for name in lower for mark in _ACTIVE):
        raise _refused("holds macros or other files: save it as a plain .xlsx")
    if any(name.endswith(_NESTED) for name in lower):
        raise _refused("holds other archives: save it as a plain .xlsx")


def _place(reference: str) -> tuple[int, int]:
    """B7 → (6, 1)."""
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return sys.maxsize, 0
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _refused(what: str) -> Refused:
    return refuse(Rule.TEXT, f"This file {what}.")
