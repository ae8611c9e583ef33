"""Money arithmetic: the only place that rounds. Pure.

Amounts are `Decimal`; a currency is its ISO 4217 code. No float ever enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
_CENT = Decimal("0.01")
_FINEST = Decimal("0.0001")  # what a tariff states an amount in, at the finest

# ISO 4217, currencies whose minor unit is not a hundredth
_NO_MINOR_UNIT = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit (ISO 4217): 0, 2 or 3."""
    if currency in _NO_MINOR_UNIT:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency: 1, 0.01 or 0.001."""
    return Decimal(1).scaleb(-exponent(currency))


def round_to(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, half away from zero."""
    return amount.quantize(quantum(currency), rounding=ROUND_HALF_UP)


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the amount needs no rounding in its currency."""
    return amount == round_to(amount, currency)


def without_noise(stated: Decimal, noise: Decimal) -> Decimal:
    """The amount of at most four decimals that is within `noise` of the stated one; the stated one where none is.

    For sources that computed with floats. With two decimals where that is exact.
    """
    meant = stated.quantize(_FINEST)
    if abs(stated - meant) > noise:
        return stated
    cents = meant.quantize(_CENT)
    return cents if cents == meant else meant


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split by weight with the largest remainder, so that the parts add up to the amount exactly.

    Weights are not negative and not all zero; ties go to the earlier part.
    """
    total = sum(weights, ZERO)
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be non-negative and not all zero")
    unit = quantum(currency)
    units = int(amount / unit)
    if units * unit != amount:
        raise ValueError(f"{amount} is not whole minor units of {currency}")
    sign = -1 if units < 0 else 1
    shares = [abs(units) * weight / total for weight in weights]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in by_remainder[: abs(units) - sum(parts)]:
        parts[i] += 1
    return [sign * part * unit for part in parts]


def format_amount(amount: Decimal, currency: str) -> str:
    """For people: thousands separated, all decimals of the currency, a true minus sign."""
    text = f"{round_to(amount, currency):,.{exponent(currency)}f}"
    return text.replace("-", "\u2212") if text.startswith("-") else text
