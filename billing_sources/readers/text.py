"""Bytes as text in blocks of whole lines, for files of lines. Pure.

A file says in its description which encoding it has, and senders err. Each line is read in the first encoding that it
fits: UTF-8, which other text hardly ever is by chance, then Windows-1252, then Latin-1, which takes any byte. What is
not as declared is told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from billing_sources.canonical import FileRejected, Issue

LONGEST_LINE = 1 << 20  # bytes
_BOM = b"\xef\xbb\xbf"
_UTF8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")  # what other text hardly ever holds
_FALLBACKS = ("utf-8", "cp1252", "latin-1")


class Text:
    """Iterating gives the text in blocks, each cut behind a line feed. Raises `FileRejected`."""

    def __init__(self, blocks: Iterable[bytes], declared: str) -> None:
        self._blocks = blocks
        self._declared = declared
        self._lines = 0
        self._contradiction: Issue | None = None

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for number, block in enumerate(self._blocks):
            self._refuse_unreadable(block)
            block = rest + (block.removeprefix(_BOM) if number == 0 else block)
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            if len(rest) > LONGEST_LINE:
                raise self._rejected("TEXT-LINE", f"a line end within {LONGEST_LINE} bytes", f"{len(rest)} without one")
            if end:
                yield self._decoded(block[:end])
        if rest:
            yield self._decoded(rest)

    def contradiction(self) -> Iterator[Issue]:
        """What was found of another encoding, once all is read."""
        if self._contradiction:
            yield self._contradiction

    def _decoded(self, block: bytes) -> str:
        start = self._lines
        self._lines += block.count(b"\n")
        text = self._at_once(block)
        if text is not None:
            return text
        lines = enumerate(block.splitlines(keepends=True), start + 1)
        return "".join(line.decode("ascii") if line.isascii() else self._line(line, at) for at, line in lines)

    def _at_once(self, block: bytes) -> str | None:
        """The whole block where one encoding fits all of it and nothing is to be told; that is nearly always."""
        if self._declared != "utf-8" and not block.isascii() and _UTF8.search(block):
            return None
        try:
            return block.decode(self._declared)
        except UnicodeDecodeError:
            return None

    def _line(self, line: bytes, at: int) -> str:
        for encoding in _FALLBACKS:
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                continue
            if encoding != self._declared and self._contradiction is None:
                self._contradiction = Issue(
                    "TEXT-ENCODING", f"line {at}", "encoding", self._declared, encoding, is_fatal=False
                )
            return text
        raise AssertionError("Latin-1 takes any byte")

    def _refuse_unreadable(self, block: bytes) -> None:
        if b"\0" in block:
            raise self._rejected("TEXT-NUL", "text", "a NUL byte")
        if not self._lines and block.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise self._rejected("TEXT-ENCODING", self._declared, "UTF-16")

    def _rejected(self, rule: str, expected: str, found: str) -> FileRejected:
        return FileRejected(Issue(rule, f"behind line {self._lines}", "text", expected, found))
