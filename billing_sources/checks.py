"""Check: what must hold of a bill before it is published, each rule with a stable id. Pure.

Arithmetic rules carry the ids of EN 16931, which states them best, and hold for every source. A sum may be stated
exactly or rounded to the currency; nothing else is tolerated. Bills that are not payable (memos) are loaded even
where they do not add up, and the difference is noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billing_sources.canonical import CanonicalInvoice, Issue
from billing_sources.normalize import Bill
from portal.money import ZERO, round_to

RULES = {
    "BR-CO-10": "The charges do not add up to the total of the lines.",
    "BR-CO-11": "The document's allowances and charges do not add up to their totals.",
    "BR-CO-13": "The total without tax is not the lines less allowances plus charges.",
    "BR-CO-14": "The taxes do not add up to the tax total.",
    "BR-CO-15": "The total with tax is not the total without tax plus the tax.",
    "BR-CO-16": "The amount due is not the total less what was prepaid plus rounding.",
    "CHAIN-01": "The amount due is not the balance brought forward plus this bill's own charges.",
    "CHAIN-02": "The balance forward is not the previous balance less payments plus adjustments.",
    "CUR-01": "The currency is missing or unknown.",
    "DATE-01": "The bill's date is implausible.",
    "DATE-02": "The billing period ends before it begins.",
    "DATE-03": "The bill is due before it was issued.",
    "ACC-01": "The bill names no account.",
    "LEN-01": "A number, account or buyer's id is longer than any real one.",
    "LINES-01": "The bill states totals without the charges behind them.",
    "USAGE-01": "The usage records of a charge do not add up to it.",
    "USAGE-02": "Usage records name no charge of their bill.",
    "VOCAB-01": "A charge has a term that the vocabulary does not know; it is loaded as an adjustment.",
    "DUP-01": "The same bill number stands twice in one file.",
    "OLD-01": "A newer file has revised this bill already; the older word on it was not loaded.",
    "OLD-02": "The bill was voided or replaced before it came; it was not loaded.",
    "REBILL-01": "The bill takes the place of one that has not come; should that come later, it will not be shown.",
    "CONTROL-01": "The file does not hold as many bills as it declares.",
    "CONTROL-02": "The bills of the file do not add up to the amount that it declares.",
    "CONTROL-03": "The file is not the one that its control file speaks of: the hash differs.",
    "CONTROL-04": "The control file declares another number of bills than the file holds.",
    "CONTROL-05": "The bills of the file do not add up to the amount in its control file.",
    "CONTROL-06": "The control file declares another number of records than the file itself.",
    "CONTROL-07": "The control file cannot be read, or does not say all that it must.",
    "PROOF-01": "What was loaded is not what was read.",
    "PROOF-02": "What was loaded of a category, a tax or the accounts is not what was read.",
    "POISON-01": "The import died three times on this file.",
    "READ-01": "The reader failed on this file in a way that nobody foresaw.",
}
"""Rule → the reason in plain words. The readers' own rules are explained in `docs/sources`."""

LONGEST_ID = 80  # of a number, an entity, an account, a buyer: what is looked for by index
_YEARS = range(1980, 2101)

# ISO 4217, without the codes for funds, metals and tests.
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """
CURRENCIES = frozenset(_CODES.split())


def check(bill: Bill) -> list[Issue]:
    """Everything that does not hold, what its reader found included. A fatal issue holds the bill back."""
    return [
        *bill.invoice.flaws,
        *_identity(bill.invoice),
        *_arithmetic(bill),
        *_usage(bill.invoice),
        *_dates(bill.invoice),
    ]


def explain(rule: str) -> str:
    """The rule in plain words; "" for a reader's own."""
    return RULES.get(rule, "")


def _identity(invoice: CanonicalInvoice) -> Iterator[Issue]:
    if invoice.currency not in CURRENCIES:
        yield _issue(invoice, "CUR-01", "currency", "an ISO 4217 code", invoice.currency)
    if not invoice.account:
        yield _issue(invoice, "ACC-01", "account", "an account", "none")
    for name in ("number", "entity", "replaces", "buyer_id"):
        if len(text := getattr(invoice, name)) > LONGEST_ID:
            yield _too_long(invoice, name, text)
    for account in invoice.accounts:
        if len(account.external_id) > LONGEST_ID or len(account.parent) > LONGEST_ID:
            yield _too_long(invoice, "account", max(account.external_id, account.parent, key=len))


def _too_long(invoice: CanonicalInvoice, field: str, text: str) -> Issue:
    return _issue(invoice, "LEN-01", field, f"at most {LONGEST_ID} characters", f"{len(text)}: {text[:LONGEST_ID]}…")


def _arithmetic(bill: Bill) -> Iterator[Issue]:
    invoice = bill.invoice
    for rule, field, expected, found in _sums(bill):
        if found != expected and found != round_to(expected, invoice.currency):
            yield _issue(invoice, rule, field, f"{expected:f}", f"{found:f}", is_fatal=invoice.is_payable)
    if invoice.line_total and not invoice.charges:
        yield _issue(invoice, "LINES-01", "charges", f"{invoice.line_total:f}", "no charge", is_fatal=False)


def _sums(bill: Bill) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    """(rule, field, what it must be, what the bill states)."""
    invoice = bill.invoice
    line_total, tax_excluded = invoice.line_total or ZERO, invoice.tax_excluded or ZERO
    tax, tax_included, due = invoice.tax or ZERO, invoice.tax_included or ZERO, invoice.amount_due or ZERO
    of_document = (invoice.charge_total or ZERO) - (invoice.allowance_total or ZERO)
    current = tax_included - (invoice.prepaid or ZERO) + (invoice.rounding or ZERO)
    if invoice.charges:
        yield "BR-CO-10", "line_total", bill.lines, line_total
        yield "BR-CO-11", "charge_total", bill.document, of_document
    yield "BR-CO-13", "tax_excluded", line_total + of_document, tax_excluded
    if included := [tax.amount for tax in invoice.taxes if tax.is_included]:
        yield "BR-CO-14", "tax", sum(included, ZERO), tax
    yield "BR-CO-15", "tax_included", tax_excluded + tax, tax_included
    if invoice.balance_forward is None:
        yield "BR-CO-16", "amount_due", current, due
    else:
        yield "CHAIN-01", "amount_due", invoice.balance_forward + current, due
        yield "CHAIN-02", "balance_forward", _chain(invoice), invoice.balance_forward


def _chain(invoice: CanonicalInvoice) -> Decimal:
    """Payments received are positive and lower the balance; a system that states no chain is believed."""
    if invoice.previous_balance is None:
        return invoice.balance_forward or ZERO
    return invoice.previous_balance - (invoice.payments_received or ZERO) + (invoice.adjustments_prior or ZERO)


def _usage(invoice: CanonicalInvoice) -> Iterator[Issue]:
    """Sum of usage = billed line. A difference is named and goes on: what is owed is what was billed."""
    if not invoice.usage:
        return
    sums: dict[int, Decimal] = {}
    for record in invoice.usage:
        sums[record.charge] = sums.get(record.charge, ZERO) + record.amount
    for charge in invoice.charges:
        rated = sums.pop(charge.position, None)
        if rated is not None and charge.amount not in (rated, round_to(rated, invoice.currency)):
            expected, found = f"{charge.amount:f}", f"{rated:f}"
            yield _issue(invoice, "USAGE-01", f"charge {charge.position}", expected, found, is_fatal=False)
    if sums:
        expected, found = "the charge that each record explains", f"records of {sum(sums.values()):f} without one"
        yield _issue(invoice, "USAGE-02", "usage.charge", expected, found, is_fatal=False)


def _dates(invoice: CanonicalInvoice) -> Iterator[Issue]:
    billed, start, end = invoice.billed_on, invoice.period_start, invoice.period_end
    if billed.year not in _YEARS:
        yield _issue(invoice, "DATE-01", "billed_on", f"a year from {_YEARS.start} to {_YEARS.stop - 1}", f"{billed}")
    if start and end and end < start:
        yield _issue(invoice, "DATE-02", "period_end", f"{start} or later", f"{end}", is_fatal=False)
    if invoice.due_on and invoice.due_on < billed:
        yield _issue(invoice, "DATE-03", "due_on", f"{billed} or later", f"{invoice.due_on}", is_fatal=False)


def _issue(
    invoice: CanonicalInvoice, rule: str, field: str, expected: str, found: str, *, is_fatal: bool = True
) -> Issue:
    return Issue(rule, invoice.origin, field, expected, found, invoice.number, is_fatal)
