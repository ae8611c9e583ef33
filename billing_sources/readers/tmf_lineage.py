"""From a figure back to its record in the pages, and the answer to the system that served them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from billing_sources.adapter import Cell, Excerpt, Outcome, Reply
from billing_sources.readers.tmf_records import loose, raw_records
from billing_sources.readers.tmf_shape import NAMED_BY
from billing_sources.transports.pages import Page, read_pages

_ORIGIN = re.compile(r"page (\d+), item (\d+)", re.ASCII)


def locate(file: BinaryIO, origin: str) -> Excerpt:
    """The record behind an origin, its text indented but otherwise as it came. Raises LookupError."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        raise LookupError(origin)
    number, item = int(match[1]), int(match[2])
    for page in read_pages(file):
        if isinstance(page, Page) and page.number == number:
            records = raw_records(page)
            if not 1 <= item <= len(records):
                break
            return _excerpt(page.resource, bytes(records[item - 1]), origin)
    raise LookupError(origin)


def _excerpt(resource: str, raw: bytes, origin: str) -> Excerpt:
    try:
        cells = tuple(Cell(*cell) for cell in _cells(resource, loose(raw)))
        return Excerpt(msgspec.json.format(raw, indent=2).decode(), cells)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LookupError(f"no JSON at {origin}") from error


def acknowledge(file: BinaryIO, outcome: Outcome) -> list[Reply]:
    """One event in the shape of the API's own: what became of the pages, for people and programs of the other side."""
    event = {
        "eventId": outcome.name,
        "eventTime": outcome.ended_at.isoformat(),
        "eventType": "CustomerBillImportEvent",
        "@type": "CustomerBillImportEvent",
        "event": {
            "state": "accepted" if outcome.is_accepted else "rejected",
            "bills": outcome.bills,
            "held": outcome.held,
            "amountDue": outcome.amount,
            "issue": [
                {"rule": issue.rule, "billNo": issue.number, "field": issue.field, "found": issue.found}
                for issue in outcome.issues
            ],
        },
    }
    return [Reply(f"{outcome.name}.json", _NUMBERS.encode(event))]


_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def _cells(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every value with its path, written as the mapping writes it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _cells(f"{path}.{name}" if path else name, part)
    elif isinstance(value, list):
        named_by = NAMED_BY.get(path.rpartition(".")[2], "")
        for part in value:
            which = str(part.get(named_by, "")) if named_by and isinstance(part, dict) else ""
            yield from _cells(f"{path}[{which}]", part)
    else:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal | str):
        return str(value)
    return msgspec.json.encode(value).decode()
