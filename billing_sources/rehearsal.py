"""A rehearsal: past files read again from the archive by a changed adapter, and compared with the bills as they stand.

Nothing is written but the result, and nothing is locked: customers and the night go on meanwhile. A bill that comes
out the same has the same digest; of the others the charges are compared one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

import msgspec

from billing_sources import archive, reading, rows
from billing_sources.adapter import Adapter
from billing_sources.canonical import CanonicalInvoice, FileRejected
from billing_sources.locks import alone_or_not
from billing_sources.models import BillingSystem, Charge, ImportFile, Invoice, Rehearsal
from billing_sources.normalize import normalize
from billing_sources.operations import NotDone
from billing_sources.registry import UnknownSystem
from billing_sources.revisions import Identity
from billing_sources.rows import Written
from billing_sources.vocabularies import CATEGORIES, changed, current_adapter
from portal.actor import CarrierActor
from portal.money import ZERO
from portal.tenancy import carrier

MOST_FILES = 42
EXAMPLES = 50
_BATCH = 200  # bills

_State = Rehearsal.State


class Move(msgspec.Struct):
    """Charges of a term that would change their category; "" where there is none before, or none after."""

    term: str
    before: str
    after: str
    currency: str
    charges: int
    amount: Decimal


class Example(msgspec.Struct):
    """A bill that would change, and what could be paid on it."""

    number: str
    code: str
    currency: str
    charges: int
    before: Decimal
    after: Decimal


class Result(msgspec.Struct):
    """`bills` were read; of these `unchanged`, `changed`, `new` (none stands) and `outdated` (a later word stands)."""

    bills: int = 0
    unchanged: int = 0
    changed: int = 0
    new: int = 0
    outdated: int = 0
    unread: list[str] = []
    before: dict[str, Decimal] = {}
    after: dict[str, Decimal] = {}
    moves: list[Move] = []
    examples: list[Example] = []


def ask_rehearsal(
    *, actor: CarrierActor, system: BillingSystem, changes: dict[str, str], files: int, now: datetime
) -> Rehearsal:
    """Wake `tasks.rehearse` with its id. No changes: the newest files, read again by the mapping as it is today.

    Raises `NotDone` for what is no category, or a number of files that is out of bounds.
    """
    if wrong := [name for name in changes.values() if name not in CATEGORIES]:
        raise NotDone(f"There is no category {wrong[0]!r}.")
    if not 1 <= files <= MOST_FILES:
        raise NotDone(f"Choose from 1 to {MOST_FILES} files.")
    with carrier(actor.user_id):
        return Rehearsal.objects.create(
            system=system,
            changes=changes,
            vocabulary_version=current_adapter(system).vocabulary.version,
            files=files,
            asked_by_id=actor.user_id,
            asked_at=now,
        )


def unended() -> Sequence[int]:
    with carrier():
        return list(
            Rehearsal.objects.filter(state__in=(_State.READY, _State.RUNNING))
            .order_by("pk")
            .values_list("pk", flat=True)
        )


def rehearse(rehearsal_id: int) -> bool:
    """Bring a rehearsal to its end, good or bad, unless another worker is at it. Whether we did."""
    with alone_or_not("rehearsal", rehearsal_id) as is_ours:
        asked = _begin(rehearsal_id) if is_ours else None
        if asked is None:
            return False
        try:
            end = {"state": _State.FINISHED, "result": msgspec.to_builtins(_compared(asked))}
        except (OSError, UnknownSystem) as error:  # the archive's; what a file does wrong is part of the result
            end = {"state": _State.FAILED, "failure": f"{type(error).__name__}: {error}"}
        _note(asked, finished_at=datetime.now(UTC), **end)
        return True


def _compared(asked: Rehearsal) -> Result:
    with carrier(read_only=True):
        adapter = current_adapter(asked.system)
    candidate = changed(adapter, asked.changes, asked.vocabulary_version + 1)
    comparison = _Comparison(asked.system)
    with localcontext(prec=reading.DIGITS):
        for done, file in enumerate(_files(asked), 1):
            comparison.add(file, candidate)
            _note(asked, files_done=done)
    return comparison.result()


def _begin(rehearsal_id: int) -> Rehearsal | None:
    with carrier():
        asked = Rehearsal.objects.filter(pk=rehearsal_id, state__in=(_State.READY, _State.RUNNING))
        asked.update(state=_State.RUNNING, files_done=0)
        return asked.select_related("system").first()


def _files(asked: Rehearsal) -> Sequence[ImportFile]:
    """The newest that were published, the oldest of them first."""
    with carrier(read_only=True):
        published = ImportFile.objects.filter(run__system=asked.system, state=ImportFile.State.PUBLISHED)
        return list(published.select_related("document").order_by("-pk")[: asked.files])[::-1]


def _note(asked: Rehearsal, **columns: Any) -> None:
    with carrier():
        Rehearsal.objects.filter(pk=asked.pk).update(**columns)


class _Standing(NamedTuple):
    """A bill as it stands."""

    id: int
    code: str
    digest: str
    payable: Decimal
    received_at: datetime


class _Comparison:
    """Adds files up to a result."""

    def __init__(self, system: BillingSystem) -> None:
        self._system = system
        self._result = Result()
        self._before: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._after: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self._moves: dict[tuple[str, str, str, str], Move] = {}

    def add(self, file: ImportFile, adapter: Adapter) -> None:
        try:
            for batch in _batches(_written(file, adapter)):
                self._add_batch(batch, file.document.received_at)
        except FileRejected as rejected:
            self._result.unread.append(f"{file.document.name}: {rejected}")

    def result(self) -> Result:
        """Moves by money, the largest first."""
        self._result.before, self._result.after = dict(self._before), dict(self._after)
        self._result.moves = sorted(self._moves.values(), key=lambda move: (-abs(move.amount), move.term))
        return self._result

    def _add_batch(self, batch: Sequence[Written], received_at: datetime) -> None:
        standing = _standing(self._system, [written.bill.identity for written in batch])
        differing = []
        for written in batch:
            self._result.bills += 1
            stands = standing.get(written.bill.identity)
            if stands is None:
                self._result.new += 1
            elif stands.digest == written.digest:
                self._result.unchanged += 1
                self._count(written, stands)
            elif stands.received_at > received_at:
                self._result.outdated += 1
            else:
                differing.append((written, stands))
        charges = _charges([stands.id for _, stands in differing])
        for written, stands in differing:
            self._result.changed += 1
            self._count(written, stands)
            self._add_difference(written, stands, charges[stands.id])

    def _count(self, written: Written, stands: _Standing) -> None:
        currency = written.bill.invoice.currency
        self._before[currency] += stands.payable
        self._after[currency] += written.bill.payable

    def _add_difference(self, written: Written, stands: _Standing, before: dict[int, _Term]) -> None:
        bill = written.bill
        after = {
            charge.position: _Term(charge.source_term, str(charge.category), charge.amount)
            for charge in bill.invoice.charges
        }
        moved = 0
        for position in before.keys() | after.keys():
            old, new = before.get(position), after.get(position)
            if old is None or new is None or old != new:
                moved += 1
                self._add_move(old, new, bill.invoice.currency)
        if len(self._result.examples) < EXAMPLES:
            self._result.examples.append(
                Example(bill.invoice.number, stands.code, bill.invoice.currency, moved, stands.payable, bill.payable)
            )

    def _add_move(self, old: _Term | None, new: _Term | None, currency: str) -> None:
        term = (new or old or _NO_TERM).term
        before, after = old.category if old else "", new.category if new else ""
        move = self._moves.setdefault((term, before, after, currency), Move(term, before, after, currency, 0, ZERO))
        move.charges += 1
        move.amount += (new or old or _NO_TERM).amount


class _Term(NamedTuple):
    term: str
    category: str
    amount: Decimal


_NO_TERM = _Term("", "", ZERO)


def _written(file: ImportFile, adapter: Adapter) -> Iterator[Written]:
    """The bills of a file, as they would be written. What cannot be read is in quarantine, and stays there."""
    with archive.open_document(file.document) as stream:
        for parsed in reading.read(adapter, stream):
            if isinstance(parsed, CanonicalInvoice):
                yield rows.write(normalize(parsed, adapter))


def _batches(bills: Iterable[Written]) -> Iterator[list[Written]]:
    batch: list[Written] = []
    for bill in bills:
        batch.append(bill)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _standing(system: BillingSystem, identities: Sequence[Identity]) -> dict[Identity, _Standing]:
    columns = ("pk", "code", "content_sha256", "payable", "file__document__received_at")
    with carrier(read_only=True):
        current = Invoice.objects.filter(system=system, is_current=True, number__in=[each[1] for each in identities])
        found = current.values_list("entity", "number", "series", *columns)
        return {
            (entity, number, series): _Standing(pk, str(code), digest, payable, received_at)
            for entity, number, series, pk, code, digest, payable, received_at in found
        }


def _charges(invoices: Sequence[int]) -> dict[int, dict[int, _Term]]:
    """Invoice → position → what stands there."""
    found: dict[int, dict[int, _Term]] = defaultdict(dict)
    with carrier(read_only=True):
        charges = Charge.objects.filter(invoice__in=invoices)
        for invoice, position, *columns in charges.values_list(
            "invoice_id", "position", "source_term", "category", "amount"
        ):
            found[invoice][position] = _Term(*columns)
    return found
