"""What a customer is known by besides its name and number: its address and its tax ids.

The carrier's people enter them. The address stands on the customer's slips, and both tell whose an unknown account
may be (billing_sources.staff.suggestions).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from portal.actor import CarrierActor
from portal.audit.record import record
from portal.customers.models import Customer
from portal.customers.operations import NotDone
from portal.tenancy import carrier

MOST_LINES, LONGEST_LINE = 6, 80
MOST_TAX_IDS, LONGEST_TAX_ID = 20, 40
_NOT_IN_A_TAX_ID = re.compile(r"[^A-Z0-9]")


def describe_customer(
    *, actor: CarrierActor, code: str, address_lines: Sequence[str], tax_ids: Sequence[str], seen: str, now: datetime
) -> bool:
    """Put these in the place of what is known. `seen` is the `mark` of what the person had before them.

    Returns whether anything changed: the same twice is once. Raises `NotDone` with what is wrong.
    """
    lines = [line for text in address_lines if (line := " ".join(text.split()))]
    ids = list(dict.fromkeys(plain for text in tax_ids if (plain := _NOT_IN_A_TAX_ID.sub("", text.upper()))))
    _require_room(lines, ids)
    with carrier(actor.user_id):
        customer = Customer.objects.select_for_update().get(code=code)
        before = {"address": list(customer.address_lines), "tax ids": list(customer.tax_ids)}
        after = {"address": lines, "tax ids": ids}
        if before == after:
            return False
        if seen != mark(customer):
            raise NotDone("Somebody else changed this customer meanwhile. Nothing was saved; look again.")
        customer.address_lines, customer.tax_ids = lines, ids
        customer.save(update_fields=["address_lines", "tax_ids"])
        changed = {name: after[name] for name in after if after[name] != before[name]}
        record(actor, "described", f"customer {customer.number}", changed, now=now, customer_id=customer.pk)
    return True


def mark(customer: Customer) -> str:
    """Changes whenever its address or tax ids do."""
    return sha256(repr((list(customer.address_lines), list(customer.tax_ids))).encode()).hexdigest()[:16]


def _require_room(lines: Sequence[str], tax_ids: Sequence[str]) -> None:
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise NotDone(f"Give the address in {MOST_LINES} lines of {LONGEST_LINE} characters at most.")
    if len(tax_ids) > MOST_TAX_IDS or any(len(each) > LONGEST_TAX_ID for each in tax_ids):
        raise NotDone(f"Give {MOST_TAX_IDS} tax ids of {LONGEST_TAX_ID} letters and digits at most.")
