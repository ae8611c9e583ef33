"""Normalize: fill what a bill leaves unsaid, derive what can be paid on it, round it once. Pure.

Nothing that the source states is changed. A total it does not state is derived from those below it, so that every
bill reaches the checks with the same figures. Doing it twice does no more than doing it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from billing_sources.adapter import Adapter
from billing_sources.canonical import BillType, CanonicalAccount, CanonicalCharge, CanonicalInvoice, Category
from portal.money import ZERO, round_to

_CARRIED = Category.CARRIED_BALANCE  # asked of each of millions of charges: an enumeration's own look-up is slow
RESIDUE = "residue"
"""Source term of the charge that rounding a bill to its currency leaves."""


class Bill(msgspec.Struct):
    """A canonical invoice and what was derived from it. Amounts are in its currency.

    `payable` can be allocated; `total` is what it counts in a file's control totals. `lines` and `document` add up the
    counted charges of each scope. `unmapped` holds terms that the vocabulary does not know, with where they stand.
    """

    invoice: CanonicalInvoice
    payable: Decimal
    total: Decimal
    lines: Decimal
    document: Decimal
    unmapped: dict[str, str]

    @property
    def identity(self) -> tuple[str, str, str]:
        """(entity, number, series) within its system: see `models.Invoice`."""
        invoice = self.invoice
        return invoice.entity, invoice.number, f"memo {invoice.account}" if invoice.bill_type is BillType.MEMO else ""


def normalize(invoice: CanonicalInvoice, adapter: Adapter) -> Bill:
    """Takes the invoice over: it is filled in place."""
    invoice.currency = invoice.currency or adapter.default_currency
    bill = Bill(invoice, ZERO, ZERO, ZERO, ZERO, {})
    carried = _add_up(bill)
    _fill_totals(invoice, bill.lines)
    bill.total = invoice.amount_due or ZERO
    if invoice.is_payable:
        current = (invoice.tax_included or ZERO) - (invoice.prepaid or ZERO) + (invoice.rounding or ZERO) - carried
        bill.payable = round_to(current, invoice.currency)
        _keep_residue(invoice.charges, bill.payable - current)
    invoice.accounts = _each_once(invoice)
    _explain_charges(invoice)
    return bill


def _add_up(bill: Bill) -> Decimal:
    """Sums of the charges that count, in one pass. Returns the carried debt among them, which is never payable."""
    lines = document = carried = ZERO
    for charge in bill.invoice.charges:
        if not charge.is_mapped:
            bill.unmapped.setdefault(charge.source_term, charge.origin)
        if charge.is_information_only:
            continue
        if charge.scope == "line":
            lines += charge.amount
        elif charge.source_term != RESIDUE:
            document += charge.amount
        if charge.category is _CARRIED:
            carried += charge.amount
    bill.lines, bill.document = lines, document
    return carried


def _fill_totals(invoice: CanonicalInvoice, lines: Decimal) -> None:
    if invoice.line_total is None:
        invoice.line_total = lines if invoice.charges else _total_of_no_lines(invoice)
    if invoice.tax_excluded is None:
        invoice.tax_excluded = invoice.line_total - (invoice.allowance_total or ZERO) + (invoice.charge_total or ZERO)
    if invoice.tax is None:
        invoice.tax = sum((tax.amount for tax in invoice.taxes if tax.is_included), ZERO)
    if invoice.tax_included is None:
        invoice.tax_included = invoice.tax_excluded + invoice.tax
    if invoice.amount_due is None:
        current = invoice.tax_included - (invoice.prepaid or ZERO) + (invoice.rounding or ZERO)
        invoice.amount_due = current + (invoice.balance_forward or ZERO)


def _total_of_no_lines(invoice: CanonicalInvoice) -> Decimal:
    """Some profiles state totals alone (Factur-X MINIMUM)."""
    of_document = (invoice.charge_total or ZERO) - (invoice.allowance_total or ZERO)
    return (invoice.tax_excluded or ZERO) - of_document


def _keep_residue(charges: list[CanonicalCharge], residue: Decimal) -> None:
    """What rounding took or gave, as a charge of its own: the charges then add up to what is payable."""
    if residue and not any(charge.source_term == RESIDUE for charge in charges):
        position = len(charges) + 1
        charges.append(CanonicalCharge(position, Category.ROUNDING, RESIDUE, residue, scope="document"))


def _each_once(invoice: CanonicalInvoice) -> list[CanonicalAccount]:
    """The accounts that the bill speaks of, the billed one and those of its charges included; first word stands."""
    accounts: dict[str, CanonicalAccount] = {}
    for account in invoice.accounts:
        accounts.setdefault(account.external_id, account)
    for external_id in _mentioned(invoice):
        if external_id and external_id not in accounts:
            accounts[external_id] = CanonicalAccount(external_id, parent=_parent_of(external_id, invoice.account))
    return list(accounts.values())


def _explain_charges(invoice: CanonicalInvoice) -> None:
    """Usage of a charge that is not on the bill explains none."""
    if invoice.usage:
        positions = {charge.position for charge in invoice.charges}
        for record in invoice.usage:
            if record.charge not in positions:
                record.charge = 0


def _mentioned(invoice: CanonicalInvoice) -> Iterable[str]:
    return dict.fromkeys([invoice.account, *(charge.account for charge in invoice.charges)])


def _parent_of(external_id: str, billed: str) -> str:
    return "" if external_id == billed else billed
