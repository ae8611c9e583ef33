"""What a rehearsal found, as its page shows it. Call inside `carrier()`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.urls import reverse

from billing_sources.models import Rehearsal, VocabularyVersion
from billing_sources.rehearsal import Example, Move, Result
from billing_sources.staff.figures import count, instant, money
from billing_sources.staff.run_queries import Progress

_ENDED = (Rehearsal.State.FINISHED, Rehearsal.State.FAILED)


@dataclass(frozen=True)
class MoveRow:
    term: str
    before: str
    after: str
    charges: str
    amount: str


@dataclass(frozen=True)
class ExampleRow:
    number: str
    charges: str
    before: str
    after: str
    is_same: bool


@dataclass(frozen=True)
class RehearsalPage:
    """`tiles` are (figure, label). `used_in` is the version that came of it, or ""."""

    code: str
    system: str
    changes: tuple[tuple[str, str], ...]
    asked: str
    progress: Progress
    failure: str
    tiles: tuple[tuple[str, str], ...]
    totals: tuple[tuple[str, str, str], ...]
    moves: tuple[MoveRow, ...]
    examples: tuple[ExampleRow, ...]
    unread: tuple[str, ...]
    used_in: str
    can_be_used: bool


def get_rehearsal(code: UUID) -> RehearsalPage | None:
    asked = Rehearsal.objects.select_related("system", "asked_by").filter(code=code).first()
    if asked is None:
        return None
    result = msgspec.convert(asked.result, Result, strict=False) if asked.result else Result()
    used = VocabularyVersion.objects.filter(rehearsal=asked).first()
    is_finished = asked.state == Rehearsal.State.FINISHED
    return RehearsalPage(
        code=str(asked.code),
        system=asked.system.name,
        changes=tuple(sorted(asked.changes.items())),
        asked=f"{asked.asked_by.name}, {instant(asked.asked_at)}",
        progress=_progress(asked),
        failure=asked.failure,
        tiles=_tiles(result) if is_finished else (),
        totals=tuple(
            (currency, money(before, currency), money(result.after[currency], currency))
            for currency, before in sorted(result.before.items())
        ),
        moves=tuple(map(_move, result.moves)),
        examples=tuple(map(_example, result.examples)),
        unread=tuple(result.unread),
        used_in=f"{used.version}" if used else "",
        can_be_used=is_finished and used is None and bool(asked.changes),
    )


def _progress(asked: Rehearsal) -> Progress:
    return Progress(
        id=f"rehearsal{asked.pk}",
        label="Reading past files again",
        note=f"{asked.files_done} of {count(asked.files, 'file')}",
        done=asked.files_done,
        total=asked.files,
        is_finished=asked.state in _ENDED,
        is_failed=asked.state == Rehearsal.State.FAILED,
        url=reverse("rehearsal", args=[asked.code]),
    )


def _tiles(result: Result) -> tuple[tuple[str, str], ...]:
    figures = (
        (result.bills, "bills read"),
        (result.changed, "would change"),
        (result.unchanged, "stay as they are"),
        (result.new, "do not stand today"),
        (result.outdated, "were revised since"),
    )
    return tuple((f"{figure:,}", label) for figure, label in figures)


def _move(move: Move) -> MoveRow:
    return MoveRow(
        move.term, move.before or "–", move.after or "–", f"{move.charges:,}", money(move.amount, move.currency)
    )


def _example(example: Example) -> ExampleRow:
    return ExampleRow(
        example.number,
        f"{example.charges:,}",
        money(example.before, example.currency),
        money(example.after, example.currency),
        example.before == example.after,
    )
