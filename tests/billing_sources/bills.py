"""Bills and files for tests: hand-made canonical bills, a source that hands them out, and the ways they go in."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
import pytest

from billing_sources import night, registry, runs
from billing_sources.adapter import Adapter, Parsed
from billing_sources.adapters.atlas import ATLAS
from billing_sources.canonical import BillType, CanonicalAccount, CanonicalCharge, CanonicalInvoice, Category
from billing_sources.generator import CycleOrder, GeneratedFile, generate_cycle
from billing_sources.models import AccountLink, BillingSystem, ImportFile, ImportRun, Invoice
from billing_sources.transports import Payload
from portal.customers.models import Account
from portal.tenancy import carrier, ingest

BILLED_ON = date(2026, 11, 1)


def charge(amount: str, **fields: Any) -> CanonicalCharge:
    stated = {"position": 1, "category": Category.RECURRING, "source_term": "MRC", **fields}
    return CanonicalCharge(amount=Decimal(amount), **stated)


def bill(*amounts: str, number: str = "1001", **fields: Any) -> CanonicalInvoice:
    """A bill whose charges are these amounts and which adds up; `fields` override."""
    amounts = amounts or ("100.00",)
    total = sum(map(Decimal, amounts), Decimal(0))
    stated = {
        "system": "paper",
        "number": number,
        "bill_type": BillType.INVOICE,
        "type_code": "380",
        "currency": "USD",
        "billed_on": BILLED_ON,
        "account": "A-1",
        "line_total": total,
        "tax_excluded": total,
        "tax": Decimal(0),
        "tax_included": total,
        "amount_due": total,
        "accounts": [CanonicalAccount("A-0", "", "customer"), CanonicalAccount("A-1", "A-0", "site", "Harlow West")],
        "charges": [charge(amount, position=at) for at, amount in enumerate(amounts, 1)],
        "origin": f"bill {number}",
    }
    return CanonicalInvoice(**{**stated, **fields})


def memo(*amounts: str, **fields: Any) -> CanonicalInvoice:
    return bill(*amounts, bill_type=BillType.MEMO, is_payable=False, **fields)


def paper(*parsed: Parsed | Exception) -> Adapter:
    """A source that hands out what it is given; an exception stands for what goes wrong at that point."""

    def read(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
        stream.read()
        for item in parsed:
            if isinstance(item, Exception):
                raise item
            yield copy.deepcopy(item)  # the pipeline takes its bills over

    return replace(ATLAS, key="paper", title="Paper", default_currency="USD", read=read)


class Desk:
    """Takes files in, as a worker would, and looks at what became of them."""

    def __init__(self, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = database
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._files = 0

    def hand_in(self, *parsed: Parsed | Exception) -> ImportFile:
        """One file of hand-made bills."""
        self._monkeypatch.setitem(registry.ADAPTERS, "paper", paper(*parsed))
        self._files += 1
        path = self.folder / f"paper-{self._files}"
        path.write_text(str(self._files))
        return self.take("paper", path)

    def write(self, generated: GeneratedFile) -> Path:
        """Its control file, if it has one, lies beside it."""
        generated.write_into(self.folder)
        return self.folder / generated.name

    def take(self, system: str, *paths: Path) -> ImportFile:
        """The last file of a run over these paths."""
        run = runs.start(runs.billing_system(system), ImportRun.Trigger.COMMAND, datetime.now(UTC))
        suffix = registry.adapter_for(system).control_suffix
        night.work_on(run.pk, [Payload.of(path, suffix) for path in paths])
        return files_of(run)[-1]

    def put_money_on(self, invoice: Invoice, held: str) -> None:
        """As a pay run would; the import itself may not touch what is held."""
        with psycopg.connect(self._database) as owner:
            owner.execute("UPDATE billing_sources_invoice SET held = %s WHERE id = %s", [Decimal(held), invoice.pk])


def files_of(run: ImportRun) -> Sequence[ImportFile]:
    with ingest():
        return list(ImportFile.objects.filter(run=run).select_related("run", "document").order_by("pk"))


def invoices(**wanted: Any) -> list[Invoice]:
    with ingest():
        return list(Invoice.objects.filter(**wanted).order_by("number", "series", "revision"))


def rules(file: ImportFile) -> list[str]:
    with ingest():
        return list(file.issues.order_by("pk").values_list("rule", flat=True))


def link_to(account: Account, external_id: str = "A-1", system: str = "paper") -> AccountLink:
    """Known and linked before the first bill comes."""
    with ingest():
        known, _ = BillingSystem.objects.get_or_create(key=system, defaults={"name": system.title()})
    with carrier():
        return AccountLink.objects.create(
            system=known,
            external_id=external_id,
            account=account,
            customer_id=account.customer_id,
            first_seen_at=datetime.now(UTC),
        )


def order(system: str = "atlas", **fields: Any) -> CycleOrder:
    stated = {"customers": 8, "accounts": 30, "invoices": 40, "seed": 7, "billed_on": date(2026, 11, 20)}
    return CycleOrder(system, **{**stated, **fields})


def cycle_file(system: str = "atlas", **fields: Any) -> GeneratedFile:
    return next(iter(generate_cycle(order(system, **fields))))
