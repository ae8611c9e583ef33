"""Files as they were sent, packed or plain: gzip is unpacked while it is read, never far beyond what was sent. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from billing_sources.canonical import FileRejected, Issue

BLOCK_BYTES = 1 << 20
LARGEST_BYTES = 16 << 30  # unpacked
HIGHEST_RATIO = 200  # bill files pack 5 to 60 times; gzip can do a thousand, which only a bomb does
RATIO_FREE_BYTES = 16 << 20  # below this a high ratio harms nobody

_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


def unpacked(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes in blocks of at most a MiB. Raises `FileRejected` for gzip that is cut, damaged or a bomb."""
    block = stream.read(BLOCK_BYTES)
    if block.startswith(_MAGIC):
        yield from _inflated(block, stream)
        return
    while block:
        yield block
        block = stream.read(BLOCK_BYTES)


def _inflated(packed: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Members one behind the other, as `cat a.gz b.gz` makes them, are one file."""
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    read = written = 0
    while packed:
        read += len(packed)
        block = b""
        while packed or len(block) == BLOCK_BYTES:
            block = _inflate(inflater, packed, written)
            written += len(block)
            _refuse_bomb(read, written)
            if block:
                yield block
            packed = inflater.unconsumed_tail
            if inflater.eof and (packed := inflater.unused_data.lstrip(b"\0")):
                inflater = zlib.decompressobj(_GZIP_WINDOW)
        packed = stream.read(BLOCK_BYTES)
        if inflater.eof and packed:
            inflater = zlib.decompressobj(_GZIP_WINDOW)
    if not inflater.eof:
        raise _rejected("GZIP-END", written, "the end of the gzip stream", "a file that was cut")


def _inflate(inflater: zlib._Decompress, packed: bytes, written: int) -> bytes:
    try:
        return inflater.decompress(packed, BLOCK_BYTES)
    except zlib.error as error:
        raise _rejected("GZIP-DATA", written, "undamaged gzip", str(error)) from None


def _refuse_bomb(read: int, written: int) -> None:
    if written > LARGEST_BYTES or (written > RATIO_FREE_BYTES and written > read * HIGHEST_RATIO):
        expected = f"at most {HIGHEST_RATIO} times the packed size, and {LARGEST_BYTES >> 30} GiB"
        raise _rejected("GZIP-BOMB", written, expected, f"{written} bytes out of {read}")


def _rejected(rule: str, written: int, expected: str, found: str) -> FileRejected:
    return FileRejected(Issue(rule, f"byte {written} unpacked", "gzip", expected, found))
