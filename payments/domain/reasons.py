"""Why a customer pays less on purpose: a closed list, each with its X12 adjustment reason (data element 426). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from payments.domain.refusals import Refusal, Rule

LONGEST_NOTE: Final = 200


@dataclass(frozen=True)
class Reason:
    """`key` is stored, `words` are shown, `x12` goes into the 820's ADX. `needs_note`: the words alone say nothing.

    `is_disputing`: whoever pays less for it disputes the amount, and the carrier has to answer.
    """

    key: str
    words: str
    x12: str
    needs_note: bool = False
    is_disputing: bool = True


SHORT_PAY_REASONS: Final = (
    Reason("rate_not_as_agreed", "Rate not as agreed", "01"),
    Reason("quantity_contested", "Quantity contested", "06"),
    Reason("service_not_received", "Service not received", "59"),
    Reason("duplicate_charge", "Charged twice", "19"),
    Reason("tax_exempt", "Tax exempt", "55"),
    Reason("terminated_service", "Service was terminated", "58"),
    Reason("charge_not_authorized", "Charge not authorized", "23"),
    Reason("discount_missing", "Discount missing", "43"),
    Reason("late_fee_contested", "Late fee contested", "50"),
    Reason("not_our_account", "Not our account", "18"),
    Reason("credit_expected", "Credit expected", "81", is_disputing=False),
    Reason("other", "Other", "ZZ", needs_note=True),
)

DISPUTING: Final = tuple(reason for reason in SHORT_PAY_REASONS if reason.is_disputing)
_BY_KEY: Final = {reason.key: reason for reason in SHORT_PAY_REASONS}


def reason(key: str) -> Reason | None:
    """The reason stored under the key, or None: the list is closed."""
    return _BY_KEY.get(key)


def why_not_reason(key: str, note: str) -> Refusal | None:
    """Why paying less cannot be stated so, or None: the reason is of the list, with a note where it needs one."""
    found = reason(key)
    if found is None:
        return Refusal(Rule.UNKNOWN_REASON, "Choose a reason from the list.")
    if found.needs_note and not note.strip():
        return Refusal(Rule.TEXT, f"“{found.words}” needs a note.")
    if len(note) > LONGEST_NOTE or "\x00" in note:
        return Refusal(Rule.TEXT, f"A note has at most {LONGEST_NOTE} characters.")
    return None
