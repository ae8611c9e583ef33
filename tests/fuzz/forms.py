"""How a system's bytes fall into pieces, so that a mutation breaks a field and not the whole file. Pure.

A mutant of random bytes seldom comes past an envelope, a length or a hash. These take a file apart along its own
structure, change one piece, and put it together again as its sender would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from billing_sources.canonical import FileRejected
from billing_sources.transports.pages import FIRST_LINE, End, Page, end_bytes, page_bytes, read_pages

# What nobody sends: numbers and days out of bounds, bytes that no text holds, words of other notations.
_NASTY = (
    b"", b"0", b"-0", b"-1", b"1e999999999", b"1E-999999999", b"NaN", b"-Infinity", b"sNaN", b"9" * 100,
    b"0." + b"0" * 60, b"1_000", b"1,000.00", b"\xd9\xa1\xd9\xa2", b"\0", b"\\", b"\\N", b"\\.", b"\t", b"\r\n",
    b"\xff", b"\xef\xbf\xbe", b"\xed\xa0\x80", b"\\u0000", b"\\ud800", b"&#0;", b"&#xD800;", b"&amp;", b"\xc2\x85",
    b"\xe2\x80\xa8", b"\xe2\x80\xae", b"00000000", b"00010101", b"99991231", b"20260231", b"0001-01-01", b"9999-12-31",
    b"9999-12-31T23:59:60Z", b"0000-00-00", b"2026001", b"9999366", b"24:00:00", b"10000-01-01", b"A" * 300, b"null",
    b"true", b"[]", b"{}", b"[[[[", b"\x0c", b"\x1c", b"\xff\xfe", b"\xef\xbb\xbf", b"%s", b"'", b'"', b'""', b"=1+1",
)  # fmt: skip

Pieces = list[bytes]


class Form(NamedTuple):
    """`apart` gives pieces of which `together` makes a file again; `field` finds the fields within a piece."""

    apart: Callable[[bytes], Pieces]
    together: Callable[[Pieces], bytes]
    field: re.Pattern[bytes]


def mutated(form: Form, content: bytes, most: int, seed: int) -> bytes:
    """A few changes: a piece gone, doubled, moved or swapped, or one field of it something that nobody sends."""
    dice = Random(seed)  # noqa: S311  # a repeatable choice, no secret
    pieces = form.apart(content)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        if pieces:
            _change(dice, form, pieces)
    return form.together(pieces)[:most]


def _change(dice: Random, form: Form, pieces: Pieces) -> None:
    at, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
    turn = dice.randrange(10)
    if turn == 0:
        del pieces[at]
    elif turn == 1:
        pieces.insert(other, pieces[at])
    elif turn == 2:
        pieces[at], pieces[other] = pieces[other], pieces[at]
    elif turn == 3:
        pieces[at] = pieces[at][: dice.randrange(len(pieces[at]) + 1)]
    else:
        pieces[at] = _with_another_field(dice, form, pieces[at], pieces[other])


def _with_another_field(dice: Random, form: Form, piece: bytes, other: bytes) -> bytes:
    fields, others = list(form.field.finditer(piece)), form.field.findall(other)
    if not fields:
        return dice.choice(_NASTY)
    field = dice.choice(fields)
    new = dice.choice(others) if others and dice.randrange(3) == 0 else dice.choice(_NASTY)
    if dice.randrange(4) == 0:
        new = field[0] + new
    return piece[: field.start()] + new + piece[field.end() :]


def _separated(separator: bytes, field: bytes) -> Form:
    return Form(
        lambda content: content.split(separator), lambda pieces: separator.join(pieces), re.compile(field, re.DOTALL)
    )


def _records(content: bytes) -> Pieces:
    """Of Castle: behind each RDW, a length that counts itself."""
    pieces, at = [], 0
    while at + 4 <= len(content):
        size = max(int.from_bytes(content[at : at + 2], "big"), 4)
        pieces.append(content[at + 4 : at + size])
        at += size
    return pieces


def _behind_lengths(pieces: Pieces) -> bytes:
    return b"".join(((len(piece) + 4) & 0xFFFF).to_bytes(2, "big") + b"\0\0" + piece for piece in pieces)


def _pages(content: bytes) -> Pieces:
    """Of Delta: the lines of its pages, each page behind a line of its own; a document saved by hand as it is."""
    if not content.startswith(FIRST_LINE):
        return content.split(b",")
    try:
        from io import BytesIO

        pages = [page for page in read_pages(BytesIO(content)) if isinstance(page, Page)]
    except FileRejected:  # pages that were cut already
        return content.split(b",")
    return [piece for page in pages for piece in (b"\1" + page.resource.encode(), *page.body.split(b","))]


def _with_counts(pieces: Pieces) -> bytes:
    if not pieces or not pieces[0].startswith(b"\1"):
        return b",".join(pieces)
    found: list[tuple[str, Pieces]] = []
    for piece in pieces:
        if piece.startswith(b"\1"):
            found.append((piece[1:].decode("ascii", "replace"), []))
        else:
            found[-1][1].append(piece)
    pages = [page_bytes(resource, 0, b",".join(body)) for resource, body in found]
    return FIRST_LINE + b"".join(pages) + end_bytes(End(len(pages), None))


PLAIN = _separated(b"\n", rb"[^=\",:\s{}]+")
FORMS: dict[str, Form] = {
    "atlas": _separated(b"~", rb"(?<=[*:])[^*:]*"),
    "boreal": _separated(b"<", rb"(?<=>)[^>]*$|(?<=\")[^\"]*(?=\")|^/?[\w:]+"),
    "castle": Form(_records, _behind_lengths, re.compile(rb".{1,8}", re.DOTALL)),
    "delta": Form(_pages, _with_counts, re.compile(rb"(?<=\")[^\"]*(?=\")|[-\d.]+|\btrue\b|\bfalse\b|\bnull\b")),
    "echo": _separated(b"\n", rb"(?<=[|,])[^|,]*"),
    "ferry": _separated(b",", rb"(?<=\")[^\"]*(?=\")|[-\d.]+|\btrue\b|\bfalse\b|\bnull\b"),
}
