"""The lines of a payload as `query` writes them, typed for msgspec. Pure.

Keys are jBilling's column names. Amounts, dates and timestamps stay text here: the mapping says how they are read.
"""

from __future__ import annotations

import msgspec


class InvoiceRow(msgspec.Struct):
    id: int
    public_number: str | None = None
    create_datetime: str | None = None  # without zone
    due_date: str | None = None
    total: str | None = None
    balance: str | None = None
    carried_balance: str | None = None
    status_id: int | None = None  # generic_status: 26 paid, 27 unpaid, 28 carried
    delegated_invoice_id: int | None = None
    billing_process_id: int | None = None
    deleted: int = 0
    customer_notes: str | None = None


class EntityRow(msgspec.Struct):
    id: int | None = None
    description: str | None = None


class UserRow(msgspec.Struct):
    id: int | None = None
    user_name: str | None = None
    name: str | None = None
    address: str | None = None


class ParentRow(msgspec.Struct):
    id: int | None = None
    name: str | None = None


class CurrencyRow(msgspec.Struct):
    code: str | None = None
    symbol: str | None = None


class ProcessRow(msgspec.Struct):
    period_start: str | None = None
    period_end: str | None = None


class LineRow(msgspec.Struct):
    id: int
    type_id: int | None = None
    amount: str | None = None
    type: str | None = None
    quantity: str | None = None
    price: str | None = None
    is_percentage: int | None = None
    item_id: int | None = None
    item: str | None = None
    description: str | None = None
    source_user_id: int | None = None
    source_user: str | None = None


class PaymentRow(msgspec.Struct):
    id: int
    amount: str | None = None
    is_refund: int = 0
    deleted: int = 0
    result_id: int | None = None
    payment_date: str | None = None


class UsageRow(msgspec.Struct):
    id: int
    event_date: str | None = None
    amount: str | None = None
    item_id: int | None = None
    quantity: str | None = None
    description: str | None = None


class HeadRow(msgspec.Struct, tag_field="record", tag="head"):
    format: str
    version: int


class BillRow(msgspec.Struct, tag_field="record", tag="bill"):
    invoice: InvoiceRow
    entity: EntityRow
    base_user: UserRow
    currency: CurrencyRow
    parent: ParentRow = msgspec.field(default_factory=ParentRow)
    order_process: ProcessRow = msgspec.field(default_factory=ProcessRow)
    carries: list[str] = []
    lines: list[LineRow] = []
    payments: list[PaymentRow] = []
    usage: list[UsageRow] = []


class EndRow(msgspec.Struct, tag_field="record", tag="end"):
    bills: int
    amount: str


Row = HeadRow | BillRow | EndRow
