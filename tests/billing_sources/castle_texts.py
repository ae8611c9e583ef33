"""Castle extracts made record by record, for the tests that need one to be wrong in a certain place."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from billing_sources.adapters.castle import CASTLE
from billing_sources.canonical import CanonicalInvoice, FileRejected, Issue
from billing_sources.generator.castle import Value, body
from billing_sources.generator.ebcdic import record

ACCOUNT = "0119821001"
HASH = 119821001


def key(number: str = "C126309002T", premise: str = "") -> dict[str, Value]:
    return {"BILL-ID": number, "PREMISE": premise}


def run(currency: str = "USD", bills: int = 0) -> bytes:
    return body("0010", {}, "CASTLE01", 26110501, 0, 1, "2026309", currency, bills)


def heading(kind: str = "IN", current: int = 10000, **changed: Any) -> bytes:
    """An invoice of 100.00; amounts in cents."""
    stated: dict[str, Any] = {
        "day": "2026309",
        "due_day": "2026339",
        "previous": 0,
        "payments": 0,
        "adjusted": 0,
        "due": current,
        "number": "C126309002T",
    } | changed
    days = stated["day"], stated["due_day"], "2026278", "2026308"
    amounts = stated["previous"], stated["payments"], stated["adjusted"], current, stated["due"]
    return body("0100", key(stated["number"]), ACCOUNT, "0119820000", "Harlow Freight", *days, kind, *amounts, "RF1")


def charge(amount: int = 10000, rate_class: str = "MRC", text: str = "Port", usoc: str = "0410") -> bytes:
    return body("1700", key(premise="P1"), rate_class, usoc, text, 1000, amount * 1000, amount)


def adjustment(amount: int, code: str = "CRD", original: str = "") -> bytes:
    return body("3400", key(), code, "Adjusted", amount, original)


def end(count: int, current: int = 10000) -> bytes:
    return body("9990", key(), count, current)


def bill(*lines: bytes, current: int = 10000, **changed: Any) -> list[bytes]:
    return [heading(current=current, **changed), *lines, end(len(lines) + 2, current)]


def extract(*records: bytes, total: int = 10000, bills: int = 1, hashed: int = HASH, count: int | None = None) -> bytes:
    """With its run record in front and its trailer behind; amounts in cents."""
    trailer = body("9999", {}, bills, len(records) + 2 if count is None else count, total, hashed)
    return b"".join(map(record, [run(), *records, trailer]))


def read(text: bytes) -> list[Any]:
    return list(CASTLE.read(BytesIO(text), CASTLE))


def read_bill(*records: bytes, total: int = 10000) -> CanonicalInvoice:
    found = read(extract(*records, total=total))[0]
    assert isinstance(found, CanonicalInvoice), found
    return found


def rejection(text: bytes) -> Issue:
    with pytest.raises(FileRejected) as caught:
        read(text)
    return caught.value.issue
