"""What exactly is approved: the canonical bytes of a version of a pay run, and their sha256. Pure; invariants §4.3."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class PayloadPayment:
    position: int
    method: str
    currency: str
    value_on: date
    amount: Decimal
    note: str


@dataclass(frozen=True)
class PayloadLine:
    """One invoice of the run: what stands on which payment, what is short-paid, and whether the rest stays open."""

    system: str
    entity: str
    number: str
    revision: int
    currency: str
    placed: tuple[tuple[int, Decimal], ...]  # payment position, amount
    short_paid: Decimal | None
    reason: str
    note: str
    left_open: bool
    disputes: tuple[tuple[int, Decimal], ...] = ()  # number, what of it is not asked for


@dataclass(frozen=True)
class PayloadStep:
    """So many people, of these users (() anyone with the right), must approve before the next step."""

    position: int
    people: int
    named: tuple[int, ...]


@dataclass(frozen=True)
class Payload:
    """One version of one run; payments and lines in any order."""

    customer_number: str
    run_number: int
    version: int
    title: str
    payments: tuple[PayloadPayment, ...]
    lines: tuple[PayloadLine, ...]
    steps: tuple[PayloadStep, ...]


def canonical(payload: Payload) -> bytes:
    """The same bytes for the same content: sorted, amounts without needless zeros, no spaces."""
    plain = asdict(payload)
    plain["payments"] = sorted(plain["payments"], key=lambda payment: payment["position"])
    plain["lines"] = sorted(plain["lines"], key=lambda line: (line["system"], line["entity"], line["number"]))
    for line in plain["lines"]:
        line["placed"], line["disputes"] = sorted(line["placed"]), sorted(line["disputes"])
    return json.dumps(plain, default=_text, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(payload: Payload) -> str:
    return hashlib.sha256(canonical(payload)).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into a payload")
