"""Which form an unknown file has, guessed from its first bytes. Pure."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from billing_sources.readers.ebcdic import Rdw

HEAD_BYTES = 1 << 16
_SEPARATORS = "|;\t,~^"
_BINARY = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])  # what text hardly ever holds
_RDWS = (Rdw("big", True), Rdw("big", False), Rdw("little", True), Rdw("little", False))


class NoProfile(ValueError):
    """The file cannot be profiled; the message says why."""


class Kind(StrEnum):
    HEADED = "delimited, with a header row"
    FLAT = "delimited, without a header row"
    RECORDS = "delimited, several record types"
    FIXED = "fixed width"
    RDW = "EBCDIC records behind record descriptor words"
    X12 = "X12"
    XML = "XML"
    JSON = "JSON"
    JSON_LINES = "JSON, one document a line"


@dataclass(frozen=True)
class Form:
    kind: Kind
    encoding: str = "utf-8"
    separator: str = ""
    rdw: Rdw = Rdw()


def guess(head: bytes, encoding: str = "", separator: str = "") -> Form:
    """From the first bytes of the unpacked file; what the caller knows is not guessed. Raises `NoProfile`."""
    if not head.strip():
        raise NoProfile("the file is empty")
    head = head.removeprefix(b"\xef\xbb\xbf")
    start = head.lstrip()
    if start.startswith(b"ISA"):
        return Form(Kind.X12, encoding or "utf-8")
    if start.startswith(b"<"):
        return Form(Kind.XML)
    if start[:1] in (b"{", b"["):
        return Form(_json_kind(start))
    if not separator and (rdw := _framing(head)):
        return Form(Kind.RDW, encoding or "cp037", rdw=rdw)
    return _text(head, encoding, separator)


def _json_kind(start: bytes) -> Kind:
    first, _, rest = start.partition(b"\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return Kind.JSON
    return Kind.JSON_LINES if rest.strip() else Kind.JSON


def _framing(head: bytes) -> Rdw | None:
    return next((rdw for rdw in _RDWS if _frames(head, rdw)), None)


def _frames(head: bytes, rdw: Rdw) -> bool:
    """Whether record descriptor words follow each other through all of the head."""
    at = records = 0
    while at + 4 <= len(head):
        length, zero = rdw.halves(head, at)
        if length < 1 or zero:
            return False
        at, records = at + 4 + length, records + 1
    return at == len(head) or (records > 1 and at > len(head) >= HEAD_BYTES)


def _text(head: bytes, encoding: str, separator: str) -> Form:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NoProfile("UTF-16: ask for UTF-8, or convert it first")
    if len(head) > 20 and len(head.translate(None, _BINARY)) < len(head):
        raise NoProfile("binary, in no form that is known here (neither text nor records behind descriptor words)")
    encoding = encoding or _encoding(head)
    try:
        lines = head.decode(encoding, "replace").splitlines()
    except LookupError:
        raise NoProfile(f"no such encoding: {encoding}") from None
    lines = [line for line in (lines[:-1] if len(head) >= HEAD_BYTES else lines) if line.strip()]
    if not separator and sum(line[:1] in "{[" for line in lines) > len(lines) // 3:
        return Form(Kind.JSON_LINES, encoding)
    separator = separator or _separator(lines)
    if not separator:
        return Form(Kind.FIXED, encoding)
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except (csv.Error, ValueError) as error:
        raise NoProfile(f"delimited by {separator!r}, but damaged: {error}") from None
    return Form(_table_kind(rows, [line.split(separator) for line in lines]), encoding, separator)


def _encoding(head: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            head[: head.rfind(b"\n") + 1 or None].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _separator(lines: list[str]) -> str:
    """The sign that splits lines of the same beginning into the same number of columns, most of them."""
    return max(_SEPARATORS, key=lambda sign: _steadiness(lines, sign)) if any(map(_splits, lines)) else ""


def _splits(line: str) -> bool:
    return any(sign in line for sign in _SEPARATORS)


def _steadiness(lines: list[str], sign: str) -> tuple[int, int]:
    """Lines whose width is that of the first line that begins alike; then how often the sign stands there."""
    widths: dict[str, int] = {}
    steady = signs = 0
    for line in lines:
        width = line.count(sign)
        if width and widths.setdefault(line.split(sign, 1)[0][:20], width) == width:
            steady, signs = steady + 1, signs + width
    return steady, signs


def _table_kind(rows: list[list[str]], plain: list[list[str]]) -> Kind:
    """From the rows as a spreadsheet splits them, and as they stand: several record types hardly ever have quotes."""
    if _is_heading(rows[0]) and all(len(row) == len(rows[0]) for row in rows[:-1]):
        return Kind.HEADED
    widths = defaultdict(set)
    for row in plain:
        widths[row[0].strip()].add(len(row))
    is_steady = sum(len(found) == 1 for found in widths.values()) > len(widths) // 2
    are_many = len(set().union(*widths.values())) > 1 and len(widths) <= max(3, len(plain) // 2, 60)
    return Kind.RECORDS if are_many and is_steady else Kind.FLAT


def _is_heading(row: list[str]) -> bool:
    """Names, each once, without figures among them."""
    names = [name.strip().strip('"') for name in row]
    named = [name for name in names if name]
    has_figures = any(name[0].isdigit() or name[0] in "-(" for name in named)
    return len(set(named)) == len(named) > len(row) // 2 and not has_figures
