"""What was typed into a cell, as a wish. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from payments.domain.refusals import Rule, refuse
from payments.invoices.filters import read_amount
from portal.money import round_to

IN_FULL: Final = ("=", "all", "full")
_MOST_PERCENT: Final = Decimal(100)


def read_to_pay(text: str, open_: Decimal, currency: str) -> Decimal | None:
    """“60”, “1,234.56”, “50%” or “=” (all that is open); nothing typed is None. Raises `Refused`."""
    said = text.strip()
    if not said:
        return None
    if said.lower() in IN_FULL:
        return open_
    amount = _percent(said[:-1], open_, currency) if said.endswith("%") else read_amount(said)
    if amount is None:
        raise refuse(Rule.NOT_POSITIVE, f"“{said[:24]}” is no amount: type 60, 50% or =.")
    return amount


def _percent(text: str, open_: Decimal, currency: str) -> Decimal | None:
    percent = read_amount(text.strip())
    if percent is None or not 0 <= percent <= _MOST_PERCENT:
        return None
    return round_to(open_ * percent / _MOST_PERCENT, currency)
