"""FERRY: an internet provider that was bought with its jBilling, whose PostgreSQL database is read by SQL."""

from __future__ import annotations

from billing_sources.adapter import Adapter, FieldMap, Vocabulary
from billing_sources.canonical import Category
from billing_sources.readers.jbilling.locate import locate
from billing_sources.readers.jbilling.payload import FORMAT, VERSION
from billing_sources.readers.jbilling.query import BILLS
from billing_sources.readers.jbilling.reader import read_bills
from billing_sources.transports import Sql

_BILL = (
    FieldMap("number", "invoice.public_number"),
    FieldMap("number", "invoice.id", "id"),
    FieldMap("entity", "entity.id", "id"),
    FieldMap("type_code", "invoice.billing_process_id", "process, or manual"),
    FieldMap("currency", "currency.code", "currency"),
    FieldMap("billed_on", "invoice.create_datetime", "day"),
    FieldMap("due_on", "invoice.due_date", "day"),
    FieldMap("period_start", "order_process.period_start", "day"),
    FieldMap("period_end", "order_process.period_end", "the day before"),
    FieldMap("account", "base_user.id", "id"),
    FieldMap("buyer", "base_user.name"),
    FieldMap("buyer_id", "base_user.user_name"),
    FieldMap("buyer_address", "base_user.address"),
    FieldMap("seller", "entity.description"),
    FieldMap("seller_id", "entity.id", "id"),
    FieldMap("remit_to", "entity.description", "name"),
    FieldMap("payment_reference", "invoice.public_number"),
    FieldMap("note", "invoice.customer_notes"),
    FieldMap("amount_due", "invoice.total", "amount, float noise off"),
)
_LINES = (
    FieldMap("charge.source_term", "invoice_line.type"),
    FieldMap("charge.amount", "invoice_line.amount", "amount, float noise off"),
    FieldMap("charge.description", "invoice_line.description"),
    FieldMap("charge.product_code", "invoice_line.item"),
    FieldMap("charge.quantity", "invoice_line.quantity", "amount, float noise off"),
    FieldMap("charge.unit_price", "invoice_line.price", "amount, float noise off"),
    FieldMap("charge.account", "invoice_line.source_user_id", "id"),
    FieldMap("charge.period", "invoice_line.description", "period in the text"),
    FieldMap("tax.category", "invoice_line.description"),
    FieldMap("tax.category", "invoice_line.type"),
    FieldMap("tax.amount", "invoice_line.amount", "amount, float noise off"),
    FieldMap("tax.rate_percent", "invoice_line.price", "amount, float noise off"),
    FieldMap("tax.account", "invoice_line.source_user_id", "id"),
    FieldMap("usage.started_at", "mediation_record_line.event_date", "instant"),
    FieldMap("usage.amount", "mediation_record_line.amount", "amount, float noise off"),
    FieldMap("usage.quantity", "mediation_record_line.quantity", "amount, float noise off"),
    FieldMap("usage.kind", "mediation_record_line.description"),
)

# "sub account" does not say what was sold to the branch: nearly all of it is its monthly service. "(mediated)" is ours:
# jBilling bills calls as one-time items, and only their records tell them from those.
_TERMS = {
    Category.RECURRING: ("item recurring", "recurring", "sub account", "sub-account"),
    Category.ONE_TIME: ("item one-time", "item one time", "one-time"),
    Category.USAGE: ("item one-time (mediated)", "item recurring (mediated)", "sub account (mediated)", "usage"),
    Category.LATE_FEE: ("interests", "interest", "penalty"),
    Category.TAX: ("tax", "taxes"),
    Category.CARRIED_BALANCE: ("due invoice", "balance forward"),
    Category.DISCOUNT: ("discount",),
}

FERRY = Adapter(
    key="ferry",
    title="Ferry",
    plays="An internet provider bought with its jBilling: a PostgreSQL database that we may read.",
    default_currency="USD",
    transport=Sql(FORMAT, VERSION, BILLS),
    read=read_bills,
    mapping=_BILL + _LINES,
    vocabulary=Vocabulary(1, {term: category for category, terms in _TERMS.items() for term in terms}),
    level_names=("customer", "sub-account"),
    locate=locate,
)
