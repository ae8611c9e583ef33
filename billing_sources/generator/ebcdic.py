"""Mainframe records: values as the bytes of their pictures, framed by record descriptor words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from billing_sources.readers.pictures import Picture, Usage


def record(body: bytes) -> bytes:
    """Behind its word: the length with the word's own four bytes, big-endian, and two zeros."""
    return (len(body) + 4).to_bytes(2, "big") + b"\0\0" + body


def encoded(picture: Picture, value: str | int | Decimal, codec: str) -> bytes:
    """A text, digits as they stand, or a number at its own value (a Decimal) or in units of its last digit (an int)."""
    if picture.usage is Usage.TEXT:
        return str(value).encode(codec).ljust(picture.size, b"\x40")[: picture.size]
    if isinstance(value, str):
        return value.zfill(picture.size).encode(codec)
    units = int(value.scaleb(picture.scale)) if isinstance(value, Decimal) else int(value)
    return _NUMBERS[picture.usage](units, picture)


def _packed(units: int, picture: Picture) -> bytes:
    sign = "d" if units < 0 else "c" if picture.is_signed else "f"
    return bytes.fromhex(f"{abs(units):0{picture.size * 2 - 1}}{sign}")


def _display(units: int, picture: Picture) -> bytes:
    digits = f"{abs(units):0{picture.digits}}".encode("cp037")
    zone = 0xD0 if units < 0 else 0xC0 if picture.is_signed else 0xF0
    return digits[:-1] + bytes([zone | digits[-1] & 0x0F])


def _separate(units: int, picture: Picture) -> bytes:
    return f"{abs(units):0{picture.digits}}{'-' if units < 0 else '+'}".encode("cp037")


def _pointed(units: int, picture: Picture) -> bytes:
    digits = f"{units:0{picture.digits}}"
    return f"{digits[: -picture.scale]}.{digits[-picture.scale :]}".encode("cp037")


def _binary(units: int, picture: Picture) -> bytes:
    return units.to_bytes(picture.size, "big", signed=picture.is_signed)


_NUMBERS: dict[Usage, Callable[[int, Picture], bytes]] = {
    Usage.PACKED: _packed,
    Usage.DISPLAY: _display,
    Usage.SEPARATE: _separate,
    Usage.POINTED: _pointed,
    Usage.BINARY: _binary,
}
