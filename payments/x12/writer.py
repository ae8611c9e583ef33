"""Write X12: segments, the envelope around one transaction set, text that no delimiter can hide in. Pure.

Names are carried in plain ASCII (an accent is dropped, a delimiter becomes a blank), because X12 declares no
character set and partners disagree. Identifiers are never changed: one that X12 cannot carry is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

ELEMENT, COMPONENT, TERMINATOR = "*", ">", "~"
_DELIMITERS = frozenset(ELEMENT + COMPONENT + TERMINATOR)
_ASCII_FOR = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)
_LARGEST_CONTROL = 999_999_999


class CannotWriteX12(ValueError):
    """A value that X12 004010 cannot carry unchanged; the message names the value and why."""


@dataclass(frozen=True)
class Envelope:
    """Who sends to whom, under which control numbers, and when. `usage` is P(roduction) or T(est)."""

    sender: str
    receiver: str
    interchange_control: int
    group_control: int
    at: datetime
    set_control: int = 1
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    usage: Literal["P", "T"] = "P"


def segment(tag: str, *elements: str) -> str:
    """`TAG*a*b` without empty elements at the end; every element is ready, see `name`, `identifier`."""
    return ELEMENT.join((tag, *elements)).rstrip(ELEMENT)


def name(text: str, longest: int = 60) -> str:
    """Free text for people: plain ASCII, no delimiters, cut to length."""
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII_FOR))
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    clean = "".join(" " if sign in _DELIMITERS or not sign.isprintable() else sign for sign in kept)
    return " ".join(clean.encode("ascii", "replace").decode().split())[:longest].rstrip()


def identifier(text: str, longest: int = 30) -> str:
    """The text unchanged; raises `CannotWriteX12` rather than name another invoice, account or payment."""
    if not fits(text, longest):
        raise CannotWriteX12(f"{text!r} does not fit an X12 element of {longest} plain characters")
    return text


def fits(text: str, longest: int = 30) -> bool:
    """Whether an element can carry the text unchanged."""
    is_plain = text.isascii() and text.isprintable() and text == text.strip()
    return is_plain and 0 < len(text) <= longest and not _DELIMITERS.intersection(text)


def interchange(envelope: Envelope, *, group: str, set_id: str, body: Sequence[str]) -> bytes:
    """ISA GS ST body SE GE IEA around one transaction set. `group` is GS01, `set_id` ST01."""
    control = _control(envelope.set_control, width=4)
    wrapped = [segment("ST", set_id, control), *body, segment("SE", str(len(body) + 2), control)]
    group_control = str(_checked(envelope.group_control))
    return _bytes(
        _isa(envelope),
        _gs(envelope, group, group_control),
        *wrapped,
        segment("GE", "1", group_control),
        segment("IEA", "1", _control(envelope.interchange_control)),
    )


def bare_interchange(envelope: Envelope, body: Sequence[str]) -> bytes:
    """ISA body IEA without a group: what a TA1 travels in."""
    return _bytes(_isa(envelope), *body, segment("IEA", "0", _control(envelope.interchange_control)))


def control_text(number: int) -> str:
    """An interchange control number as ISA13 and TA101 write it: nine digits."""
    return _control(number)


def _isa(envelope: Envelope) -> str:
    at = envelope.at.astimezone(UTC)
    return ELEMENT.join(
        (
            "ISA*00*          *00*          ",
            f"{envelope.sender_qualifier:2}",
            f"{identifier(envelope.sender, 15):15}",
            f"{envelope.receiver_qualifier:2}",
            f"{identifier(envelope.receiver, 15):15}",
            f"{at:%y%m%d}",
            f"{at:%H%M}",
            "U",
            "00401",
            _control(envelope.interchange_control),
            "0",
            envelope.usage,
            COMPONENT,
        )
    )


def _gs(envelope: Envelope, group: str, control: str) -> str:
    at = envelope.at.astimezone(UTC)
    return segment(
        "GS", group, envelope.sender, envelope.receiver, f"{at:%Y%m%d}", f"{at:%H%M}", control, "X", "004010"
    )


def _bytes(*segments: str) -> bytes:
    return "".join(f"{text}{TERMINATOR}\n" for text in segments).encode("ascii")


def _control(number: int, *, width: int = 9) -> str:
    return f"{_checked(number):0{width}d}"


def _checked(number: int) -> int:
    if not 0 < number <= _LARGEST_CONTROL:
        raise CannotWriteX12(f"{number} is not a control number of one to nine digits")
    return number
