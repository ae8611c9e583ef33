"""The raw record behind an origin that `reader` wrote: `line 12`, `line 12/invoice_line 3001`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from billing_sources.adapter import Cell, Excerpt
from billing_sources.readers.jbilling.payload import LONGEST_LINE

_ORIGIN = re.compile(r"line ([0-9]{1,9})(?:/(invoice_line|mediation_record_line) ([0-9]{1,19}))?", re.ASCII)
_LISTS = {"invoice_line": "lines", "mediation_record_line": "usage"}
_OF_THE_BILL = ("invoice", "entity", "base_user", "parent", "currency", "order_process")


def locate(stream: BinaryIO, origin: str) -> Excerpt:
    """Raises LookupError where there is no such record."""
    asked = _ORIGIN.fullmatch(origin)
    if not asked:
        raise LookupError(origin)
    bill = _line(stream, int(asked[1]), origin)
    if not asked[2]:
        return Excerpt(_text(bill), tuple(cell for table in _OF_THE_BILL for cell in _cells(table, bill.get(table))))
    for record in bill.get(_LISTS[asked[2]]) or ():
        if record.get("id") == int(asked[3]):
            return Excerpt(_text(record), tuple(_cells(asked[2], record)))
    raise LookupError(origin)


def _line(stream: BinaryIO, number: int, origin: str) -> dict[str, Any]:
    for text in islice(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), number - 1, number):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, ValueError, RecursionError):
            break
    raise LookupError(origin)


def _cells(table: str, record: dict[str, Any] | None) -> Iterator[Cell]:
    for column, value in (record or {}).items():
        yield Cell(f"{table}.{column}", "" if value is None else str(value))


def _text(record: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode()
