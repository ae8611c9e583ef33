"""The numbers by which a payment finds its way home: reference, scan line, QR code. Pure.

One reference per payment, whatever number of invoices it settles. Schemes: formats.md §2.3 — ISO 11649 creditor
reference (mod 97-10), US lockbox scan line (Luhn), EPC069-12 QR code (EUR credit transfers only).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from decimal import Decimal

import segno
from segno import helpers
from stdnum import iso11649, luhn
from stdnum.exceptions import ValidationError

from payments.domain.references import ReferenceInvalid, make_reference, payment_digits
from portal.money import exponent, is_exact

_SCAN_LINE = re.compile(r">(\d{8,})(\d{8})< (\d{10,}) (RF\d{2}[0-9A-Z]{9,21}) (\d)", re.ASCII)
_EPC_LARGEST = Decimal("999999999.99")
_EPC_NAME_LENGTH = 70


@dataclass(frozen=True)
class ScanLine:
    """What a scan line says: digits of the customer number, digits of the payment, minor units, reference."""

    customer: str
    payment: str
    minor_units: int
    reference: str


def validate_reference(reference: str) -> str:
    """The reference without blanks; raises `ReferenceInvalid` unless its check digits hold."""
    try:
        return str(iso11649.validate(reference))
    except ValidationError as error:
        raise ReferenceInvalid(f"{reference!r} is not an ISO 11649 reference: {error}") from error


def format_reference(reference: str) -> str:
    """In blocks of four, as people read it: `RF18 5390 0754 7034`."""
    return str(iso11649.format(reference))


def make_scan_line(*, customer_number: str, code: str, amount: Decimal, currency: str) -> str:
    """`>customer+payment< amount reference check`: the lockbox line, its Luhn digit taken over every digit before it.

    The customer number gives its digits only, at least eight; the amount is in minor units, at least ten digits.
    """
    customer = "".join(sign for sign in customer_number if sign in "0123456789").zfill(8)
    reference = make_reference(customer_number, code)
    line = f">{customer}{payment_digits(code)}< {minor_units(amount, currency):010d} {reference}"
    return f"{line} {luhn.calc_check_digit(_digits(line))}"


def read_scan_line(line: str) -> ScanLine:
    """The parts of a scan line; raises `ReferenceInvalid` unless Luhn digit and reference both hold."""
    match = _SCAN_LINE.fullmatch(line.strip())
    if not match:
        raise ReferenceInvalid(f"{line!r} is not a scan line")
    if not luhn.is_valid(_digits(line)):
        raise ReferenceInvalid(f"{line!r}: the check digit does not hold")
    return ScanLine(match[1], match[2], int(match[3]), validate_reference(match[4]))


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units; raises `ReferenceInvalid` for a negative amount or a fraction of a unit."""
    if amount < 0 or not is_exact(amount, currency):
        raise ReferenceInvalid(f"{amount} {currency} cannot stand on a scan line")
    return int(amount.scaleb(exponent(currency)))


def epc_qr_svg(*, name: str, iban: str, bic: str, amount: Decimal, reference: str) -> bytes | None:
    """The EPC QR code of a EUR credit transfer as SVG; None where the scheme cannot say it (zero, a milliard)."""
    if not 0 < amount <= _EPC_LARGEST:
        return None
    return _svg(
        helpers.make_epc_qr(
            name=name[:_EPC_NAME_LENGTH],
            iban=iban.replace(" ", ""),
            bic=bic.replace(" ", "") or None,
            amount=amount,
            reference=validate_reference(reference),
        )
    )


def _svg(code: segno.QRCode) -> bytes:
    """No border: the paper around it is the quiet zone."""
    out = io.BytesIO()
    code.save(out, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None, omitsize=True)
    return out.getvalue()


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign in "0123456789")
