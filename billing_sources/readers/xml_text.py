"""Chunks of bytes as texts that patterns may be tried on. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

_FORBIDDEN = ("\ufffe", "\uffff")  # by XML, and not looked for by patterns: they are rare and costly to exclude


def plain_texts(chunks: Iterable[bytes]) -> Iterator[str | bytes]:
    """The chunks decoded, as long as they are UTF-8; from the first that is not, the bytes: the parser will tell."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    remaining = iter(chunks)
    for chunk in remaining:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:
            yield decoder.getstate()[0] + chunk
            yield from remaining
            return
        yield text.encode() if any(character in text for character in _FORBIDDEN) else text
    if cut := decoder.getstate()[0]:
        yield cut
