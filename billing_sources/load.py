"""Load: a batch of bills into PostgreSQL by COPY, ids from a block reserved in advance.

Runs as tributary_ingest inside the one transaction of its file, so nothing is visible before all of it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from billing_sources import accounts, corrections, revisions, rows
from billing_sources.accounts import Link
from billing_sources.calendar import Cycle, closing_cycle
from billing_sources.models import BillCycle, ImportFile, Invoice
from billing_sources.normalize import Bill
from billing_sources.proof import Proof
from billing_sources.revisions import Placed, Placing
from billing_sources.rows import Written
from billing_sources.stages import SHADOW, Stages, stages_of
from billing_sources.usage_months import have_months

_RESERVE = "SELECT nextval('billing_sources_invoice_id_seq') FROM generate_series(1, %s)"


class _Place(NamedTuple):
    """What all rows of a bill have in common."""

    invoice_id: int
    link: Link


class _Calendar(NamedTuple):
    """A system's cycles, which say the cycle of bills that do not, and whether what they bill is shown."""

    cycles: list[Cycle]
    stages: Stages


class Leftover(NamedTuple):
    """What of a batch was not loaded; `unknown` was, and replaces a bill that nobody has seen."""

    twice: list[Bill]
    outdated: list[Bill]
    taken_back: list[Bill]
    unknown: list[Bill]


def check_at_once() -> None:
    """Foreign keys are checked with each batch, while the next one is read, and not all of them at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def load(
    file: ImportFile, batch: Sequence[Written], proof: Proof, now: datetime, *, may_repeat: bool = False
) -> Leftover:
    """Load a batch and count it in the proof.

    `may_repeat`: a person decided that the second bill of a number is the right one; it revises the first.
    """
    placing = revisions.place(file, batch, may_repeat=may_repeat)
    placed = _copy_placed(file, placing, now)
    proof.tally.add(place.written.bill for place in placed)
    voids, unknown = corrections.voids_for(file.run.system_id, [place.written.bill for place in placed])
    if voids:
        derived = revisions.place(file, [rows.write(void) for void in voids], may_repeat=True)
        made = _copy_placed(file, derived, now)
        proof.tally.add(place.written.bill for place in made)
        proof.derived += len(made)
    as_they_were = [*placing.unchanged, *placing.outdated, *placing.taken_back]
    proof.created += len(placing.new)
    proof.revised += len(placing.revised)
    proof.unchanged += len(as_they_were)
    proof.unchanged_amount += sum(same.bill.total for same in as_they_were)
    proof.charges += sum(len(place.written.charges) for place in placed)
    proof.usage_records += sum(len(place.written.usage) for place in placed)
    return Leftover(
        [twice.bill for twice in placing.twice],
        [old.bill for old in placing.outdated],
        [late.bill for late in placing.taken_back],
        unknown,
    )


def _copy_placed(file: ImportFile, placing: Placing, now: datetime) -> list[Placed]:
    placed = [*placing.new, *placing.revised]
    if placed:
        links = accounts.resolve(file.run.system_id, [place.written.bill for place in placed], now)
        _copy_all(file, placed, links, now)
    return placed


def _copy_all(file: ImportFile, placed: Sequence[Placed], links: dict[str, Link], now: datetime) -> None:
    places = [
        _Place(invoice_id, links[place.written.bill.invoice.account])
        for invoice_id, place in zip(_reserve(len(placed)), placed, strict=True)
    ]
    both = list(zip(placed, places, strict=True))
    calendar = _calendar(file.run.system_id)
    _copy(rows.INVOICE_COPY, [_invoice_row(file, placed, place, calendar, now) for placed, place in both])
    _copy(rows.CHARGE_COPY, [line for placed, place in both for line in _charge_rows(placed, place, links)])
    _copy(rows.TAX_COPY, [line for placed, place in both for line in _tax_rows(placed, place)])
    if with_usage := [each for each in placed if each.written.usage]:
        have_months(each.written.bill.invoice.billed_on for each in with_usage)
        _copy(rows.USAGE_COPY, [line for placed, place in both for line in _usage_rows(placed, place)])


def _reserve(how_many: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [how_many])
        return [invoice_id for (invoice_id,) in cursor.fetchall()]


def _copy(statement: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("\n".join(lines) + "\n")


def _calendar(system_id: int) -> _Calendar:
    rows = BillCycle.objects.filter(system=system_id).order_by("day").values_list("code", "day")
    return _Calendar([Cycle(*row) for row in rows], stages_of(system_id))


def _invoice_row(file: ImportFile, placed: Placed, place: _Place, calendar: _Calendar, now: datetime) -> str:
    bill, link = placed.written.bill, place.link
    cycle = bill.invoice.cycle or closing_cycle(calendar.cycles, "", bill.invoice.billed_on.day)
    state = _state(placed, link, calendar.stages.mode(cycle))
    ours = rows.row(
        place.invoice_id,
        str(uuid.uuid4()),
        link.customer_id,
        link.account_id,
        link.id,
        file.run.system_id,
        file.pk,
        placed.revision,
        not placed.waits,
        str(state),
        now.isoformat() if state is Invoice.State.PUBLISHED else None,
        file.mapping_version,
        placed.written.digest,
        bill.identity[2],
        bill.payable,
        bill.invoice.origin,
        cycle,
        bill.invoice.replaces,
    )
    return f"{ours}\t{placed.written.header}\t{rows.NO_MONEY_YET}"


def _state(placed: Placed, link: Link, mode: str) -> Invoice.State:
    """A bill that its customer sees already stays seen, whatever the stage."""
    if placed.waits:
        return Invoice.State.WAITING
    if mode == SHADOW and not placed.is_seen:
        return Invoice.State.SHADOW
    return Invoice.State.HELD if link.account_id is None else Invoice.State.PUBLISHED


def _charge_rows(placed: Placed, place: _Place, links: dict[str, Link]) -> list[str]:
    written = placed.written
    head = f"{place.invoice_id}\t{rows.field(place.link.customer_id)}"
    heads = {account: f"{head}\t{links[account].id}" for account in set(written.accounts)}
    charges = zip(written.accounts, written.charges, written.origins, strict=True)
    return [f"{heads[account]}\t{text}\t{origin}" for account, text, origin in charges]


def _tax_rows(placed: Placed, place: _Place) -> list[str]:
    head = f"{place.invoice_id}\t{rows.field(place.link.customer_id)}"
    taxes = zip(placed.written.taxes, placed.written.tax_origins, strict=True)
    return [f"{head}\t{text}\t{origin}" for text, origin in taxes]


def _usage_rows(placed: Placed, place: _Place) -> list[str]:
    billed_on = placed.written.bill.invoice.billed_on
    head = f"{place.invoice_id}\t{rows.field(place.link.customer_id)}\t{billed_on}"
    records = map("\t".join, zip(placed.written.usage, placed.written.usage_origins, strict=True))
    return [f"{head}\t" + f"\n{head}\t".join(records)] if placed.written.usage else []
