"""COBOL pictures: what the bytes of one field of a mainframe record mean. Pure.

`Picture.of("S9(9)V99 COMP-3")` says how long the field is and reads it. Source: IBM Enterprise COBOL, PICTURE, USAGE
and SIGN clauses; formats.md §1.14. A field that breaks its picture raises `Unreadable`; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing_sources.readers.values import Unreadable

_SYMBOL = re.compile(r"([SVXAN9.])(?:\(([0-9]+)\))?")
_POSITIVE, _NEGATIVE = frozenset("cafe"), frozenset("db")
_USAGES = {"COMP-3": "packed", "PACKED-DECIMAL": "packed", "COMP": "binary", "COMP-4": "binary", "BINARY": "binary"}


class Usage(StrEnum):
    TEXT = "text"
    DISPLAY = "display"  # digits, the sign punched over the last one
    SEPARATE = "separate"  # digits, the sign a character behind them
    POINTED = "pointed"  # digits with a point of their own
    PACKED = "packed"  # COMP-3: two digits a byte, the sign in the last half byte
    BINARY = "binary"  # COMP: two's complement, big-endian


@dataclass(frozen=True)
class Picture:
    """`digits` counts those behind the point too, `scale` those alone. Both are 0 for text."""

    usage: Usage
    size: int  # bytes
    digits: int = 0
    scale: int = 0
    is_signed: bool = False

    @classmethod
    def of(cls, text: str) -> Picture:
        """Raises ValueError for a picture that is not understood."""
        symbols, *words = text.upper().split()
        parts = [(symbol, int(count or 1)) for symbol, count in _SYMBOL.findall(symbols)]
        if _SYMBOL.sub("", symbols) or not parts:
            raise ValueError(f"not a picture: {text}")
        if parts[0][0] in "XAN":
            return cls(Usage.TEXT, sum(count for _, count in parts))
        return _number(symbols, parts, words)

    def text(self, field: bytes, codec: str) -> str:
        """What stands there, blanks and low values taken off at the end."""
        return field.decode(codec).rstrip(" \0")

    def number(self, field: bytes) -> Decimal:
        """Raises `Unreadable`."""
        return self.from_hex(field.hex())

    def from_hex(self, digits: str) -> Decimal:
        """The same from hexadecimal text, as a reader has it that turns a whole record at once."""
        return _FROM_HEX[self.usage](digits, self)


def packed(field: str, scale: int) -> Decimal:
    """COMP-3 in hexadecimal. Raises `Unreadable`."""
    digits, sign = field[:-1], field[-1]
    if digits.isdigit():
        if sign in _POSITIVE:
            return Decimal(f"{digits[:-scale]}.{digits[-scale:]}") if scale else Decimal(digits)
        if sign in _NEGATIVE:
            return Decimal(f"-{digits[:-scale]}.{digits[-scale:]}") if scale else Decimal(f"-{digits}")
    raise Unreadable("packed digits and a sign")


def zoned(field: str, scale: int) -> Decimal:
    """EBCDIC digits in hexadecimal, the sign in the zone of the last. Raises `Unreadable`."""
    digits, zones = field[1::2], field[:-2:2]
    if not digits.isdigit() or zones.strip("f"):
        raise Unreadable("zoned digits")
    return packed(digits + field[-2], scale)


def _number(symbols: str, parts: list[tuple[str, int]], words: list[str]) -> Picture:
    digits = sum(count for symbol, count in parts if symbol == "9")
    behind = re.split(r"[V.]", symbols)[1:]
    scale = sum(int(count or 1) for text in behind for _, count in _SYMBOL.findall(text))
    is_signed = symbols.startswith("S")
    usage = _USAGES.get(words[0] if words else "", "separate" if "SEPARATE" in words else "display")
    if "." in symbols:
        usage = "pointed"
    return Picture(Usage(usage), _SIZES[usage](digits), digits, scale, is_signed)


def _binary_size(digits: int) -> int:
    """Halfword, fullword or doubleword."""
    return 2 if digits <= 4 else 4 if digits <= 9 else 8


_SIZES: dict[str, Callable[[int], int]] = {
    "packed": lambda digits: digits // 2 + 1,
    "binary": _binary_size,
    "display": lambda digits: digits,
    "separate": lambda digits: digits + 1,
    "pointed": lambda digits: digits + 1,
}


def _separate(field: str, picture: Picture) -> Decimal:
    sign = {"4e": "c", "60": "d"}.get(field[-2:])
    if sign is None:
        raise Unreadable("digits and a sign behind them")
    return zoned(f"{field[:-4]}{sign}{field[-3]}", picture.scale)


def _pointed(field: str, picture: Picture) -> Decimal:
    point = -2 * picture.scale - 2
    if field[point : point + 2] != "4b":
        raise Unreadable("digits with a point")
    return zoned(field[:point] + field[point + 2 :], picture.scale)


def _binary(field: str, picture: Picture) -> Decimal:
    value = int.from_bytes(bytes.fromhex(field), "big", signed=picture.is_signed)
    if abs(value) >= 10**picture.digits:
        raise Unreadable(f"a binary number of {picture.digits} digits")
    return Decimal(value).scaleb(-picture.scale)


def _no_number(_field: str, _picture: Picture) -> Decimal:
    raise Unreadable("a number")


_FROM_HEX: dict[Usage, Callable[[str, Picture], Decimal]] = {
    Usage.TEXT: _no_number,
    Usage.DISPLAY: lambda field, picture: zoned(field, picture.scale),
    Usage.SEPARATE: _separate,
    Usage.POINTED: _pointed,
    Usage.PACKED: lambda field, picture: packed(field, picture.scale),
    Usage.BINARY: _binary,
}
