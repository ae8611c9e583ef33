"""What a bill is to those that came before it: new, the same, a revision, or a revision that has to wait.

Part of loading, inside its transaction. A revision takes the place of the old one at once, unless money is placed or
booked on that: then it waits until the payments move (payments.operations), and the old one stays current. Bytes that
came earlier never revise a bill from bytes that came later: a file that is read again late is old news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from billing_sources import corrections
from billing_sources.canonical import BillType
from billing_sources.models import ImportFile, Invoice
from billing_sources.rows import Written

Identity = tuple[str, str, str]


class Earlier(NamedTuple):
    """A revision that a new one may replace: the current one, or one that waits."""

    id: int
    revision: int
    is_current: bool
    digest: str
    file_id: int
    received_at: datetime  # of its bytes
    state: str
    bill_type: str
    billed_on: date


class Placed(NamedTuple):
    """A bill to be loaded, with its place among its revisions."""

    written: Written
    revision: int
    waits: bool
    is_seen: bool  # the revision before, or the bill whose place it takes, is published


class Placing(NamedTuple):
    new: list[Placed]
    revised: list[Placed]
    unchanged: list[Written]
    outdated: list[Written]  # a newer file has brought this bill already
    twice: list[Written]  # the same bill number a second time in one file
    taken_back: list[Written]  # voided or replaced before they came


_EARLIER = """
    SELECT i.entity, i.number, i.series, i.id, i.revision, i.is_current, i.content_sha256, i.file_id,
           d.received_at, i.state, i.bill_type, i.billed_on
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS seen (entity, number, series)
    JOIN billing_sources_invoice i
      ON i.system_id = %s AND i.entity = seen.entity AND i.number = seen.number AND i.series = seen.series
    JOIN billing_sources_importfile f ON f.id = i.file_id
    JOIN billing_sources_rawdocument d ON d.id = f.document_id
    WHERE i.is_current OR i.state = 'waiting'
    ORDER BY i.revision
    """
# One statement locks and looks: money that arrives meanwhile is seen, and makes the revision wait. What was in the
# shadow stays there: customers see no revision of which they never saw the bill.
_SUPERSEDE = """
    UPDATE billing_sources_invoice
    SET state = CASE WHEN state = 'shadow' THEN state ELSE %s END, is_current = false
    WHERE id IN (SELECT id FROM billing_sources_invoice WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
      AND held = 0 AND settled = 0 AND credited = 0 AND written_off = 0 AND disputed = 0
    RETURNING id
    """


def place(file: ImportFile, batch: Sequence[Written], *, may_repeat: bool) -> Placing:
    """Sort a batch, and supersede what it replaces. Within one file a number comes once, unless it `may_repeat`."""
    placing = Placing([], [], [], [], [], [])
    if not batch:
        return placing
    system_id = file.run.system_id
    earlier = _earlier(system_id, [written.bill.identity for written in batch])
    replaced = corrections.replaced_already(
        system_id, [each.bill.identity for each in batch if not _known(earlier, each)]
    )
    seen_before = corrections.replace_what_is_seen(system_id, [written.bill for written in batch])
    changed: list[Written] = []
    seen: set[Identity] = set()
    for written in batch:
        identity = written.bill.identity
        before = earlier[identity]
        if not may_repeat and (identity in seen or any(old.file_id == file.pk for old in before)):
            placing.twice.append(written)
        elif identity in replaced or _was_voided(system_id, written, before):
            placing.taken_back.append(written)
        elif not before:
            placing.new.append(Placed(written, 1, waits=False, is_seen=identity in seen_before))
        elif before[-1].digest == written.digest:
            placing.unchanged.append(written)
        elif before[-1].received_at > file.document.received_at:
            placing.outdated.append(written)
        else:
            changed.append(written)
        seen.add(identity)
    placing.revised.extend(_revise(changed, earlier))
    return placing


def _known(earlier: dict[Identity, list[Earlier]], written: Written) -> bool:
    return bool(earlier.get(written.bill.identity))


def _was_voided(system_id: int, written: Written, before: Sequence[Earlier]) -> bool:
    if not before or before[-1].bill_type != BillType.VOID or before[-1].digest == written.digest:
        return False
    void, invoice = before[-1], written.bill.invoice
    return corrections.is_what_was_voided(
        system_id,
        written.bill.identity,
        written.digest,
        came_first=void.revision == 1,
        is_older=invoice.billed_on <= void.billed_on and invoice.bill_type != BillType.VOID,
    )


def _revise(changed: Sequence[Written], earlier: dict[Identity, list[Earlier]]) -> Iterable[Placed]:
    gone = _supersede([old.id for written in changed for old in earlier[written.bill.identity]])
    for written in changed:
        before = earlier[written.bill.identity]
        waits = any(old.is_current and old.id not in gone for old in before)
        is_seen = any(old.is_current and old.state == Invoice.State.PUBLISHED for old in before)
        yield Placed(written, before[-1].revision + 1, waits, is_seen)


def _earlier(system_id: int, identities: Sequence[Identity]) -> dict[Identity, list[Earlier]]:
    found: dict[Identity, list[Earlier]] = defaultdict(list)
    columns = [list(column) for column in zip(*identities, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, [*columns, system_id])
        for entity, number, series, *columns in cursor.fetchall():
            found[entity, number, series].append(Earlier(*columns))
    return found


def _supersede(ids: Sequence[int]) -> set[int]:
    """The ids that could be: those without money on them."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_SUPERSEDE, [Invoice.State.SUPERSEDED, list(ids)])
        return {invoice_id for (invoice_id,) in cursor.fetchall()}
