"""A bill as rows of PostgreSQL's COPY text format. Pure.

Text is written as it comes: no object per row, no ORM. What a row says of the bill itself is the same whatever ids it
gets, so its digest is taken over that text: equal digests mean an unchanged bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256

import msgspec

from billing_sources.canonical import CanonicalCharge, CanonicalInvoice, CanonicalTax, CanonicalUsage
from billing_sources.normalize import Bill

NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_json = msgspec.json.Encoder()

CHARGE_COPY = """
    COPY billing_sources_charge (invoice_id, customer_id, account_link_id,
        source_term, description, service, product_code, unit,
        position, category, amount, quantity, unit_price, period_start, period_end, scope,
        is_information_only, is_mapped, origin)
    FROM STDIN"""
TAX_COPY = """
    COPY billing_sources_taxitem (invoice_id, customer_id, category, jurisdiction, scope,
        amount, base, rate_percent, is_included, origin)
    FROM STDIN"""
USAGE_COPY = """
    COPY billing_sources_usagerecord (invoice_id, customer_id, billed_on, kind, service, other_party, unit,
        position, charge, started_at, amount, quantity, origin)
    FROM STDIN"""
INVOICE_COPY = """
    COPY billing_sources_invoice (id, code, customer_id, account_id, account_link_id, system_id, file_id, revision,
        is_current, state, published_at, mapping_version, content_sha256, series, payable, position, cycle, replaces,
        entity, number, bill_type, type_code, is_payable, currency, billed_on, due_on, period_start, period_end,
        seller, buyer, payment_reference, preceding, line_total, allowance_total, charge_total, tax_excluded, tax,
        tax_included, prepaid, rounding, previous_balance, payments_received, adjustments_prior, balance_forward,
        amount_due, parties, held, settled, credited, written_off)
    FROM STDIN"""
NO_MONEY_YET = "0\t0\t0\t0"


class Written(msgspec.Struct):
    """A bill's own text, without the ids that loading puts around it.

    `accounts`, `charges` and `origins` run in parallel; so do `taxes` and `tax_origins`,
    `usage` and `usage_origins`. Origins are not part of the digest: a bill may come again at another place.
    """

    bill: Bill
    header: str
    accounts: list[str]
    charges: list[str]
    origins: list[str]
    taxes: list[str]
    tax_origins: list[str]
    usage: list[str]
    usage_origins: list[str]
    digest: str
    size: int  # characters


def write(bill: Bill) -> Written:
    invoice = bill.invoice
    header, billed = _header(invoice), invoice.account
    accounts = [charge.account or billed for charge in invoice.charges]
    charges = _charges(invoice.charges)
    taxes = [_tax(tax) for tax in invoice.taxes]
    usage = _usage(invoice.usage)
    text = "\n".join([billed, invoice.cycle, header, *accounts, *charges, *taxes, *usage, *_replaces(invoice)])
    return Written(
        bill,
        header,
        accounts,
        charges,
        _each_escaped([charge.origin for charge in invoice.charges]),
        taxes,
        _each_escaped([tax.origin for tax in invoice.taxes]),
        usage,
        _each_escaped([record.origin for record in invoice.usage]),
        digest=sha256(text.encode()).hexdigest(),
        size=len(text),
    )


def _replaces(invoice: CanonicalInvoice) -> list[str]:
    """Outside of the header: bills that replace none keep the digest that they had before this was asked."""
    return [f"replaces {invoice.replaces}"] if invoice.replaces else []


def field(value: str | Decimal | date | int | bool | None) -> str:
    """One value as COPY reads it."""
    if value is None:
        return NULL
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value)


def row(*values: str | Decimal | date | int | bool | None) -> str:
    return "\t".join(map(field, values))


def storable(text: str) -> str:
    """For words about a file, which may quote anything: PostgreSQL has no NUL, so its picture stands for it."""
    return text.replace("\0", "\u2400")


def escaped(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return text.translate(_ESCAPES)


def _each_escaped(texts: list[str]) -> list[str]:
    return texts if _are_plain(texts, tabs=0) else [escaped(text) for text in texts]


def _charges(charges: Sequence[CanonicalCharge]) -> list[str]:
    """The hot path: one line of text for each of millions of charges. `str` beats a Decimal's own formatting."""
    texts = [f"{c.source_term}\t{c.description}\t{c.service}\t{c.product_code}\t{c.unit}" for c in charges]
    if not _are_plain(texts, tabs=4):
        texts = [row(c.source_term, c.description, c.service, c.product_code, c.unit) for c in charges]
    return [
        f"{text}\t{c.position}\t{c.category!s}\t{c.amount!s}"
        f"\t{NULL if c.quantity is None else str(c.quantity)}\t{NULL if c.unit_price is None else str(c.unit_price)}"
        f"\t{c.period_start or NULL!s}\t{c.period_end or NULL!s}\t{c.scope}"
        f"\t{'t' if c.is_information_only else 'f'}\t{'t' if c.is_mapped else 'f'}"
        for text, c in zip(texts, charges, strict=True)
    ]


def _usage(usage: Sequence[CanonicalUsage]) -> list[str]:
    """As hot: a bill can bring a million of them."""
    texts = [f"{u.kind}\t{u.service}\t{u.other_party}\t{u.unit}" for u in usage]
    if not _are_plain(texts, tabs=3):
        texts = [row(u.kind, u.service, u.other_party, u.unit) for u in usage]
    return [
        f"{text}\t{position}\t{u.charge}\t{u.started_at!s}\t{u.amount!s}"
        f"\t{NULL if u.quantity is None else str(u.quantity)}"
        for position, (text, u) in enumerate(zip(texts, usage, strict=True), 1)
    ]


def _are_plain(texts: Sequence[str], tabs: int) -> bool:
    """Whether nothing in them needs escaping, asked once for all of a bill."""
    block = "\n".join(texts)
    is_whole = block.count("\t") == tabs * len(texts) and block.count("\n") == len(texts) - 1
    return is_whole and "\\" not in block and "\r" not in block


def _tax(tax: CanonicalTax) -> str:
    return row(tax.category, tax.jurisdiction, tax.scope, tax.amount, tax.base, tax.rate_percent, tax.is_included)


def _header(invoice: CanonicalInvoice) -> str:
    parties = {
        "seller_id": invoice.seller_id,
        "buyer_id": invoice.buyer_id,
        "remit_to": invoice.remit_to,
        "tax_currency": invoice.tax_currency,
        "note": invoice.note,
    }
    return row(
        invoice.entity,
        invoice.number,
        invoice.bill_type,
        invoice.type_code,
        invoice.is_payable,
        invoice.currency,
        invoice.billed_on,
        invoice.due_on,
        invoice.period_start,
        invoice.period_end,
        invoice.seller,
        invoice.buyer,
        invoice.payment_reference,
        invoice.preceding,
        invoice.line_total,
        invoice.allowance_total,
        invoice.charge_total,
        invoice.tax_excluded,
        invoice.tax,
        invoice.tax_included,
        invoice.prepaid,
        invoice.rounding,
        invoice.previous_balance,
        invoice.payments_received,
        invoice.adjustments_prior,
        invoice.balance_forward,
        invoice.amount_due,
        _json.encode(parties).decode(),
    )
