"""Who is paid, and under which names the carrier's AR is spoken to: read from settings.CARRIER_FILE."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from remittance.advice import BankAccount, Payee


@dataclass(frozen=True)
class Identifiers:
    """Sender and receiver of interchanges with AR (ISA06, ISA08)."""

    portal: str
    ar: str


def payee_for(currency: str) -> Payee:
    """Name, remit-to lines and bank for a currency; the default where it has none of its own."""
    payees = _carrier(settings.CARRIER_FILE)["payee"]
    entry = payees.get(currency, payees["default"])
    bank = BankAccount(**entry["bank"]) if "bank" in entry else None
    return Payee(name=entry["name"], lines=tuple(entry["lines"]), bank=bank)


def identifiers() -> Identifiers:
    return Identifiers(**_carrier(settings.CARRIER_FILE)["identifiers"])


@cache
def _carrier(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())
