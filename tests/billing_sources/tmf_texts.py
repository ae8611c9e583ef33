"""TMF678 documents for tests: a bill that ties, its charges, and what is read of them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from billing_sources.adapters.delta import DELTA
from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.checks import check
from billing_sources.normalize import normalize

Resource = dict[str, Any]


def money(value: Any, unit: str = "EUR") -> Resource:
    return {"unit": unit, "value": value}


def tmf_bill(**fields: Any) -> Resource:
    """100.00 net, 25.00 tax; `fields` override, None leaves one out."""
    stated = {
        "@type": "CustomerBill",
        "id": "CB-1",
        "billNo": "D-1",
        "billDate": "2026-11-20T06:00:00Z",
        "category": "normal",
        "state": "sent",
        "billingAccount": {"id": "BA-1", "name": "Pasila"},
        "relatedParty": [{"role": "customer", "id": "CU-1", "name": "Väylä Oy"}],
        "taxExcludedAmount": money(100),
        "taxIncludedAmount": money(125),
        "amountDue": money(125),
        "taxItem": [{"taxCategory": "VAT", "taxRate": 25, "taxAmount": money(25)}],
        **fields,
    }
    return {name: value for name, value in stated.items() if value is not None}


def rate(value: Any = 100, **fields: Any) -> Resource:
    stated = {
        "@type": "AppliedCustomerBillingRate",
        "id": "R-1",
        "type": "recurringCharge",
        "name": "Rental Fee",
        "isBilled": True,
        "bill": {"id": "CB-1"},
        "product": {"id": "P-1", "name": "Fibre"},
        "taxExcludedAmount": money(value),
        **fields,
    }
    return {name: value for name, value in stated.items() if value is not None}


def read(*resources: Resource | str) -> list[Any]:
    """A document saved by hand; a text is taken as it is."""
    parts = [one if isinstance(one, str) else json.dumps(one) for one in resources]
    return read_bytes(f"[{','.join(parts)}]".encode())


def read_bytes(text: bytes) -> list[Any]:
    return list(DELTA.read(BytesIO(text), DELTA))


def read_one(*resources: Resource | str) -> CanonicalInvoice:
    (bill,) = (one for one in read(*resources) if isinstance(one, CanonicalInvoice))
    return bill


def rules(*resources: Resource | str) -> list[str]:
    """What the reader and the checks find wrong."""
    found = read(*resources)
    issues = [issue for issue in found if isinstance(issue, Issue)]
    for bill in found:
        if isinstance(bill, CanonicalInvoice):
            issues += check(normalize(bill, DELTA))
    return [issue.rule for issue in issues]
