"""Generated bill files, written and read back, for the tests that speak of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from billing_sources.adapter import Adapter
from billing_sources.adapters.atlas import ATLAS
from billing_sources.adapters.boreal import BOREAL
from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.checks import check
from billing_sources.generator import (
    CycleOrder,
    Manifest,
    generate_cycle,
)
from billing_sources.normalize import normalize

ADAPTERS = {"atlas": ATLAS, "boreal": BOREAL}
ATLAS_ORDER = CycleOrder("atlas", customers=16, accounts=120, invoices=200, seed=7, billed_on=date(2026, 11, 20))
BOREAL_ORDER = replace(ATLAS_ORDER, system="boreal")
BOTH = pytest.mark.parametrize("order", [ATLAS_ORDER, BOREAL_ORDER], ids=["atlas", "boreal"])
CENT = Decimal("0.01")


def written(order: CycleOrder) -> tuple[bytes, Manifest]:
    """The cycle's own file."""
    return write(next(generate_cycle(order)))


def write(generated: Any) -> tuple[bytes, Manifest]:
    buffer = BytesIO()
    manifest = generated.write(buffer)
    return buffer.getvalue(), manifest


def parsed(text: bytes, adapter: Adapter) -> list[Any]:
    return list(adapter.read(BytesIO(text), adapter))


def bills(order: CycleOrder) -> list[CanonicalInvoice]:
    """Every bill of the cycle's file, memo sets left out."""
    found = parsed(written(order)[0], ADAPTERS[order.system])
    return [bill for bill in found if isinstance(bill, CanonicalInvoice) and bill.is_payable]


def charged(bill: CanonicalInvoice) -> Decimal:
    return sum((charge.amount for charge in bill.charges if not charge.is_information_only), Decimal(0))


def taxed(bill: CanonicalInvoice) -> Decimal:
    return sum((tax.amount for tax in bill.taxes if tax.is_included), Decimal(0))


def ties(bill: CanonicalInvoice) -> bool:
    """Whether the totals stated are the sums of what is stated."""
    lines = sum((c.amount for c in bill.charges if c.scope == "line" and not c.is_information_only), Decimal(0))
    return bill.tax_included == charged(bill) + taxed(bill) and bill.line_total == lines


def issues_of(order: CycleOrder) -> list[Issue]:
    """What the checks say of every bill of the file, memo sets included."""
    adapter = ADAPTERS[order.system]
    read = [bill for bill in parsed(written(order)[0], adapter) if isinstance(bill, CanonicalInvoice)]
    return [issue for bill in read for issue in check(normalize(bill, adapter))]
