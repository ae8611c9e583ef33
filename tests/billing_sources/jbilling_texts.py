"""jBilling bills for tests: payloads written by hand, and rows put into a database of its shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO
from typing import Any

from billing_sources.adapter import Parsed
from billing_sources.adapters.ferry import FERRY
from billing_sources.canonical import CanonicalInvoice, Issue

HEAD = '{"record": "head", "format": "ferry", "version": 1}'
TYPES = {1: "item recurring", 2: "tax", 3: "due invoice", 4: "interests", 5: "sub account", 6: "item one-time"}


def line(amount: str, type_id: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": 1, "type_id": type_id, "type": TYPES[type_id], "amount": amount, **fields}


def bill(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A bill of these lines that adds up. `invoice` and other tables given as dicts override their columns."""
    lines = lines or (line("100.0000000000"),)
    numbered = [{**one, "id": at} for at, one in enumerate(lines, 3001)]
    total = f"{sum(Decimal(one['amount']) for one in lines):f}"
    invoice: dict[str, Any] = {
        "id": 1, "public_number": "F-1", "create_datetime": "2026-11-01T08:30:00.123", "due_date": "2026-12-01",
        "total": total, "balance": total, "carried_balance": None, "status_id": 27, "billing_process_id": 7,
    }  # fmt: skip
    tables: dict[str, dict[str, Any]] = {
        "entity": {"id": 1, "description": "Ferry Internet"},
        "base_user": {"id": 70, "user_name": "harlow", "name": "Harlow West"},
        "currency": {"code": "USD", "symbol": "US$"},
    }
    stated = {name: {**tables[name], **fields.pop(name, {})} for name in tables}
    invoice |= fields.pop("invoice", {})
    return {"record": "bill", "invoice": invoice, **stated, "lines": numbered, **fields}


def payload(*bills: dict[str, Any] | str, declared: int | None = None, amount: str | None = None) -> bytes:
    stated = [one for one in bills if isinstance(one, dict)]
    live = [one["invoice"]["total"] for one in stated if not one["invoice"].get("deleted")]
    total = amount if amount is not None else f"{sum(map(Decimal, live), Decimal(0)):f}"
    end = {"record": "end", "bills": len(bills) if declared is None else declared, "amount": total}
    texts = [HEAD, *(one if isinstance(one, str) else json.dumps(one) for one in bills), json.dumps(end)]
    return "".join(f"{text}\n" for text in texts).encode()


def parsed(content: bytes) -> list[Parsed]:
    return list(FERRY.read(BytesIO(content), FERRY))


def one(*lines: dict[str, Any], **fields: Any) -> CanonicalInvoice:
    """The one bill as read."""
    return bills_in(parsed(payload(bill(*lines, **fields))))[0]


def bills_in(read: Iterable[Parsed]) -> list[CanonicalInvoice]:
    return [item for item in read if isinstance(item, CanonicalInvoice)]


def issues_in(read: Iterable[Parsed]) -> list[Issue]:
    return [item for item in read if isinstance(item, Issue)]
