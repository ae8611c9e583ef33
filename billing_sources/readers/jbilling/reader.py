"""A payload of jBilling bills → canonical bills. Pure.

What a bill owes is its total less the debt carried onto it; that debt is its balance forward. What jBilling says of
payments and balances is evidence (`evidence`): it never changes a bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from billing_sources.adapter import Adapter, Parsed
from billing_sources.canonical import BillType, CanonicalAccount, CanonicalInvoice, ControlTotals, FileRejected, Issue
from billing_sources.readers.jbilling.columns import Tables, Unreadable, compiled
from billing_sources.readers.jbilling.evidence import contradictions
from billing_sources.readers.jbilling.lines import Lines, read_lines
from billing_sources.readers.jbilling.payload import rows
from billing_sources.readers.jbilling.rows import BillRow, EndRow
from billing_sources.readers.jbilling.values import cleaned

_ZERO = Decimal(0)
_SUM = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,10})?", re.ASCII)
_MANDATORY = {
    "number": "invoice.id",
    "currency": "currency.code",
    "billed_on": "invoice.create_datetime",
    "account": "base_user.id",
    "amount_due": "invoice.total",
}


def read_bills(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    """Raises `FileRejected` for a payload that is none of ours, or was cut."""
    tables, noise = compiled(adapter.mapping), _ZERO
    for number, row in rows(stream):
        if isinstance(row, Issue):
            yield row
        elif isinstance(row, EndRow):
            yield ControlTotals(bills=row.bills, amount=_declared(row, number) - noise, records=number)
        else:
            bill = _bill_or_issue(row, f"line {number}", adapter, tables)
            if isinstance(bill, CanonicalInvoice) and bill.bill_type is not BillType.VOID and row.invoice.total:
                noise += cleaned(row.invoice.total).noise  # declared is what the database holds, noise and all
            yield bill


def _declared(row: EndRow, number: int) -> Decimal:
    """A sum of the database, so more digits than any bill's; but `1e999999999` would take a gigabyte to print."""
    if not _SUM.fullmatch(row.amount):
        raise FileRejected(Issue("FERRY-CUT", f"line {number}", "amount", "an amount", row.amount[:80]))
    return Decimal(row.amount)


def _bill_or_issue(row: BillRow, origin: str, adapter: Adapter, tables: Tables) -> CanonicalInvoice | Issue:
    try:
        return _bill(row, origin, adapter, tables)
    except Unreadable as error:
        number = row.invoice.public_number or str(row.invoice.id)
        account = str(row.base_user.id or "")
        return Issue("FERRY-VALUE", origin, error.source, error.expected, error.found, number, account=account)


def _bill(row: BillRow, origin: str, adapter: Adapter, tables: Tables) -> CanonicalInvoice:
    found = tables.bill.read(row)
    for field, source in _MANDATORY.items():
        if field not in found:
            raise Unreadable(source, "a value", "none")
    found.setdefault("type_code", "manual")
    found |= {"system": adapter.key, "origin": origin}
    if row.invoice.deleted:
        return _void(row, found, adapter)
    return _live(row, found, read_lines(row, origin, tables, adapter.vocabulary), adapter)


def _void(row: BillRow, found: dict[str, Any], adapter: Adapter) -> CanonicalInvoice:
    """Deleted at the source: the word that nothing of it is due, which revises what came before."""
    none_due = {"amount_due": _ZERO, "line_total": _ZERO, "tax_excluded": _ZERO, "tax": _ZERO, "tax_included": _ZERO}
    accounts = _accounts(row, found, Lines(), adapter)
    return CanonicalInvoice(**{**found, **none_due, "bill_type": BillType.VOID, "accounts": accounts})


def _live(row: BillRow, found: dict[str, Any], lines: Lines, adapter: Adapter) -> CanonicalInvoice:
    own = found["amount_due"] - (lines.carried or _ZERO)
    start, end = lines.period()
    found.setdefault("period_start", start)
    found.setdefault("period_end", end)
    if row.carries:
        found["preceding"] = row.carries[-1]
        found["note"] = " ".join(filter(None, (found.get("note"), f"Carries the debt of {', '.join(row.carries)}.")))
    invoice = CanonicalInvoice(
        **found,
        bill_type=BillType.CREDIT_NOTE if own < 0 else BillType.INVOICE,
        tax_included=own,
        previous_balance=lines.carried,
        balance_forward=lines.carried,
        accounts=_accounts(row, found, lines, adapter),
        charges=lines.charges,
        taxes=lines.taxes,
        usage=lines.usage,
    )
    invoice.flaws = list(contradictions(row, invoice))
    return invoice


def _accounts(row: BillRow, found: dict[str, Any], lines: Lines, adapter: Adapter) -> list[CanonicalAccount]:
    """Parent, billed user, branches. The entity is the seller and no node: it would make one tree of all customers."""
    customer, branch = adapter.level_names
    billed, name = found["account"], found.get("buyer", "")
    if row.parent.id is None:
        above, node = [], CanonicalAccount(billed, "", customer, name)
    else:
        parent = str(row.parent.id)
        above = [CanonicalAccount(parent, "", customer, row.parent.name or "")]
        node = CanonicalAccount(billed, parent, branch, name)
    return [*above, node, *lines.branches.values()]
