"""Read: a file's bills, each normalized, judged and written as rows, in batches. Pure.

Nothing here knows the database, so that a file can be read while what was read before is being loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from billing_sources import rows
from billing_sources.adapter import Adapter
from billing_sources.canonical import CanonicalInvoice, ControlTotals, FileRejected, Issue
from billing_sources.checks import check
from billing_sources.normalize import Bill, normalize
from billing_sources.rows import Written

BATCH_BILLS = 2_000
BATCH_TEXT = 1 << 21  # characters of finished rows
DIGITS = 76  # of a sum: exact for any amount that a reader lets through
_log = logging.getLogger(__name__)


class Judged(msgspec.Struct):
    """A bill and what does not hold of it. `written` is None where that is fatal: the bill is held."""

    bill: Bill
    issues: list[Issue]
    written: Written | None


Item = Judged | Issue | ControlTotals | FileRejected
"""In file order. An issue stands for a bill that could not be read; a rejection comes last."""


def batches(adapter: Adapter, stream: BinaryIO) -> Iterator[list[Item]]:
    """By number of bills or by text, so that neither many bills nor large ones need much memory."""
    items = _judged(adapter, stream)
    while batch := _batch(items):
        yield batch


def _batch(items: Iterator[Item]) -> list[Item]:
    batch: list[Item] = []
    bills = text = 0
    for item in items:
        batch.append(item)
        if isinstance(item, Judged):
            bills, text = bills + 1, text + (item.written.size if item.written else 0)
            if bills >= BATCH_BILLS or text >= BATCH_TEXT:
                break
    return batch


def _judged(adapter: Adapter, stream: BinaryIO) -> Iterator[Item]:
    noted: set[str] = set()
    try:
        for parsed in read(adapter, stream):
            yield _judge(parsed, adapter, noted) if isinstance(parsed, CanonicalInvoice) else parsed
    except FileRejected as rejected:
        yield rejected


def read(adapter: Adapter, stream: BinaryIO) -> Iterator[CanonicalInvoice | Issue | ControlTotals]:
    """What the reader yields. Its own failure is the file's: it is held, and the other files go on."""
    try:
        yield from adapter.read(stream, adapter)
    except (FileRejected, OSError, MemoryError):
        raise
    except Exception as error:
        _log.exception("the reader of %s failed", adapter.key)
        found = f"{type(error).__name__}: {error}"[:500]
        raise FileRejected(Issue("READ-01", expected="a readable file", found=found)) from error


def _judge(invoice: CanonicalInvoice, adapter: Adapter, noted: set[str]) -> Judged:
    bill = normalize(invoice, adapter)
    issues = check(bill)
    if any(issue.is_fatal for issue in issues):
        return Judged(bill, issues, None)
    if bill.unmapped:
        issues += _unmapped(bill, noted)
    return Judged(bill, issues, rows.write(bill))


def _unmapped(bill: Bill, noted: set[str]) -> Iterator[Issue]:
    """One issue for each unknown term of a file, where it first stands."""
    for term, origin in bill.unmapped.items():
        if term not in noted:
            noted.add(term)
            position = f"{bill.invoice.origin}, {origin}"
            number = bill.invoice.number
            yield Issue("VOCAB-01", position, "charge.source_term", "a known term", term, number, is_fatal=False)
