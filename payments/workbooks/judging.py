"""An upload as it stands at this moment: what it wants, what of that cannot be, and what others changed meanwhile.

Called inside `acting(actor)`. Nothing is kept of it: invoices and runs move on, so it is worked out anew each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from billing_sources.archive import open_bytes
from payments.domain.refusals import NotFound, Rule, refuse
from payments.domain.round_trip import lines as whole_line
from payments.domain.round_trip.sheets import BaseRow, NotOurs, Refused, SheetRead, SheetSpec, read_sheet
from payments.domain.round_trip.three_way import Difference, Kind, three_way
from payments.invoices.queries import named, visible_to
from payments.models import PayRun, Workbook, WorkbookUpload
from payments.runs.queries import get_run_for
from payments.workbooks.reading import Sheets, sheets_of
from payments.workbooks.snapshots import Snapshot, Table, Tables, base_rows, open_snapshot, run_tables, tag_table
from payments.workbooks.specs import LINES, PAY, PAYMENTS, TAGS
from payments.workbooks.writing import ABOUT
from portal.actor import Actor


@dataclass(frozen=True)
class JudgedSheet:
    """`differences` are those of cells that could be read and fit their row, `refused` all others. `joined` are keys of
    rows that came into the run since the download."""

    spec: SheetSpec
    read: SheetRead
    base: Mapping[str, BaseRow]
    current: Table
    differences: tuple[Difference, ...]
    refused: tuple[Refused, ...]
    joined: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """`run` is None for tags."""

    workbook: Workbook
    run: PayRun | None
    snapshot: Snapshot
    sheets: tuple[JudgedSheet, ...]

    @property
    def mark(self) -> str:
        """Of everything that a page shows of it: the same as long as nothing moves."""
        said: list[Any] = [[sheet.spec.name, sheet.differences, sheet.refused, sheet.joined] for sheet in self.sheets]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def judge(actor: Actor, upload: WorkbookUpload) -> Judged:
    with open_bytes(upload.cells_sha256) as stream:
        return judge_sheets(actor, upload.workbook, sheets_of(stream.read()))


def judge_sheets(actor: Actor, workbook: Workbook, sheets: Sheets) -> Judged:
    """Raises `NotFound` where the actor may not see the run, `Refused` where the sheets are not those that went out."""
    run = get_run_for(actor, workbook.run.code) if workbook.run else None
    if workbook.run and run is None:
        raise NotFound("workbook")
    snapshot = open_snapshot(workbook.base_sha256)
    current = run_tables(run) if run else _tags_now(actor, snapshot)
    judged = [_sheet(workbook, snapshot, spec, sheets, current) for spec in snapshot.specs]
    return Judged(workbook, run, snapshot, tuple(judged))


def workbook_in(actor: Actor, sheets: Sheets) -> Workbook:
    """The download that these sheets say they are; raises `Refused` where there is none of this customer."""
    code = next((_code(cells) for cells in sheets.get(ABOUT, ()) if len(cells) > 1 and cells[0] == "Workbook"), None)
    of_customer = Workbook.objects.filter(customer_id=actor.customer_id, code=code) if code else Workbook.objects.none()
    found = of_customer.select_related("run").first()
    if found is None:
        words = f"This workbook was not downloaded here, or its sheet “{ABOUT}” was changed: download it once more."
        raise refuse(Rule.NOT_FOUND, words)
    return found


def _code(cells: Sequence[Any]) -> UUID | None:
    try:
        return UUID(str(cells[1]))
    except ValueError:
        return None


def _tags_now(actor: Actor, snapshot: Snapshot) -> Tables:
    codes = [UUID(key) for key in snapshot.tables[TAGS]]
    return {TAGS: tag_table(visible_to(actor) & named(codes))}


def _sheet(workbook: Workbook, snapshot: Snapshot, spec: SheetSpec, sheets: Sheets, now: Tables) -> JudgedSheet:
    if spec.name not in sheets:
        raise refuse(Rule.NOT_FOUND, f"The sheet “{spec.name}” is missing: download the workbook once more.")
    base = base_rows(str(workbook.code), spec.name, snapshot.tables[spec.name])
    try:
        read = read_sheet(spec, base, sheets[spec.name])
    except NotOurs as error:
        raise refuse(Rule.NOT_FOUND, str(error)) from error
    current = now[spec.name]
    columns = [column.key for column in spec.editable] + ["open"] * (spec.name == LINES)
    was = snapshot.tables[spec.name]
    found = [_of_payment(each, now) for each in three_way(was, read.rows, current, columns)]
    unfit = list(_unfit(read, found, current, now)) if spec.name == LINES else []
    wrong = {(each.row, each.column) for each in unfit}
    return JudgedSheet(
        spec,
        read,
        {row.key: row for row in base},
        current,
        tuple(each for each in found if (each.row, each.column) not in wrong),
        (*read.refused, *unfit),
        tuple(key for key in current if key not in was) if workbook.run_id else (),
    )


def _of_payment(each: Difference, now: Tables) -> Difference:
    """An amount on a payment that was taken out of the run can go nowhere."""
    if not each.column.startswith(PAY) or each.column.removeprefix(PAY) in now[PAYMENTS]:
        return each
    return replace(each, kind=Kind.GONE) if each.sheet != each.base else replace(each, kind=Kind.CURRENT)


def _unfit(read: SheetRead, found: Sequence[Difference], current: Table, now: Tables) -> Iterator[Refused]:
    """Cells of rows that would not hold together."""
    payments = {f"{PAY}{code}": values for code, values in now[PAYMENTS].items()}
    by_row: dict[str, dict[str, str]] = {}
    for each in found:
        if each.is_to_take:
            by_row.setdefault(each.row, {})[each.column] = each.sheet
    for key, moved in by_row.items():
        values = {**current[key], **moved}
        for column, why in whole_line.why_not(values, list(moved), payments):
            yield Refused(read.lines[key], key, column, moved[column], why)
