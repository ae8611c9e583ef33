"""A payload, line by line: a head, bills, an end. Pure. One line is in memory at a time.

A line that is no bill becomes an `Issue` in its place; a payload that is none of ours, or was cut, is rejected.
PostgreSQL has no NUL, so a line with one did not come from the query.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from billing_sources.canonical import FileRejected, Issue
from billing_sources.readers.jbilling.rows import BillRow, EndRow, HeadRow, Row
from billing_sources.readers.json_text import has_nul

FORMAT, VERSION = "ferry", 1
LONGEST_LINE = 16 << 20  # bytes: a bill of about 100,000 calls

_lines: msgspec.json.Decoder[Row] = msgspec.json.Decoder(Row)
_PASSED_OVER = 1 << 20


class Numbered(NamedTuple):
    """A row and its line in the payload, from 1."""

    line: int
    row: BillRow | EndRow | Issue


def rows(stream: BinaryIO) -> Iterator[Numbered]:
    """Bills and, last, the end. Raises `FileRejected` for a foreign head, and where the end is missing or not last."""
    _require_head(stream.readline(_PASSED_OVER))
    line = 1
    while text := stream.readline(LONGEST_LINE + 1):
        line += 1
        row = _row(text, line, stream)
        yield Numbered(line, row)
        if isinstance(row, EndRow):
            _require_nothing(stream.readline(_PASSED_OVER), line + 1)
            return
    raise _rejected("FERRY-CUT", line, "an end behind the bills", "the end of the file")


def decoded(text: bytes) -> Row | str:
    """A line's row, or what is wrong with it."""
    try:
        return _lines.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return f"{error}"


def _require_head(text: bytes) -> None:
    head = decoded(text)
    if not isinstance(head, HeadRow) or (head.format, head.version) != (FORMAT, VERSION):
        found = head if isinstance(head, str) else text[:80].decode(errors="replace")
        raise _rejected("FERRY-HEAD", 1, f'a head of format "{FORMAT}", version {VERSION}', found)


def _require_nothing(text: bytes, line: int) -> None:
    if text:
        raise _rejected("FERRY-CUT", line, "nothing behind the end", text[:80].decode(errors="replace"))


def _row(text: bytes, line: int, stream: BinaryIO) -> BillRow | EndRow | Issue:
    if len(text) > LONGEST_LINE:
        _pass_over(stream)
        return _flaw("FERRY-SIZE", line, f"a line of at most {LONGEST_LINE} bytes", "a longer one")
    if not text.endswith(b"\n"):
        raise _rejected("FERRY-CUT", line, "a whole line", "the end of the file in its middle")
    row = "a NUL in a text" if has_nul(text) else decoded(text)
    if isinstance(row, str):
        return _flaw("FERRY-LINE", line, "a bill as the query writes it", row)
    if isinstance(row, HeadRow):
        return _flaw("FERRY-LINE", line, "a bill", "a second head")
    return row


def _pass_over(stream: BinaryIO) -> None:
    while (rest := stream.readline(_PASSED_OVER)) and not rest.endswith(b"\n"):
        pass


def _flaw(rule: str, line: int, expected: str, found: str) -> Issue:
    return Issue(rule, f"line {line}", "", expected, found, number=f"line {line}")


def _rejected(rule: str, line: int, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue(rule, f"line {line}", "", expected, found))
