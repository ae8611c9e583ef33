"""ECHO: wireless and cloud billing. Pipe-delimited statements and FOCUS cost files, told apart by their content."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Annotated, BinaryIO

import msgspec

from billing_sources.adapter import Adapter, Excerpt, Parsed, Vocabulary
from billing_sources.canonical import BillType, Category, ControlTotals, FileRejected, Issue
from billing_sources.readers.compressed import unpacked
from billing_sources.readers.delimited.layout import ALL, REST, TAXES, Column, Layout, Record, Role
from billing_sources.readers.delimited.layout import mapping as delimited_mapping
from billing_sources.readers.delimited.reader import locate_record, read_records
from billing_sources.readers.focus.dialects import mapping as focus_mapping
from billing_sources.readers.focus.reader import locate_row, read_costs
from billing_sources.transports import WatchedFolder

_DATE, _AMOUNT = "date MMDDYYYY", "amount"
_BILL = Column("statement", "bill")
_NODE = (_BILL, Column("account", "node.account"))
_BUCKETS = (("monthly", "MRC"), ("usage", "USG"), ("credits", "CRD"), ("other", REST))


def _of(prefix: str) -> tuple[Column, ...]:
    """Where a fact belongs: the same three columns in every fact."""
    return _BILL, Column("account", f"{prefix}.account"), Column("service", f"{prefix}.service")


def _codes(code: str, title: str) -> Record:
    return Record(code, title, Role.CODES, (Column("code", "code"), Column("text", "text")))


STATEMENTS = Layout(
    name="ECHO statements",
    encoding="cp1252",
    usage_bucket="USG",
    bill_types=(
        ("BILL", BillType.INVOICE),
        ("CRED", BillType.CREDIT_NOTE),
        ("CORR", BillType.CORRECTED),
        ("COPY", BillType.MEMO),
    ),
    records=(
        Record("0000", "file", Role.HEADER, (
            Column("type", "bill_type", "bill type"), Column("system", must_be="ECHO"),
            Column("line of business", "type_code"), Column("group", "cycle"), Column("file"),
        )),
        _codes("100", "companies"),
        _codes("120", "charge types"),
        _codes("130", "charge sub types"),
        _codes("140", "tax types"),
        _codes("150", "jurisdictions"),
        _codes("160", "payment types"),
        _codes("170", "adjustment types"),
        _codes("200", "tariffs"),
        _codes("210", "call types"),
        _codes("220", "directions"),
        _codes("230", "service types"),
        _codes("240", "units"),
        Record("1000", "statement", Role.BILL, (
            Column("statement", "number"), Column("company", "account"), Column("name", "buyer"),
            Column("statement date", "billed_on", _DATE), Column("cycle start", "period_start", _DATE),
            Column("cycle end", "period_end", _DATE), Column("previous", "previous_balance", _AMOUNT),
            Column("payments", "payments_received", "amount, minus turned", sums="1100"),
            Column("adjustments", "adjustments_prior", _AMOUNT, sums="1200"),
            Column("balance forward", "balance_forward", _AMOUNT), Column("current", "tax_included", _AMOUNT, sums=ALL),
            Column("total due", "amount_due", _AMOUNT), Column("due date", "due_on", _DATE),
            Column("currency", "currency", "currency"),
        )),
        Record("1100", "payment", Role.ENTRY, (
            _BILL, Column("type"), Column("date"), Column("amount", "entry.amount", _AMOUNT), Column("reference"),
        )),
        Record("1200", "adjustment", Role.ENTRY, (
            _BILL, Column("type"), Column("text"), Column("amount", "entry.amount", _AMOUNT),
        )),
        Record("2000", "account", Role.NODE, (
            *_NODE, Column("owner", "node.name"), Column("street", "node.street"), Column("street 2"),
            Column("city", "node.city"), Column("state", "node.state"), Column("country"), Column("zip", "node.zip"),
            *(Column(name, "line_total", _AMOUNT, sums=bucket) for name, bucket in _BUCKETS),
            Column("taxes", "tax", _AMOUNT, sums=TAXES), Column("total", sums=ALL),
        )),
        Record("3000", "service", Role.NODE, (
            *_NODE, Column("service", "node.service"), Column("owner"),
            *(Column(name, sums=bucket) for name, bucket in _BUCKETS),
            Column("taxes", sums=TAXES), Column("total", sums=ALL),
        )),
        Record("3100", "charge", Role.CHARGE, (
            *_of("charge"), Column("charge type", "charge.bucket", codes="120"),
            Column("sub type", "charge.key", codes="130"),
            Column("text", "charge.description"), Column("from", "charge.period_start", _DATE),
            Column("to", "charge.period_end", _DATE), Column("quantity", "charge.quantity", _AMOUNT),
            Column("rate", "charge.unit_price", _AMOUNT), Column("amount", "charge.amount", _AMOUNT),
        )),
        Record("3200", "tax", Role.TAX, (
            *_of("tax"), Column("tax type", "tax.category", codes="140"),
            Column("jurisdiction", "tax.jurisdiction", codes="150"),
            Column("rate", "tax.rate_percent", _AMOUNT), Column("amount", "tax.amount", _AMOUNT),
        )),
        Record("4000", "usage", Role.USAGE, (
            Column("usage"), *_of("usage"), Column("date", "usage.date", _DATE), Column("time", "usage.time", "time"),
            Column("called", "usage.other_party"), Column("tariff"), Column("call type", "usage.kind", codes="210"),
            Column("direction"), Column("service type", "usage.key"), Column("total", "usage.quantity", _AMOUNT),
            Column("unit", "usage.unit", codes="240"), Column("amount", "usage.amount", _AMOUNT),
        )),
        Record("9999", "end of file", Role.TRAILER, (
            Column("records", "control.records", "count"), Column("statements", "control.bills", "count"),
            Column("total due", "control.amount", _AMOUNT),
        )),
    ),
)  # fmt: skip

_DAYS_TO_PAY = 30  # contract terms of the cloud accounts: cost files name no due date

_TERMS = {
    Category.RECURRING: (
        "monthly", "monthly charges", "monthly service", "subscription", "rate plan", "access", "recurring",
        "purchase recurring", "savingsplanrecurringfee", "mrc",
    ),
    Category.USAGE: (
        "usage", "usage charges", "voice usage", "data usage", "messages", "metered usage", "roaming",
        "usage usage-based", "usage usagebased", "usage recurring", "usage one-time", "discountedusage",
        "savingsplancoveredusage", "savingsplannegation", "unusedreservation", "unusedsavingsplan", "usg",
    ),
    Category.ONE_TIME: (
        "installation", "activation", "one-time charges", "purchase one-time", "purchase onetime", "fee", "rifee",
        "savingsplanupfrontfee", "occ",
    ),
    Category.EQUIPMENT: ("equipment", "device instalment"),
    Category.DISCOUNT: (
        "discount", "credits", "credit", "bundleddiscount", "edpdiscount", "privateratediscount", "crd",
    ),
    Category.ADJUSTMENT: ("adjustment", "service credit", "correction", "refund", "roundingadjustment"),
    Category.LATE_FEE: ("late payment charge", "late fee"),
    Category.SURCHARGE: ("surcharge", "regulatory recovery", "other charges"),
    Category.TAX: ("tax", "taxes"),
    Category.DEPOSIT: ("deposit",),
}  # fmt: skip


_MOST_ROWS, _MOST_DIGITS = 10**12, 30


class _Manifest(msgspec.Struct):
    """The control file beside a cost file, as JSON."""

    rows: Annotated[int, msgspec.Meta(ge=0, le=_MOST_ROWS)]
    billed_cost: Decimal
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{0,64}$")] = ""


def read_manifest(content: bytes) -> ControlTotals:
    """Raises `FileRejected` for what is not a manifest."""
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
        cost = manifest.billed_cost
        if not cost.is_finite() or abs(cost.adjusted()) > _MOST_DIGITS:  # 1e999999999 takes a gigabyte to print
            raise ValueError("no amount at `$.billed_cost`")
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FileRejected(Issue("CONTROL-07", "manifest", "", "rows and billed_cost", f"{error}"[:200])) from None
    return ControlTotals(amount=manifest.billed_cost, records=manifest.rows, sha256=manifest.sha256.lower())


def _read(stream: BinaryIO, adapter: Adapter) -> Iterator[Parsed]:
    is_pipes, blocks = _told_apart(stream)
    return read_records(STATEMENTS, blocks, adapter) if is_pipes else read_costs(blocks, adapter, _DAYS_TO_PAY)


def _locate(stream: BinaryIO, origin: str) -> Excerpt:
    is_pipes, blocks = _told_apart(stream)
    return locate_record(STATEMENTS, blocks, origin) if is_pipes else locate_row(blocks, origin)


def _told_apart(stream: BinaryIO) -> tuple[bool, Iterator[bytes]]:
    """Whether it is a file of statements: those begin with their header record."""
    blocks = unpacked(stream)
    first = next(blocks, b"")
    header = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:5]
    return header == b"0000|", chain((first,), blocks)


ECHO = Adapter(
    key="echo",
    title="Echo",
    plays="The wireless and cloud businesses' billing: pipe-delimited statements, and FOCUS cost files.",
    default_currency="USD",
    transport=WatchedFolder(
        "echo/out",
        patterns=("*.csv", "*.csv.gz", "*.txt"),
        control=".manifest",
        controlled=("*.csv", "*.csv.gz"),
    ),
    read=_read,
    mapping=delimited_mapping(STATEMENTS) + focus_mapping(),
    vocabulary=Vocabulary(1, {term: category for category, terms in _TERMS.items() for term in terms}),
    level_names=("company", "account"),
    read_control=read_manifest,
    control_suffix=".manifest",
    locate=_locate,
)
