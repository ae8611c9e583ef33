"""CASTLE: the wholesale mainframe. EBCDIC records behind RDWs, packed and zoned amounts, each file with its .ctl."""

from __future__ import annotations

from billing_sources.adapter import Adapter, FieldMap, Vocabulary
from billing_sources.canonical import Category
from billing_sources.readers.castle_bills import read_bills, read_record
from billing_sources.readers.castle_control import acknowledge, read_control
from billing_sources.transports import WatchedFolder

_BILL = (
    FieldMap("entity", "0010 SYSTEM"),
    FieldMap("cycle", "0010 CYCLE", "without leading zeros"),
    FieldMap("currency", "0010 CCY"),
    FieldMap("number", "0100 BILL-ID"),
    FieldMap("account", "0100 ACCT"),
    FieldMap("account.parent", "0100 PARENT-ACCT"),
    FieldMap("buyer", "0100 NAME"),
    FieldMap("billed_on", "0100 BILL-DT", "CCYYDDD"),
    FieldMap("due_on", "0100 DUE-DT", "CCYYDDD"),
    FieldMap("period_start", "0100 FROM-DT", "CCYYDDD"),
    FieldMap("period_end", "0100 TO-DT", "CCYYDDD"),
    FieldMap("type_code", "0100 TYPE", "IN and FN invoice, CN credit note, RB corrected"),
    FieldMap("previous_balance", "0100 PREV-BAL", "packed"),
    FieldMap("payments_received", "0100 PAYMENTS", "packed, minus turned"),
    FieldMap("adjustments_prior", "0100 ADJ", "packed"),
    FieldMap("tax_included", "0100 CURRENT", "packed"),
    FieldMap("amount_due", "0100 TOTAL-DUE", "packed"),
    FieldMap("payment_reference", "0100 SCANLINE"),
    FieldMap("preceding", "3400 ORIG-BILL"),
    FieldMap("replaces", "3400 ORIG-BILL", "where 3400 CODE is RBIL"),
    FieldMap("declared_records", "9990 REC-CNT", "must be the bill's own count"),
    FieldMap("tax_included", "9990 CURRENT", "packed; must be that of 0100"),
)
_DETAIL = (
    FieldMap("account.external_id", "0900 PREMISE"),
    FieldMap("account.name", "0900 SITE-NAME"),
    FieldMap("account.address", "0900 ADDRESS"),
    FieldMap("charge.service", "1100 SERVICE-NO", "of every line below the agreement"),
    FieldMap("charge.period_start", "1300 FROM", "CCYYDDD; of every line of the segment"),
    FieldMap("charge.period_end", "1300 TO", "CCYYDDD"),
    FieldMap("charge.account", "1700 PREMISE"),
    FieldMap("charge.source_term", "1700 RATE-CLASS", "vocabulary, with the USOC first, then alone"),
    FieldMap("charge.product_code", "1700 USOC"),
    FieldMap("charge.description", "1700 TEXT"),
    FieldMap("charge.quantity", "1700 QTY", "packed"),
    FieldMap("charge.unit_price", "1700 RATE", "packed"),
    FieldMap("charge.amount", "1700 AMT", "packed"),
    FieldMap("charge.account", "2400 PREMISE"),
    FieldMap("charge.calls", "2400 CALLS", "said in the description; for information"),
    FieldMap("charge.quantity", "2400 MINUTES", "zoned"),
    FieldMap("charge.unit", "2400 UNIT"),
    FieldMap("charge.amount", "2400 AMT", "packed; for information"),
    FieldMap("charge.account", "3400 PREMISE"),
    FieldMap("charge.source_term", "3400 CODE", "vocabulary"),
    FieldMap("charge.description", "3400 TEXT"),
    FieldMap("charge.amount", "3400 AMT", "sign behind; for information where it adjusts an earlier bill"),
    FieldMap("tax.account", "1800 PREMISE"),
    FieldMap("tax.category", "1800 TYPE"),
    FieldMap("tax.jurisdiction", "1800 JURIS"),
    FieldMap("tax.base", "1800 BASE", "packed"),
    FieldMap("tax.rate_percent", "1800 RATE", "zoned"),
    FieldMap("tax.amount", "1800 AMT", "zoned"),
    FieldMap("tax.is_included", "1800 INCL", "Y: added"),
)

_TERMS = {
    Category.RECURRING: ("mrc", "rec", "rent"),
    Category.USAGE: ("usg", "mou", "toll"),
    Category.ONE_TIME: ("nrc", "occ", "inst"),
    Category.EQUIPMENT: ("mrc eqrent", "eqp", "nrc eqsale"),
    Category.DISCOUNT: ("dsc", "dsct", "vold"),
    Category.ADJUSTMENT: ("adj", "crd", "cred", "outg"),
    Category.LATE_FEE: ("lpc", "int"),
    Category.SURCHARGE: ("occ fusf", "occ e911", "occ 9zr", "sur"),
    Category.DEPOSIT: ("dep",),
}  # fmt: skip

CASTLE = Adapter(
    key="castle",
    title="Castle",
    plays="The wholesale mainframe: fixed records in EBCDIC, five tiers from bill to line, control totals throughout.",
    default_currency="USD",
    transport=WatchedFolder("castle/out", ("*.ebc",), control=".ctl", answers="castle/in"),
    read=read_bills,
    mapping=_BILL + _DETAIL,
    vocabulary=Vocabulary(1, {term: category for category, terms in _TERMS.items() for term in terms}),
    level_names=("parent account", "account", "premise"),
    read_control=read_control,
    control_suffix=".ctl",
    locate=read_record,
    acknowledge=acknowledge,
)
