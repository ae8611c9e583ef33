"""Faults of a Castle extract: each changes a field in the written records of one bill, or the file. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO

from billing_sources.generator.ebcdic import encoded, record
from billing_sources.generator.faults import EVERYWHERE
from billing_sources.generator.format import Spoil
from billing_sources.readers.castle_records import CODEC, RECORDS, kind_of
from billing_sources.readers.ebcdic import Rdw, framed

UNKNOWN_CLASS = "ORBL"

OWN_FAULTS = {
    "wrong_hash": "the hash total of the trailer is one too much",
    "no_bill_end": "one bill has no 9990",
    "lower_case": "one charge says mrc for MRC, which means the same",
    "euro_sign": "one charge text holds byte 9F: € in cp1140, another sign in cp037",
    "day_366": "one bill is dated day 366 of a year that has 365",
    "zero_length": "a record descriptor word says that its record has no bytes",
    "rerun": "the run says that it is rerun 001: its bills may be known",
    "unknown_rebill": "the second bill is a rebill of a bill that nobody knows",
}
FILE_FAULTS = frozenset({"wrong_hash", "rerun", "unknown_rebill"})
RULES = EVERYWHERE | {
    "truncated": "EBC-CUT",
    "wrong_trailer": "CONTROL-01",
    "wrong_total": "BR-CO-15",
    "bad_date": "CAS-VALUE",
    "bad_amount": "CAS-VALUE",
    "wrong_hash": "CAS-HASH",
    "no_bill_end": "CAS-9990",
    "euro_sign": "CAS-EURO",
    "day_366": "CAS-VALUE",
    "zero_length": "EBC-RDW",
}


def _change(kind: str, name: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Changes the field where the bill first has it."""
    span = RECORDS[kind].span(name)

    def spoil(text: bytes) -> bytes:
        records = [found for _, found in framed(BytesIO(text), Rdw())]
        place = next((at for at, found in enumerate(records) if kind_of(found) == kind), None)
        if place is not None:
            body = bytearray(records[place])
            body[span] = change(bytes(body[span]))
            records[place] = bytes(body)
        return b"".join(map(record, records))

    return spoil


def _hundred_more(kind: str) -> Spoil:
    _, picture = RECORDS[kind].fields["CURRENT"]
    return _change(kind, "CURRENT", lambda found: encoded(picture, picture.number(found) + Decimal(100), CODEC))


def _wrong_total(text: bytes) -> bytes:
    return _hundred_more("9990")(_hundred_more("0100")(text))


def _without_end(text: bytes) -> bytes:
    records = (found for _, found in framed(BytesIO(text), Rdw()))
    return b"".join(record(found) for found in records if kind_of(found) != "9990")


def _said(text: str) -> bytes:
    return text.encode(CODEC)


SPOILS: dict[str, Spoil] = {
    "wrong_total": _wrong_total,
    "unknown_term": _change("1700", "RATE-CLASS", lambda _: _said(UNKNOWN_CLASS)),
    "bad_date": _change("0100", "BILL-DT", lambda found: found[:4] + _said("413")),
    "bad_amount": _change("1700", "AMT", lambda found: b"\xab" * len(found)),
    "no_bill_end": _without_end,
    "lower_case": _change("1700", "RATE-CLASS", lambda found: _said(found.decode(CODEC).lower())),
    "euro_sign": _change("1700", "TEXT", lambda found: b"\x9f" + found[1:]),
    "day_366": _change("0100", "BILL-DT", lambda _: _said("2026366")),
    "zero_length": lambda text: text + b"\0\0\0\0",
}
