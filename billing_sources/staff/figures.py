"""Instants, ages and amounts as the staff's pages write them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portal.money import format_amount

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def instant(at: datetime | None) -> str:
    """`2026-11-21 02:14`, in UTC as everything of the night; "" for None."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit: `4 min`, `6 h`, `3 d`."""
    passed = max(now - since, timedelta())
    if passed < _HOUR:
        return f"{passed // _MINUTE} min"
    return f"{passed // _HOUR} h" if passed < 2 * _DAY else f"{passed // _DAY} d"


def duration(passed: timedelta) -> str:
    """`4 s`, `12 min 5 s`, `2 h 3 min`."""
    seconds = int(passed.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def exact(amount: Decimal) -> str:
    """An amount that may be of several currencies together: all its decimals, two at least."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f}".replace("-", "\u2212")


def money(amount: Decimal, currency: str) -> str:
    """`USD 1,204.10`; without a currency the amount alone."""
    return f"{currency} {format_amount(amount, currency)}" if currency else exact(amount)


def moneys(amounts: Mapping[str, Decimal]) -> tuple[str, ...]:
    """One text a currency, in the order of their codes; a currency that comes to nothing is left out."""
    return tuple(money(amount, currency) for currency, amount in sorted(amounts.items()) if amount)


def count(number: int, one: str, many: str = "") -> str:
    """`1 bill`, `1,946 bills`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
