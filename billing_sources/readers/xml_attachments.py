"""Embedded attachments are passed over before anything parses them: they are large, and no bill is in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_BASE_64 = re.compile(rb"[A-Za-z0-9+/=\s]*+")
_LONGEST_TAG = 1 << 12


def without_attachments(chunks: Iterable[bytes], names: Iterable[str]) -> Iterator[bytes]:
    """The chunks without the base64 text in elements of these names, whatever its length; its line ends stay, so that
    positions stay true. Of a comment or CDATA that quotes such an element, only letters are lost."""
    words = sorted({name.rpartition("}")[2].encode() for name in names})
    if not words:
        yield from chunks
        return
    start_tag = re.compile(rb"<(?:[^\s<>:/]+:)?(?:" + b"|".join(words) + rb")(?:\s[^<>]*)?(?<!/)>")
    is_inside, tail = False, b""
    for chunk in chunks:
        whole, tail = _cut_before_open_tag(tail + chunk)
        if not is_inside and not any(word in whole for word in words):
            yield whole
            continue
        kept, position = [], 0
        while position < len(whole):
            if is_inside:
                begun, position = position, _end_of_text(whole, position)
                kept.append(b"\n" * whole.count(b"\n", begun, position))
                is_inside = position == len(whole)
            else:
                match = start_tag.search(whole, position)
                begun, position, is_inside = position, match.end() if match else len(whole), match is not None
                kept.append(whole[begun:position])
        yield b"".join(kept)
    yield tail


def _end_of_text(chunk: bytes, position: int) -> int:
    match = _BASE_64.match(chunk, position)
    return match.end() if match else position


def _cut_before_open_tag(chunk: bytes) -> tuple[bytes, bytes]:
    """A tag that the chunk's end cuts in two waits for the next one."""
    last = chunk.rfind(b"<", -_LONGEST_TAG)
    if last < 0 or chunk.find(b">", last) >= 0:
        return chunk, b""
    return chunk[:last], chunk[last:]
