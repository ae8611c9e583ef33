"""What a pay run, or the tags of a filter, say at a moment: the rows of a workbook as canonical values.

Called inside `acting(actor)`. The same tables are the base of a download and what an upload is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Q
from django.utils.crypto import salted_hmac

from billing_sources.archive import keep_bytes, open_bytes
from payments.domain.round_trip.cells import plain, text_of
from payments.domain.round_trip.sheets import BaseRow, SheetSpec
from payments.invoices.filters import InvoiceFilter
from payments.invoices.listing import in_sql
from payments.invoices.queries import matching, visible_to
from payments.invoices.rows import account_path
from payments.models import PayRun, PayRunItem
from payments.runs.lines import Line
from payments.runs.queries import lines_of, payments_of
from payments.runs.rows import PlannedPayment
from payments.workbooks.specs import LINES, PAY, PAYMENTS, TAGS, run_specs, tag_specs
from portal.actor import Actor

MOST_ROWS: Final = 50_000
Table = dict[str, dict[str, str]]  # key of a row → its values, in the order of the sheet
Tables = dict[str, Table]  # by sheet

_TAGGED: Final = """
    SELECT i.code::text, i.number, COALESCE(a.name, ''), above.name, above.parent_id, s.name,
           COALESCE(i.due_on::text, ''), i.currency, i.open,
           COALESCE((SELECT string_agg(tag.name, ', ' ORDER BY tag.name COLLATE "C")
                     FROM payments_invoicetag given JOIN payments_tag tag ON tag.id = given.tag_id
                     WHERE given.invoice_id = i.id AND tag.removed_at IS NULL), '')
    FROM (SELECT * FROM billing_sources_invoice WHERE {where} ORDER BY due_on, id LIMIT %s) i
    JOIN billing_sources_billingsystem s ON s.id = i.system_id
    LEFT JOIN customers_account a ON a.id = i.account_id
    LEFT JOIN customers_account above ON above.id = a.parent_id
    ORDER BY i.due_on, i.id
"""


class Snapshot(msgspec.Struct, frozen=True):
    """What a download said. `about` is the sheet of that name; `payments` are (code, position) of a run."""

    about: list[tuple[str, str]]
    payments: list[tuple[str, str]]
    tables: Tables

    @property
    def specs(self) -> tuple[SheetSpec, ...]:
        return run_specs(self.payments) if PAYMENTS in self.tables else tag_specs()


def run_snapshot(run: PayRun, by: str, now: datetime) -> Snapshot:
    lines = lines_of(run)
    payments = payments_of(run, lines)
    about = [
        ("Pay run", f"{run.number}, {run.title}"),
        ("State", f"{run.get_state_display()}, version {run.version}"),
        ("As of", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("Downloaded by", by),
    ]
    codes = [(str(payment.code), str(payment.facts.position)) for payment in payments]
    return Snapshot(about, codes, _tables(run, lines, payments))


def run_tables(run: PayRun) -> Tables:
    """As the run stands now."""
    lines = lines_of(run)
    return _tables(run, lines, payments_of(run, lines))


def tags_snapshot(actor: Actor, chosen: InvoiceFilter, by: str, now: datetime, today: date) -> Snapshot:
    wanted = visible_to(actor) & matching(chosen, today)
    about = [("Tags of", by), ("As of", f"{now:%Y-%m-%d %H:%M} UTC"), ("Downloaded by", by)]
    return Snapshot(about, [], {TAGS: tag_table(wanted)})


def tag_table(wanted: Q) -> Table:
    """At most `MOST_ROWS` and one more, which tells that there are more."""
    where, values = in_sql(wanted)
    with connection.cursor() as cursor:
        cursor.execute(_TAGGED.format(where=where), (*values, MOST_ROWS + 1))
        return {
            code: {
                "number": text_of(number),
                "account": text_of(account_path(account, parent, grandparent)),
                "billed_by": text_of(system),
                "due": due,
                "currency": currency,
                "open": plain(open_),
                "tags": tags,
            }
            for code, number, account, parent, grandparent, system, due, currency, open_, tags in cursor.fetchall()
        }


def base_rows(workbook: str, table: str, rows: Table) -> list[BaseRow]:
    """With the token of each row: its key, and a hash of workbook, row and values that only this server can make."""
    secret = salted_hmac("payments.workbooks", f"{workbook} {table}", algorithm="sha256").digest()
    return [BaseRow(key, f"{key}.{_seal(secret, key, values)}", values) for key, values in rows.items()]


def keep_snapshot(snapshot: Snapshot) -> str:
    """Its sha256 in the archive."""
    return keep_bytes(msgspec.json.encode(snapshot)).sha256


def open_snapshot(sha256: str) -> Snapshot:
    with open_bytes(sha256) as stream:
        return msgspec.json.decode(stream.read(), type=Snapshot)


def _seal(secret: bytes, key: str, values: Mapping[str, str]) -> str:
    """`secret` is of the workbook and its table, and made of the server's own."""
    return blake2b(msgspec.json.encode([key, values]), key=secret, digest_size=16).hexdigest()


def _tables(run: PayRun, lines: Sequence[Line], payments: Sequence[PlannedPayment]) -> Tables:
    codes = {payment.facts.position: str(payment.code) for payment in payments}
    disputed: dict[UUID, Decimal] = dict(
        PayRunItem.objects.filter(run=run, invoice__disputed__gt=0).values_list("invoice__code", "invoice__disputed")
    )
    ordered = sorted(lines, key=lambda line: (line.due_on or date.max, line.item.number))
    return {
        LINES: {str(line.code): _line(line, codes, disputed.get(line.code)) for line in ordered},
        PAYMENTS: {str(payment.code): _payment(payment) for payment in payments},
    }


def _line(line: Line, codes: Mapping[int, str], disputed: Decimal | None) -> dict[str, str]:
    item = line.item
    placed = {f"{PAY}{codes[position]}": plain(amount) for position, amount in item.placed if position in codes}
    return {
        "number": text_of(item.number),
        "account": text_of(account_path(line.account, line.parent, line.grandparent)),
        "billed_by": text_of(line.system),
        "due": line.due_on.isoformat() if line.due_on else "",
        "currency": item.currency,
        "open": plain(line.available),
        "disputed": plain(disputed),
        "short": plain(item.short_paid),
        "reason": item.reason,
        "note": text_of(item.note),
        "left_open": "yes" if item.left_open else "",
        **{f"{PAY}{code}": "" for code in codes.values()},
        **placed,
    }


def _payment(payment: PlannedPayment) -> dict[str, str]:
    facts = payment.facts
    return {
        "position": str(facts.position),
        "currency": facts.currency,
        "method": payment.method,
        "value_on": payment.value_on.isoformat(),
        "planned": plain(facts.planned),
        "note": text_of(payment.note),
    }
