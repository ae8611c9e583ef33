"""How a payment is called: by people (`PAY-2211-3`) and by banks (ISO 11649, check digits). Pure; formats.md §2.3."""

from __future__ import annotations

import re

from stdnum.iso7064 import mod_97_10

_CODE = re.compile(r"PAY-(\d{1,6})-(\d{1,2})", re.ASCII)
_LONGEST_CUSTOMER = 13  # an ISO 11649 reference has room for 21 signs, eight of them the payment's


class ReferenceInvalid(ValueError):
    """A payment code, reference or scan line that is malformed or whose check digits do not hold."""


def payment_code(run_number: int, position: int) -> str:
    return f"PAY-{run_number}-{position}"


def payment_digits(code: str) -> str:
    """Eight digits of a payment code: run (6) and place in the run (2), so that no two codes share them.

    `PAY-2211-3` → `00221103`. Raises `ReferenceInvalid` on any other shape.
    """
    match = _CODE.fullmatch(code)
    if not match:
        raise ReferenceInvalid(f"{code!r} is not a payment code like PAY-2211-3")
    return f"{int(match[1]):06d}{int(match[2]):02d}"


def make_reference(customer_number: str, code: str) -> str:
    """The ISO 11649 reference of a payment: `RF`, two check digits, letters and digits of the customer number, payment.

    Runs are numbered within a customer, so the customer's number makes the reference unique at the carrier: no two
    customers have the same letters and digits in their numbers (portal.customers.models.Customer).
    Raises `ReferenceInvalid` for a customer number of no or more than 13 letters and digits.
    """
    customer = "".join(sign for sign in customer_number if sign.isascii() and sign.isalnum()).upper()
    if not 0 < len(customer) <= _LONGEST_CUSTOMER:
        raise ReferenceInvalid(f"customer number {customer_number!r} does not fit into a reference")
    own = customer + payment_digits(code)
    return f"RF{mod_97_10.calc_check_digits(own + 'RF')}{own}"
