"""Figures and references as bills print them. Pure."""

from __future__ import annotations

UNIT_CODES = {"EA": "C62", "GB": "E34"}
"""UN/ECE recommendation 20; a unit that is not listed is its own code."""


def text_of(minor: int) -> str:
    """Minor units as a decimal with a point: -1234 → "-12.34"."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02}"


def price_of(rate: int) -> str:
    """Thousandths of a minor unit as a decimal: cents are always printed, finer digits where there are any."""
    whole, fraction = divmod(rate, 100_000)
    digits = f"{fraction:05}"
    return f"{whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def creditor_reference(number: str) -> str:
    """The ISO 11649 reference of an invoice number: RF, two check digits (mod 97-10), its letters and digits."""
    body = "".join(character for character in number.upper() if character.isalnum())
    digits = "".join(str(int(character, 36)) for character in f"{body}RF00")
    return f"RF{98 - int(digits) % 97:02}{body}"


def location_number(digits: str) -> str:
    """An EAN location number (scheme 0088) made of a customer's seven digits, with its check digit."""
    body = f"73500{digits:0>7}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighted % 10}"


def vat_id(country: str, digits: str) -> str:
    """A buyer's VAT number in the shape of its country, made of a customer's seven digits."""
    shapes = {"SE": "SE5560{}01", "FI": "FI2{}", "DK": "DK3{}", "NO": "NO99{}MVA"}
    return shapes[country].format(digits[1:] if country == "SE" else digits)
