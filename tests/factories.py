"""Bills in the database without a file behind them: sensible defaults, one override per test.

They are written as the nightly import would write them (`ingest`), never as a customer.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection

from billing_sources.models import (
    AccountLink,
    BillCycle,
    BillingSystem,
    Charge,
    ImportFile,
    ImportRun,
    Invoice,
    RawDocument,
    TaxItem,
    UsageRecord,
)
from billing_sources.usage_months import have_months
from portal.customers.models import Account
from portal.tenancy import ingest

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BILLED_ON = date(2026, 11, 1)
DUE_ON = date(2026, 12, 1)

_numbers = count(1)


def make_invoice(account: Account, payable: Decimal | str | int = "100.00", **overrides: Any) -> Invoice:
    """A published invoice of the account, in USD, due on 1 December 2026.

    `overrides` are columns of `Invoice`; `system` is the key of a billing system. A negative `payable` is a credit.
    """
    amount = Decimal(payable)
    system = overrides.pop("system", "atlas")
    with ingest():
        link = _link(_system(system), account)
        columns = {
            "number": f"A1-2026{next(_numbers):05d}",
            "state": Invoice.State.PUBLISHED,
            "bill_type": "credit_note" if amount < 0 else "invoice",
            "currency": "USD",
            "billed_on": BILLED_ON,
            "due_on": DUE_ON,
            "cycle": "5",
            "seller": "Northline Communications",
            "buyer": account.name,
            "amount_due": amount,
            "content_sha256": hashlib.sha256(uuid.uuid4().bytes).hexdigest(),
            "position": "ST*811*0001",
            "published_at": AT,
        }
        invoice = Invoice.objects.create(
            **{
                **columns,
                "payable": amount,
                "customer_id": account.customer_id,
                "account": account,
                "account_link": link,
                "system": link.system,
                "file": _file(link.system),
                **overrides,
            }
        )
        invoice.refresh_from_db()  # amounts as the database keeps them, and what is open
        return invoice


def make_charge(invoice: Invoice, amount: Decimal | str, **overrides: Any) -> Charge:
    """A monthly charge of the invoice, as its system words it."""
    columns = {"category": "recurring", "source_term": "MRC", "description": "Ethernet 1 Gbit/s", "scope": "line"}
    with ingest():
        return Charge.objects.create(
            invoice=invoice,
            customer_id=invoice.customer_id,
            **{"position": 1, "amount": Decimal(amount), **columns, **overrides},
        )


def make_tax(invoice: Invoice, amount: Decimal | str, **overrides: Any) -> TaxItem:
    """A tax figure that is part of the invoice's total."""
    columns = {"category": "state", "jurisdiction": "WA", "scope": "invoice"}
    with ingest():
        return TaxItem.objects.create(
            invoice=invoice, customer_id=invoice.customer_id, **{"amount": Decimal(amount), **columns, **overrides}
        )


def make_usage(charge: Charge, *amounts: str, **overrides: Any) -> None:
    """Calls behind the charge, a minute apart, one of each amount."""
    invoice = charge.invoice
    columns = {"kind": "LOCAL", "service": "206-555-0101", "quantity": Decimal(61), "unit": "s"}
    with ingest():
        have_months([invoice.billed_on])
        UsageRecord._default_manager.bulk_create(
            UsageRecord(
                invoice=invoice,
                customer_id=invoice.customer_id,
                billed_on=invoice.billed_on,
                position=next(_numbers),
                amount=Decimal(amount),
                **{"charge": charge.position, "started_at": datetime(2026, 10, 14, tzinfo=UTC) + timedelta(minutes=at)},
                **{**columns, **overrides},
            )
            for at, amount in enumerate(amounts)
        )


def make_invoices(accounts: Sequence[Account], how_many: int, *, system: str = "atlas", currency: str = "USD") -> None:
    """Many invoices by one statement, spread over the accounts, over cycles and over 90 days of due dates.

    Numbers are V-<system>-<n>, payable grows with n; every 20th is a credit, every 10th paid, every 7th partly.
    """
    with ingest(), connection.cursor() as cursor:
        links = [_link(_system(system), account) for account in accounts]
        cursor.execute(
            _MANY,
            {
                "customer": accounts[0].customer_id,
                "accounts": [account.pk for account in accounts],
                "links": [link.pk for link in links],
                "system": links[0].system_id,
                "file": _file(links[0].system).pk,
                "prefix": f"V-{system}-{currency}",
                "currency": currency,
                "billed_on": BILLED_ON,
                "first_due_on": DUE_ON - timedelta(days=30),
                "at": AT,
                "how_many": how_many,
            },
        )


_MANY = """
    INSERT INTO billing_sources_invoice (
        code, customer_id, account_id, account_link_id, system_id, entity, number, revision, is_current, state,
        bill_type, type_code, is_payable, currency, billed_on, due_on, cycle, seller, buyer, payment_reference,
        preceding, amount_due, payable, held, settled, credited, written_off, parties, content_sha256, file_id,
        position, mapping_version, published_at)
    SELECT gen_random_uuid(), %(customer)s, (%(accounts)s::bigint[])[place], (%(links)s::bigint[])[place], %(system)s,
        '', %(prefix)s || '-' || lpad(n::text, 7, '0'), 1, true, 'published',
        CASE WHEN payable < 0 THEN 'credit_note' ELSE 'invoice' END, '', true, %(currency)s, %(billed_on)s,
        %(first_due_on)s::date + n %% 90, (n %% 7 + 1)::text, 'Northline Communications', '', '',
        '', payable, payable, 0,
        CASE WHEN payable < 0 THEN 0 WHEN n %% 10 = 0 THEN payable WHEN n %% 7 = 0 THEN 1 ELSE 0 END,
        0, 0, '{}', '', %(file)s, 'row ' || n, 1, %(at)s
    FROM (SELECT n, n %% cardinality(%(accounts)s::bigint[]) + 1 AS place,
                 CASE WHEN n %% 20 = 0 THEN -1 ELSE 1 END * (100 + n %% 9973 + (n %% 100) / 100.0)::numeric(14, 2)
                     AS payable
          FROM generate_series(1, %(how_many)s) n) AS bills
"""


def _system(key: str) -> BillingSystem:
    system, _ = BillingSystem.objects.get_or_create(key=key, defaults={"name": key.title()})
    BillCycle.objects.get_or_create(system=system, code="5", defaults={"day": 5})
    return system


def _link(system: BillingSystem, account: Account) -> AccountLink:
    link, _ = AccountLink.objects.get_or_create(
        system=system,
        external_id=account.external_id or f"AC-{account.pk}",
        defaults={
            "name": account.name,
            "customer_id": account.customer_id,
            "account": account,
            "first_seen_at": AT,
            "linked_at": AT,
        },
    )
    return link


def _file(system: BillingSystem) -> ImportFile:
    """One published file a system, that all bills of the test come from."""
    document, is_new = RawDocument.objects.get_or_create(
        system=system,
        sha256=hashlib.sha256(system.key.encode()).hexdigest(),
        defaults={"name": f"{system.key}-2026-11.dat", "size": 4096, "received_at": AT},
    )
    if is_new:
        run = ImportRun.objects.create(
            system=system, trigger="nightly", state=ImportRun.State.FINISHED, started_at=AT, finished_at=AT
        )
        state = ImportFile.State.PUBLISHED
        ImportFile.objects.create(run=run, document=document, state=state, received_at=AT, published_at=AT)
    return ImportFile.objects.get(document=document)
