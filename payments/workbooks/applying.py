"""What is taken of an upload becomes operations: all of them or none, under lock, if nothing moved since it was shown.

They are the operations of the pages; the run goes back to a draft and its approval is void as by any edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payments import operations
from payments.domain.refusals import Rule, refuse
from payments.domain.round_trip.three_way import Difference
from payments.domain.tagging import read_tags
from payments.facts import lock_invoices
from payments.models import PayRun, WorkbookUpload
from payments.operations import Place
from payments.runs.commands import Step, answered_before, carry_out, key_of, perform
from payments.runs.edits import Standing, changes, standing_of
from payments.runs.queries import lines_of
from payments.workbooks.judging import Judged, judge
from payments.workbooks.specs import LINES, PAY, PAYMENTS
from portal.customers import access
from portal.money import ZERO
from portal.requests import CustomerRequest

Taken = Sequence[tuple[str, Difference]]  # sheet, cell
Choose = Callable[[Judged], Taken]


@dataclass(frozen=True)
class Wanted:
    """The values that cells of a sheet are to have, by row."""

    rows: dict[str, dict[str, str]]

    @classmethod
    def of(cls, taken: Taken, sheet: str) -> Wanted:
        rows: dict[str, dict[str, str]] = {}
        for name, each in taken:
            if name == sheet:
                rows.setdefault(each.row, {})[each.column] = each.sheet
        return cls(rows)


def apply(request: CustomerRequest, upload: WorkbookUpload, choose: Choose) -> None:
    """Raises `Refused` if anything moved since the page was shown, or cannot be done; then nothing was."""
    if upload.workbook.run is None:
        _apply_tags(request, upload, choose)
        return

    def plan(run: PayRun) -> Iterable[Step]:
        judged = _unmoved(request, upload)
        taken = choose(judged)
        return [*_run_steps(run, judged, taken), *_noting(upload, taken)]

    perform(request, upload.workbook.run.code, plan)


def _apply_tags(request: CustomerRequest, upload: WorkbookUpload, choose: Choose) -> None:
    key = key_of(request)
    with transaction.atomic():
        if answered_before(request.actor, key) is not None:
            return
        taken = choose(_unmoved(request, upload))
        held = lock_invoices(UUID(each.row) for _, each in taken)
        access.require(request.actor, "tag", {invoice.account_id for invoice in held.values()})
        again = choose(_unmoved(request, upload))  # what moved while the locks were waited for is seen now
        carry_out(request.actor, [*_tag_steps(again), *_noting(upload, again)], key, timezone.now())


def _unmoved(request: CustomerRequest, upload: WorkbookUpload) -> Judged:
    judged = judge(request.actor, upload)
    if judged.mark != request.POST.get("mark", ""):
        words = "Something has changed since you opened this page. Nothing of yours was done yet: look again."
        raise refuse(Rule.CHANGED_SINCE, words)
    return judged


def _noting(upload: WorkbookUpload, taken: Taken) -> Iterator[Step]:
    if not taken:
        raise refuse(Rule.EMPTY, "Nothing is checked that could be taken over.")
    rows = len({(sheet, each.row) for sheet, each in taken})
    yield Step(operations.note_applied, {"upload": upload.code, "cells": len(taken), "rows": rows})


# --- A pay run ------------------------------------------------------------------------------------------------------


def _run_steps(run: PayRun, judged: Judged, taken: Taken) -> Iterator[Step]:
    """In the order in which each finds room: what gives amounts free, payments, what takes amounts, what explains."""
    now = {sheet.spec.name: sheet.current for sheet in judged.sheets}
    lines, payments = Wanted.of(taken, LINES), Wanted.of(taken, PAYMENTS)
    before = standing_of(lines_of(run))
    positions = {code: int(values["position"]) for code, values in now[PAYMENTS].items()}
    moves = changes(before, before | _placed(lines, positions))
    codes = {position: UUID(code) for code, position in positions.items()}
    less = [move for move in moves.placed if abs(move[2]) < abs(before.get(move[:2], ZERO))]
    more = [move for move in moves.placed if move not in less]
    yield from _withdrawals(run, lines, now[LINES])
    for position, invoices in moves.taken_off.items():
        yield Step(operations.unallocate, {"run": run.code, "invoices": invoices, "payment": codes[position]})
    yield from _placing(run, less, codes)
    for code, cells in payments.rows.items():
        yield _payment(run, code, {**now[PAYMENTS][code], **cells})
    yield from _placing(run, more, codes)
    yield from _short_pays(run, lines, now[LINES])
    yield from _left_open(run, lines)


def _placed(lines: Wanted, positions: dict[str, int]) -> Standing:
    return {
        (UUID(row), positions[column.removeprefix(PAY)]): Decimal(value or ZERO)
        for row, cells in lines.rows.items()
        for column, value in cells.items()
        if column.startswith(PAY)
    }


def _placing(run: PayRun, moves: Sequence[tuple[UUID, int, Decimal]], codes: dict[int, UUID]) -> Iterator[Step]:
    if moves:
        places = [Place(invoice, codes[position], amount) for invoice, position, amount in moves]
        yield Step(operations.allocate, {"run": run.code, "placements": places})


def _payment(run: PayRun, code: str, values: dict[str, str]) -> Step:
    wanted = {
        "method": values["method"],
        "value_on": date.fromisoformat(values["value_on"]),
        "planned": Decimal(values["planned"]) if values["planned"] else None,
        "note": values["note"],
    }
    return Step(operations.change_payment, {"run": run.code, "payment": UUID(code), **wanted})


def _explained(lines: Wanted, now: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows whose short pay moves, with all that is to be said of it."""
    for row, cells in lines.rows.items():
        if cells.keys() & {"short", "reason", "note"}:
            yield row, {**now[row], **cells}


def _withdrawals(run: PayRun, lines: Wanted, now: dict[str, dict[str, str]]) -> Iterator[Step]:
    for row, values in _explained(lines, now):
        if not values["short"] and now[row]["short"]:
            yield Step(operations.withdraw_short_pay, {"run": run.code, "invoice": UUID(row)})


def _short_pays(run: PayRun, lines: Wanted, now: dict[str, dict[str, str]]) -> Iterator[Step]:
    for row, values in _explained(lines, now):
        if values["short"]:
            said = {"amount": Decimal(values["short"]), "reason": values["reason"], "note": values["note"]}
            yield Step(operations.short_pay, {"run": run.code, "invoice": UUID(row), **said})


def _left_open(run: PayRun, lines: Wanted) -> Iterator[Step]:
    for wanted, operation in (("yes", operations.leave_open), ("", operations.undo_leave_open)):
        rows = [UUID(row) for row, cells in lines.rows.items() if cells.get("left_open") == wanted]
        if rows:
            yield Step(operation, {"run": run.code, "invoices": rows})


# --- Tags -----------------------------------------------------------------------------------------------------------


def _tag_steps(taken: Taken) -> Iterator[Step]:
    """By tag: taken off those that lose it, put on those that get it."""
    gone: dict[str, list[UUID]] = {}
    new: dict[str, list[UUID]] = {}
    for _, each in taken:
        wanted, stands = set(read_tags(each.sheet)), set(read_tags(each.current))
        for tags, into in ((stands - wanted, gone), (wanted - stands, new)):
            for tag in tags:
                into.setdefault(tag, []).append(UUID(each.row))
    for tag, invoices in sorted(gone.items()):
        yield Step(operations.untag_invoices, {"invoices": invoices, "tag": tag})
    for tag, invoices in sorted(new.items()):
        yield Step(operations.tag_invoices, {"invoices": invoices, "tag": tag})
